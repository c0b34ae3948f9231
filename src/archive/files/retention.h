// Retention: which files of the archive are removed: those that are too old, then the oldest ones,
// as long as their mount or all mounts are too large, or too little space is free on the disk.
// Thread: pure.
// The file being written is never removed.
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
    // The settings of the mount's section; a mount that is no longer recorded has only
    // storage_bytes and the limits of all mounts.
    MountArchive settings;
  };
  std::map<std::string, Mount> mounts;
  ArchiveSettings settings;
  std::int64_t now_ms = 0;
  bool trusts_clock = true;  // false: nothing is too old, and nothing is of the future
  std::uint64_t disk_bytes = 0, free_bytes = 0;  // of the file system; 0: not known
  // The space that must stay free by the settings.
  std::uint64_t least_free() const noexcept {
    return disk_bytes / 10'000 * static_cast<std::uint64_t>(settings.min_free_parts);
  }
};

// What the mount's own limits leave it.
std::uint64_t most_bytes(const MountArchive& limits) noexcept;

struct DoomedFile {
  std::string mount;
  FileRow row;
};

std::vector<DoomedFile> files_to_remove(const RetentionInput& input);

// GoneFiles: the files of the catalog that another program has removed.
//
// A day's directory is read if its change time differs from the last check, so a check costs one
// stat(2) a day and mount.  Missing files are no longer announced; the disk is never changed.
// While the whole archive is missing, as before its file system is mounted, no file counts as gone.
// Thread: the archive's thread, which may wait for a disk.
// Ownership: ArchiveWriter.
class GoneFiles {
 public:
  // dir: of the archive. lock: the descriptor of its lock file, which identifies it.
  GoneFiles(std::string dir, int lock) : dir_(std::move(dir)), lock_(lock) {}

  // Whether the archive that was opened still exists.
  bool is_there() const;
  // Closed files without data or index.
  std::vector<FileRow> check(const std::string& mount, const RecordedFiles& files);
  // The next check reads all days of this mount.
  void suspect(const std::string& mount);

 private:
  using Changed = std::pair<std::int64_t, std::int64_t>;  // s, ns
  std::string directory_of(const std::string& mount) const;

  const std::string dir_;
  const int lock_;
  std::map<std::string, Changed> days_;  // change times at the last check, by directory
};

}  // namespace lb
