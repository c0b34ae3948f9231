#include "base/private_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/unique_fd.h"
#include "base/write_all.h"

namespace lb {

Result<void> replace_private_file(const std::string& path, std::string_view text) {
  const auto failed = [&path] {
    return Error::io(path + ": cannot be written: " + std::strerror(errno));
  };
  std::string temporary = path + ".XXXXXX";
  const UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));  // 0600
  if (!file) return failed();
  if (!write_all(file.get(), text) || ::fsync(file.get()) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = failed();
    ::unlink(temporary.c_str());
    return error;
  }
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  const UniqueFd at(
      ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!at || ::fsync(at.get()) != 0) return failed();
  return {};
}

}  // namespace lb
