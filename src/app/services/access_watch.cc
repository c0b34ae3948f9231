#include "app/services/access_watch.h"

#include "net/coalesce.h"

namespace lb {
namespace {

constexpr auto kAccessPoll = std::chrono::seconds(10);

AccessPaths access_paths(const Config& config) {
  return {config.paths.deny_ip, config.paths.allow_ip, config.paths.deny_agents};
}

}  // namespace

AccessWatch::AccessWatch(Services& services)
    : services_(services), timer_(services.loops.control(), [this] { poll(); }) {}

void AccessWatch::begin() {
  services_.access.reload_changed(access_paths(*services_.config.read()));
  timer_.after(kAccessPoll);
}

void AccessWatch::poll() {
  services_.loops.clerk().post(
      [this] { services_.access.reload_changed(access_paths(*services_.config.read())); });
  timer_.after(coalesced(services_.loops.control(), kAccessPoll));
}

}  // namespace lb
