// FileStamp: the identity of a file, by which a change is noticed, to the nanosecond: a second is
// long enough to edit a file twice.
// Thread: a plain value; of_file() asks the file system, so not on a worker.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace lb {

struct FileStamp {
  bool exists = false;
  std::uint64_t device = 0, inode = 0;
  std::int64_t size_bytes = 0;
  std::int64_t seconds = 0, nanoseconds = 0;  // of the last change

  bool operator==(const FileStamp&) const = default;

  static FileStamp of_file(const std::string& path) noexcept {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) return {};
    return of(facts);
  }
  static FileStamp of(const struct stat& facts) noexcept {
    return {true,          facts.st_dev,         facts.st_ino,
            facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec};
  }
};

}  // namespace lb
