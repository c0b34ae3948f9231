// GoneFiles: which of the files that the catalog tells of another program has removed.
//
// A directory of a day is read when its time of change is another one than at the last look, so a
// look costs one stat(2) a day and mount.  What is found to be gone is not announced any more; the
// disk is never changed.  An archive that is not there as a whole, as before a file system is
// mounted, tells nothing of its files.
// Thread: the archive's thread, which may wait for a disk.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "archive/files/catalog.h"

namespace lb {

class GoneFiles {
 public:
  // dir: of the archive.  lock: the descriptor of its lock, by which it is known.
  GoneFiles(std::string dir, int lock) : dir_(std::move(dir)), lock_(lock) {}

  // The archive is the one that was opened.
  bool is_there() const;
  // Closed files that have no data or no index.
  std::vector<FileRow> check(const std::string& mount, const RecordedFiles& files);
  // All of its days are read at the next look.
  void suspect(const std::string& mount);

 private:
  using Changed = std::pair<std::int64_t, std::int64_t>;  // s, ns
  std::string directory_of(const std::string& mount) const;

  const std::string dir_;
  const int lock_;
  std::map<std::string, Changed> days_;  // by the path of the directory, at the last look
};

}  // namespace lb
