#include "program/start_icelb.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <system_error>

#include "base/cat.h"
#include "program/process.h"

namespace lb {
namespace {

// Returns an empty path if /proc is not mounted.
std::string own_path() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0 || static_cast<std::size_t>(length) == path.size()) return {};
  return {path.data(), static_cast<std::size_t>(length)};
}

}  // namespace

std::string icelb_beside(const std::string& program) {
  return program.substr(0, program.rfind('/') + 1) + "icelb";
}

int start_icelb(char** argv) {
  const std::string program = own_path();
  errno = ENOENT;
  const std::string path = program.empty() ? "icelb" : icelb_beside(program);
  if (!program.empty()) ::execv(path.c_str(), argv);
  write_console(
      STDERR_FILENO,
      cat({"icecast-lb: ", path, ": ", std::generic_category().message(errno),
           "; this command is carried out by icelb, which is installed in the directory of "
           "icecast-lb; nothing was done\n"}));
  return 1;
}

}  // namespace lb
