// KeptFiles: the recorded files that were read last stay open, so that lists and segments of HLS do
// not read an index for each request.
//
// Thread: any that may wait for a disk (ReaderPool); the mutex is not held while a file is loaded,
// so two that ask for the same one at once may both load it.
// Bounds: 64 files; a descriptor, a mapping and some 20 kB each.
// Errors: null: it cannot be read.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "archive/archive_file.h"

namespace lb {

class KeptFiles {
 public:
  static constexpr std::size_t kMost = 64;

  // At least as much of it as the row tells of.
  std::shared_ptr<const ArchiveFile> open(const std::string& dir, const std::string& mount,
                                          const FileRow& row);

 private:
  struct Kept {
    std::string mount;
    std::shared_ptr<const ArchiveFile> file;
  };
  std::mutex mutex_;
  std::list<Kept> files_;  // the last one used first
};

}  // namespace lb
