// Retention: which files of the archive go: those that are too old, then the oldest beyond the size
// of their mount, of all mounts, and of what has to stay free on the disk.
// Thread: pure.
// Never the file that is being written.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "archive/files/catalog.h"
#include "archive/files/settings.h"
#include "stream/mount/settings.h"

namespace lb {

struct RetentionInput {
  struct Mount {
    Catalog::Files files;
    // Of its section; of a mount that is no longer recorded only storage_bytes and the limits of
    // all mounts hold.
    MountArchive settings;
  };
  std::map<std::string, Mount> mounts;
  ArchiveSettings settings;
  std::int64_t now_ms = 0;
  std::uint64_t disk_bytes = 0, free_bytes = 0;  // of the file system; 0: not known
  // What the settings want to stay free.
  std::uint64_t least_free() const noexcept {
    return disk_bytes / 10'000 * static_cast<std::uint64_t>(settings.min_free_parts);
  }
};

struct DoomedFile {
  std::string mount;
  FileRow row;
};

std::vector<DoomedFile> files_to_remove(const RetentionInput& input);

// GoneFiles: which of the files that the catalog tells of another program has removed.
//
// A directory of a day is read when its time of change is another one than at the last look, so a
// look costs one stat(2) a day and mount.  What is found to be gone is not announced any more; the
// disk is never changed.  An archive that is not there as a whole, as before a file system is
// mounted, tells nothing of its files.
// Thread: the archive's thread, which may wait for a disk.
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
