// OpenFiles: recorded files that are open now, each once for all that read it: a thousand listeners
// of one programme share a descriptor, a mapping and an index.
//
// Thread: any that may wait for a disk; two that ask for the same file at once may both load it.
// Ownership: a reader holds its file; here it is only remembered.
// Errors: those of load_archive_file().
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "archive/archive_file.h"

namespace lb {

class RemoteArchive;

class OpenFiles {
 public:
  // Before the first use; null: files of other nodes are not opened.
  void set_remote(RemoteArchive* remote) noexcept { remote_ = remote; }
  // At least as much of it as the row tells of.  A file of another node is waited for.
  Result<std::shared_ptr<const ArchiveFile>> open(const std::string& dir, const std::string& mount,
                                                  const FileRow& row);
  // That are remembered; some of them may have gone.
  std::size_t size() const;

 private:
  using Key = std::tuple<std::string, std::int64_t, std::uint32_t, std::uint64_t>;

  mutable std::mutex mutex_;
  std::map<Key, std::weak_ptr<const ArchiveFile>> files_;
  std::size_t sweep_at_ = 64;
  RemoteArchive* remote_ = nullptr;
};

}  // namespace lb
