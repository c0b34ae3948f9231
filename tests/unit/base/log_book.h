// A Log for tests, whose three files are in memory.
#pragma once

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/unique_fd.h"

namespace lb::test {

class CapturedLog {
 public:
  explicit CapturedLog(const Clock& clock, LogLevel level = LogLevel::kDebug) : log(clock) {
    LogSettings settings;
    settings.level = level;
    settings.error_path = path(error_);
    settings.access_path = path(access_);
    settings.playlist_path = path(playlist_);
    if (!log.open(settings)) std::abort();
  }
  std::string errors() const { return text(error_); }
  std::string accesses() const { return text(access_); }
  std::string playlist() const { return text(playlist_); }
  bool says(std::string_view words) const { return errors().find(words) != std::string::npos; }

  Log log;

 private:
  static std::string path(const UniqueFd& fd) {
    return "/proc/self/fd/" + std::to_string(fd.get());
  }
  static std::string text(const UniqueFd& fd) {
    struct stat info {};
    ::fstat(fd.get(), &info);
    std::string all(static_cast<std::size_t>(info.st_size), '\0');
    const auto n = ::pread(fd.get(), all.data(), all.size(), 0);
    all.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return all;
  }
  UniqueFd error_{::memfd_create("error", MFD_CLOEXEC)};
  UniqueFd access_{::memfd_create("access", MFD_CLOEXEC)};
  UniqueFd playlist_{::memfd_create("playlist", MFD_CLOEXEC)};
};

}  // namespace lb::test
