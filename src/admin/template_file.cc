#include "admin/template_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/strings.h"
#include "base/unique_fd.h"

namespace lb {
namespace {

Error system_error(const std::string& path, const char* what, int code) {
  const std::string text = "template " + path + ": " + what + ": " + std::strerror(code);
  const bool missing = code == ENOENT || code == ENOTDIR;
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

Result<FileIdentity> identify_file(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return system_error(path, "cannot be found", errno);
  if (!S_ISREG(found.st_mode)) return Error::io("template " + path + ": is not a regular file");
  return FileIdentity{found.st_ino, found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_size};
}

Result<std::string> read_template_file(const std::string& path, std::size_t max_bytes) {
  // Not blocking: the name may have become a FIFO since identify_file().
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return system_error(path, "cannot be opened", errno);
  std::string bytes;
  char block[16384];
  for (;;) {
    const ssize_t n = ::read(fd.get(), block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(path, "cannot be read", errno);
    if (n == 0) return bytes;
    bytes.append(block, static_cast<std::size_t>(n));
    if (bytes.size() > max_bytes)
      return Error::limit("template " + path + ": is larger than " + std::to_string(max_bytes) +
                          " bytes");
  }
}

Result<std::string> real_directory(const std::string& directory) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(directory.c_str(), nullptr),
                                                         &std::free);
  if (real == nullptr) return system_error(directory, "cannot be resolved", errno);
  return std::string(real.get());
}

}  // namespace lb
