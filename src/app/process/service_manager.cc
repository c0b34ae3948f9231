#include "app/process/service_manager.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr int kFirstSocket = 3;
constexpr std::uint64_t kMaxSockets = 1024;
constexpr std::uint64_t kLongestWatch = 24ULL * 3600 * 1'000'000;  // larger ones mean "off"

std::string take(const char* name) {
  const char* value = ::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

bool is_us(const std::string& pid) {
  return parse_u64(pid) == static_cast<std::uint64_t>(::getpid());
}

constexpr std::string_view kPrefix = "icecast-lb-listen-";

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
  std::string_view left = names;  // of all descriptors, in order, separated by colons
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

std::string store_name(int port, std::string_view bind_address) {
  std::string name = cat({kPrefix, port});
  if (bind_address.empty()) return name;
  name += '-';
  // Colons separate names, and a host name may contain any character.
  for (const char c : bind_address.substr(0, 200)) name += is_plain_char(c, ".") ? c : '_';
  return name;
}

bool is_name_of_store(std::string_view name) { return name.starts_with(kPrefix); }

SocketStore::SocketStore(Notifier& notifier, std::size_t places, std::vector<std::string> names)
    : notifier_(notifier), places_(notifier.has_listener() ? places : 0) {
  for (std::string& name : names) has(std::move(name));
}

void SocketStore::has(std::string name) {
  if (places_ > 0) kept_.emplace(std::move(name), nullptr);
}

void SocketStore::keep(const std::vector<std::shared_ptr<const ListenSocket>>& sockets) {
  if (places_ == 0) return;
  std::map<std::string, Fds> wanted;
  for (const auto& socket : sockets) {
    // A port chosen by the system could not be matched again.
    if (socket->inherited || socket->settings.port == 0) continue;
    if (wanted.size() < places_)
      wanted.emplace(store_name(socket->port, socket->settings.bind_address), socket->fds);
  }
  // Drops come before additions, to make room, and go by name, since a previous process may have
  // sockets that no worker of this one accepts from.
  for (const auto& [name, fds] : kept_) {
    const auto at = wanted.find(name);
    if (at == wanted.end() || at->second != fds) notifier_.keep_no_longer(name);
  }
  const std::size_t share =
      wanted.empty() ? 0 : std::min(places_ / wanted.size(), Notifier::kMaxKept);
  for (const auto& [name, fds] : wanted) {
    if (const auto at = kept_.find(name); at != kept_.end() && at->second == fds) continue;
    std::vector<int> given;
    for (const UniqueFd& fd : *fds)
      if (given.size() < share) given.push_back(fd.get());
    notifier_.keep(name, given);
  }
  kept_ = std::move(wanted);
}

}  // namespace lb
