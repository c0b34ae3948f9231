#include "admin/page/template_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

Error system_error(const std::string& path, const char* what, int code) {
  const std::string text = cat({"template ", path, ": ", what, ": ", std::strerror(code)});
  const bool missing = code == ENOENT || code == ENOTDIR || code == ENAMETOOLONG;
  return missing ? Error::not_found(text) : Error::io(text);
}

}  // namespace

bool is_inside_name(std::string_view name) {
  if (name.empty() || name.find('\0') != name.npos) return false;
  for (const std::string_view part : split(name, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

Result<FileStamp> identify_file(const std::string& path) {
  const FileStamp stamp = FileStamp::of_file(path);
  if (!stamp.exists()) return system_error(path, "cannot be found", errno);
  if (!stamp.is_regular()) return Error::io(cat({"template ", path, ": is not a regular file"}));
  return stamp;
}

Result<std::string> real_directory(const std::string& directory) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(directory.c_str(), nullptr),
                                                         &std::free);
  if (real == nullptr) return system_error(directory, "cannot be resolved", errno);
  return std::string(real.get());
}

}  // namespace lb
