#include "app/process/process_usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string_view>

#include "base/strings.h"
#include "base/unique_fd.h"

namespace lb {
namespace {

constexpr const char* kOwnFds = "/proc/self/fd";

double in_seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void read_memory(ProcessUsage& usage) {
  const UniqueFd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  char text[128];
  const ssize_t n = file ? ::read(file.get(), text, sizeof text) : 0;
  if (n <= 0) return;
  const std::string_view line(text, static_cast<std::size_t>(n));
  const std::size_t first = line.find(' '), second = line.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  usage.virtual_bytes = parse_u64(line.substr(0, first)).value_or(0) * page;
  usage.resident_bytes = parse_u64(line.substr(first + 1, second - first - 1)).value_or(0) * page;
}

std::uint64_t count_fds() {
  // Linux 6.2 and later report the number; reading a directory of 100,000 names is slow.
  struct stat info {};
  if (::stat(kOwnFds, &info) == 0 && info.st_size > 0)
    return static_cast<std::uint64_t>(info.st_size);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(kOwnFds), ::closedir);
  std::uint64_t names = 0;
  while (directory && ::readdir(directory.get()) != nullptr) ++names;
  return names > 3 ? names - 3 : 0;  // without ".", ".." and the directory's own
}

}  // namespace

ProcessUsage process_usage() {
  ProcessUsage usage;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0)
    usage.cpu_seconds = in_seconds(used.ru_utime) + in_seconds(used.ru_stime);
  read_memory(usage);
  usage.open_fds = count_fds();
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) usage.most_fds = files.rlim_cur;
  return usage;
}

std::uint64_t places_for_connections(const ProcessUsage& usage, std::uint64_t connections_now) {
  if (usage.most_fds == 0 || usage.most_fds == RLIM_INFINITY) return kNoDescriptorLimit;
  constexpr std::uint64_t kUsual = 64;  // if /proc is hidden
  const std::uint64_t open = usage.open_fds == 0 ? connections_now + kUsual : usage.open_fds;
  const std::uint64_t others = open > connections_now ? open - connections_now : 0;
  const std::uint64_t kept = others + usage.most_fds / 16 + 16;
  return usage.most_fds > kept ? usage.most_fds - kept : 1;
}

}  // namespace lb
