// FileStamp: identifies a version of a file, to the nanosecond, because a file may be edited twice
// in a second.
// Thread: a plain value; of_file() uses the file system, so not on a worker.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace lb {

struct FileStamp {
  std::uint64_t device = 0, inode = 0, bytes = 0;
  mode_t mode = 0;  // 0: no such file
  uid_t owner = 0;
  std::int64_t modified_ns = 0;  // of its bytes
  std::int64_t changed_ns = 0;   // of its bytes or attributes; programs cannot set it
  // The file was not changed within the last tick of the file system's clock, so a later change has
  // another stamp.
  bool settled = true;

  bool exists() const noexcept { return mode != 0; }
  bool is_regular() const noexcept { return S_ISREG(mode); }

  // Compares two stamps of one file, which may be within one tick.
  bool operator==(const FileStamp& other) const noexcept {
    return device == other.device && inode == other.inode && bytes == other.bytes &&
           mode == other.mode && owner == other.owner && modified_ns == other.modified_ns &&
           changed_ns == other.changed_ns;
  }
  // Whether content read at this stamp is still current.
  bool still_holds(const FileStamp& now) const noexcept { return settled && *this == now; }

  // Follows symbolic links.
  static FileStamp of_file(const std::string& path) noexcept;
  static FileStamp of(const struct stat& facts) noexcept;
};

}  // namespace lb
