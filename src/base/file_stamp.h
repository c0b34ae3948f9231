// FileStamp: the identity of a file, by which a change is noticed, to the nanosecond: a second is
// long enough to edit a file twice.
// Thread: a plain value; of_file() asks the file system, so not on a worker.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace lb {

struct FileStamp {
  std::uint64_t device = 0, inode = 0, bytes = 0;
  mode_t mode = 0;  // 0: there is no such file
  uid_t owner = 0;
  std::int64_t modified_ns = 0;  // of its bytes
  std::int64_t changed_ns = 0;   // of its bytes or its properties; no program can set this one
  // It was not changed within the last granule of the file system's time: a change from then on
  // has another stamp.
  bool settled = true;

  bool exists() const noexcept { return mode != 0; }
  bool is_regular() const noexcept { return S_ISREG(mode); }

  // Of one file at two moments; both may be within the same granule.
  bool operator==(const FileStamp& other) const noexcept {
    return device == other.device && inode == other.inode && bytes == other.bytes &&
           mode == other.mode && owner == other.owner && modified_ns == other.modified_ns &&
           changed_ns == other.changed_ns;
  }
  // What was read at this stamp is what is there now.
  bool still_holds(const FileStamp& now) const noexcept { return settled && *this == now; }

  // A symbolic link: what it leads to.
  static FileStamp of_file(const std::string& path) noexcept;
  static FileStamp of(const struct stat& facts) noexcept;
};

}  // namespace lb
