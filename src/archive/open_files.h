// OpenFiles: recorded files that are open now, each once for all that read it: a thousand listeners
// of one programme share a descriptor, a mapping and an index.  Those that were read last stay
// open, so that lists and segments of HLS do not read an index for each request.
//
// Thread: any that may wait for a disk; the mutex is not held while a file is loaded, so two that
// ask for the same one at once may both load it.
// Ownership: a reader holds its file; here it is remembered, and the last kMost are held.
// Bounds: kMost files; a descriptor, a mapping and some 20 kB each.
// Errors: those of load_archive_file().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "archive/archive_file.h"

namespace lb {

class RemoteArchive;

class OpenFiles {
 public:
  static constexpr std::size_t kMost = 320;  // a day of files of 300 s

  // Before the first use; null: files of other nodes are not opened.
  void set_remote(RemoteArchive* remote) noexcept { remote_ = remote; }
  // Before the first use.  A file of this node that the catalog tells of is not there; on the
  // thread of open().
  void set_missing(std::function<void(const std::string& mount)> missing) {
    missing_ = std::move(missing);
  }
  // At least as much of it as the row tells of.  A file of another node is waited for.
  Result<std::shared_ptr<const ArchiveFile>> open(const std::string& dir, const std::string& mount,
                                                  const FileRow& row);
  // They have been removed: their space is free when those that read them have ended.
  void let_go(const std::string& mount, const std::vector<FileRow>& rows);
  // That are remembered; some of them may have gone.
  std::size_t size() const;

 private:
  using Key = std::tuple<std::string, std::int64_t, std::uint32_t, std::uint64_t>;

  static Key key_of(const std::string& mount, const FileRow& row) {
    return {mount, row.from_ms, row.id, row.origin};
  }
  void hold(const std::shared_ptr<const ArchiveFile>& file);  // under the mutex

  mutable std::mutex mutex_;
  std::map<Key, std::weak_ptr<const ArchiveFile>> files_;
  std::list<std::shared_ptr<const ArchiveFile>> held_;  // the last one used first
  std::size_t sweep_at_ = kMost;
  RemoteArchive* remote_ = nullptr;
  std::function<void(const std::string& mount)> missing_;
};

}  // namespace lb
