#include "app/operate/bitrate_watch.h"

#include "admin/command/station.h"
#include "api/request/record_book.h"
#include "app/services/event_service.h"
#include "app/services/network.h"
#include "base/cat.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

constexpr auto kCheckEvery = std::chrono::seconds(1);
// Percent of the limit: encoders are inexact, and variable rates swing.
constexpr std::uint64_t kTolerated = 115;

std::string source_text(const SourceFacts& facts) {
  return cat({"\"", facts.login, "\" from ", facts.source_ip});
}

}  // namespace

std::optional<std::uint64_t> RateWindow::add(SteadyTime now, SteadyTime started,
                                             std::uint64_t bytes) {
  if (started != started_ || (!samples_.empty() && bytes < samples_.back().bytes)) samples_.clear();
  started_ = started;
  samples_.push_back({now, bytes});
  while (samples_.size() > 2 && now - samples_[1].at >= kWindow) samples_.pop_front();
  const auto span = std::chrono::duration<double>(now - samples_.front().at).count();
  if (now - samples_.front().at < kWindow) return std::nullopt;
  return static_cast<std::uint64_t>(static_cast<double>(bytes - samples_.front().bytes) * 8 / span);
}

BitrateWatch::BitrateWatch(Network& network)
    : network_(network), timer_(network.loops.control(), [this] { check(); }) {}

void BitrateWatch::follow(const RecordBook& before, const RecordBook& now) {
  for_each_change(before.mounts(), now.mounts(),
                  [this](const std::string& name, const auto*, const auto* is) {
                    if (is != nullptr && (*is)->value.limits.bitrate > 0) {
                      limits_[name] = static_cast<std::uint64_t>((*is)->value.limits.bitrate);
                    } else {
                      limits_.erase(name);
                      windows_.erase(name);
                    }
                  });
  if (limits_.empty())
    timer_.cancel();
  else if (!timer_.armed())
    timer_.after(kCheckEvery);
}

void BitrateWatch::check() {
  timer_.after(coalesced(network_.loops.control(), kCheckEvery));
  const SteadyTime now = network_.loops.control().now();
  const auto mounts = network_.mounts.all();
  std::erase_if(windows_, [&](const auto& row) { return !mounts->contains(row.first); });
  for (const auto& [name, mount] : *mounts) {
    const auto limited = limits_.find(name);
    if (limited == limits_.end()) continue;
    const std::uint64_t limit = limited->second;
    if (!mount->is_fed() || mount->facts()->relayed) {
      windows_.erase(name);
      continue;
    }
    const auto rate = windows_[name].add(now, mount->facts()->started,
                                         mount->bytes_read.load(std::memory_order_relaxed));
    if (!rate || *rate <= limit * 1000 * kTolerated / 100) continue;
    network_.log.warn("store/quota",
                      cat({"mount ", name, ": its source ", source_text(*mount->facts()),
                           " has sent ", *rate / 1000, " kbit/s for 10 s, and ", limit,
                           " are allowed (limits/bitrate); it is ended"}));
    network_.events->publish("quota", name,
                             {{"what", "bitrate"},
                              {"kbps", std::to_string(*rate / 1000)},
                              {"limit", std::to_string(limit)}});
    windows_.erase(name);
    network_.station->kill_source(name, [](const OrderOutcome&) {});
  }
}

}  // namespace lb
