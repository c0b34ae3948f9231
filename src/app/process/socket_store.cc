#include "app/process/socket_store.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::string_view kPrefix = "icecast-lb-listen-";

}  // namespace

std::string store_name(int port, std::string_view bind_address) {
  std::string name = cat({kPrefix, port});
  if (bind_address.empty()) return name;
  name += '-';
  // Colons divide names, and a name of a host may have anything in it.
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
    // One on a port that the system has chosen would not be known again.
    if (socket->inherited || socket->settings.port == 0) continue;
    if (wanted.size() < places_)
      wanted.emplace(store_name(socket->port, socket->settings.bind_address), socket->fds);
  }
  // Before what is new, so that there is room for it; and by name, since one of a process before
  // may have sockets that no worker of this one takes from.
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
