// One template file: found, read, bounded.
// Thread: any; reads the disk.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lb {

// The identity of a file, which changes when its content may have changed.
struct FileIdentity {
  std::uint64_t inode = 0;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  std::int64_t size = 0;
  bool operator==(const FileIdentity&) const = default;
};

// Relative, without "..", NUL or an empty name: it cannot leave the directory that it is put
// behind.
bool is_inside_name(std::string_view name);
// kNotFound: no such file; kIo: not a regular file, or an error of the operating system.
Result<FileIdentity> identify_file(const std::string& path);
// kLimit: more than max_bytes.
Result<std::string> read_template_file(const std::string& path, std::size_t max_bytes);
// The directory with all symbolic links resolved.
Result<std::string> real_directory(const std::string& directory);

}  // namespace lb
