#include "app/process/service_manager.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/strings.h"

namespace lb {
namespace {

constexpr int kFirstSocket = 3;
constexpr std::uint64_t kMaxSockets = 1024;
constexpr std::uint64_t kLongestWatch = 24ULL * 3600 * 1'000'000;  // of 64 bits, some mean "off"

std::string take(const char* name) {
  const char* value = ::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

bool is_us(const std::string& pid) {
  return parse_u64(pid) == static_cast<std::uint64_t>(::getpid());
}

}  // namespace

ServiceManager ServiceManager::take_from_environment() {
  ServiceManager manager;
  manager.notify_socket = take("NOTIFY_SOCKET");

  const std::string watch_pid = take("WATCHDOG_PID");
  const auto watch = parse_u64(take("WATCHDOG_USEC"));
  if (watch && *watch <= kLongestWatch && (watch_pid.empty() || is_us(watch_pid)))
    manager.watchdog = std::chrono::microseconds(*watch);

  const std::string listen_pid = take("LISTEN_PID");
  const auto count = parse_u64(take("LISTEN_FDS"));
  take("LISTEN_FDNAMES");
  if (!count || !is_us(listen_pid)) return manager;
  for (int i = 0; i < static_cast<int>(std::min(*count, kMaxSockets)); ++i) {
    const int flags = ::fcntl(kFirstSocket + i, F_GETFD);
    if (flags < 0) continue;
    ::fcntl(kFirstSocket + i, F_SETFD, flags | FD_CLOEXEC);
    manager.sockets.emplace_back(kFirstSocket + i);
  }
  return manager;
}

}  // namespace lb
