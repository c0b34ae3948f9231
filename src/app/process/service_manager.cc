#include "app/process/service_manager.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "app/process/socket_store.h"
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
  const std::string names = take("LISTEN_FDNAMES");
  manager.store = static_cast<std::size_t>(
      std::min<std::uint64_t>(parse_u64(take("FDSTORE")).value_or(0), kMaxSockets));
  if (!count || !is_us(listen_pid)) return manager;
  std::string_view left = names;  // of all descriptors, in their order, between colons
  for (int i = 0; i < static_cast<int>(std::min(*count, kMaxSockets)); ++i) {
    const std::string name(left.substr(0, left.find(':')));
    left.remove_prefix(std::min(left.size(), name.size() + 1));
    const int flags = ::fcntl(kFirstSocket + i, F_GETFD);
    if (flags < 0) continue;
    ::fcntl(kFirstSocket + i, F_SETFD, flags | FD_CLOEXEC);
    UniqueFd fd(kFirstSocket + i);
    if (!is_name_of_store(name)) {
      manager.sockets.push_back(std::move(fd));
      continue;
    }
    manager.kept.push_back(std::move(fd));
    if (std::find(manager.kept_names.begin(), manager.kept_names.end(), name) ==
        manager.kept_names.end())
      manager.kept_names.push_back(name);
  }
  return manager;
}

Watchdog::Watchdog(LoopPool& loops, Notifier& notifier, std::chrono::microseconds limit)
    : loops_(loops),
      notifier_(notifier),
      pause_(limit / 2),
      timer_(loops.control(), [this] { ask(); }) {}

void Watchdog::start() {
  if (pause_.count() > 0 && notifier_.has_listener()) ask();
}

void Watchdog::ask() {
  loops_.gather<int>([](unsigned) { return 0; },
                     [this](const std::vector<int>&) {
                       notifier_.alive();
                       timer_.after(pause_);
                     });
}

}  // namespace lb
