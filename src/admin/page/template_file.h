// A template file, found by a name that cannot leave its directory.
// Thread: any; reads the disk.
#pragma once

#include <string>
#include <string_view>

#include "base/file_stamp.h"
#include "base/result.h"

namespace lb {

// Whether the name is relative, without "..", NUL or emptiness, so that it stays in its directory.
bool is_inside_name(std::string_view name);
// kNotFound: no such file; kIo: not a regular file, or an error of the operating system.
Result<FileStamp> identify_file(const std::string& path);
// The directory with all symbolic links resolved.
Result<std::string> real_directory(const std::string& directory);

}  // namespace lb
