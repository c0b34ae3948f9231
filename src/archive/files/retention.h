// Retention: which files of the archive go: those that are too old, then the oldest beyond the size
// of their mount, of all mounts, and of what has to stay free on the disk.
// Thread: pure.
// Never the file that is being written.
#pragma once

#include <cstdint>
#include <map>
#include <string>
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

}  // namespace lb
