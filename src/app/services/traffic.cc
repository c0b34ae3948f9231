#include "app/services/traffic.h"

#include <algorithm>
#include <memory>

#include "config/settings/config.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

constexpr auto kLoadFresh = std::chrono::milliseconds(250);

double share(double used, double limit) { return limit > 0 ? used / limit : 0; }

}  // namespace

std::uint64_t Traffic::audience() const {
  std::int64_t audience = counters.listeners.inside();
  const auto all = mounts.all();
  for (const auto& [name, mount] : *all) audience -= mount->relays();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, audience));
}

double NodeLoad::use() const noexcept {
  return std::max(
      {share(static_cast<double>(clients), static_cast<double>(clients_limit)),
       share(static_cast<double>(listeners), static_cast<double>(listeners_limit)),
       share(static_cast<double>(bits_per_second), static_cast<double>(bits_per_second_limit))});
}

NodeLoad measure_load(const Config& config, const ServerCounters& counters,
                      const MountTable::Rows& mounts) {
  NodeLoad load;
  load.listeners = counters.listeners.inside();
  load.audience = load.listeners;
  load.clients = counters.clients.inside();
  load.clients_limit = config.limits.clients;
  load.bits_per_second_limit = config.cluster.max_bits_per_second;
  for (const std::int64_t limit :
       {std::int64_t{config.limits.max_listeners}, std::int64_t{config.cluster.max_listeners}})
    if (limit > 0 && (load.listeners_limit < 0 || limit < load.listeners_limit))
      load.listeners_limit = limit;
  for (const auto& [name, mount] : mounts) {
    const auto listeners =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, mount->listeners()));
    load.audience -= std::max<std::int64_t>(0, mount->relays());
    load.bits_per_second += listeners * 8 * mount->bytes_per_second.load(std::memory_order_relaxed);
  }
  load.audience = std::max<std::int64_t>(0, load.audience);
  return load;
}

LoadMeter::LoadMeter(const Traffic& traffic)
    : traffic_(traffic), last_(std::make_shared<const Measured>()) {}

NodeLoad LoadMeter::read() const {
  const SteadyTime now = traffic_.clock.steady();
  const auto last = last_.read();
  if (last->at != SteadyTime{} && now - last->at < kLoadFresh) return last->load;
  const Measured measured{
      measure_load(*traffic_.config.read(), traffic_.counters, *traffic_.mounts.all()), now};
  last_.publish(std::make_shared<const Measured>(measured));
  return measured.load;
}

}  // namespace lb
