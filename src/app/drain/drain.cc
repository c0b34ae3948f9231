#include "app/drain/drain.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "config/settings/cluster_config.h"

namespace lb {
namespace {

constexpr std::string_view kDrainModule = "main/drain";

}  // namespace

void DrainState::set(const DrainPicture& next) {
  draining_.store(next.mode != DrainMode::kOff, std::memory_order_relaxed);
  picture_.publish(std::make_shared<const DrainPicture>(next));
  for (const auto& subscriber : subscribers_) subscriber(next);
}

std::uint64_t DrainPace::due(SteadyTime now, std::uint64_t left) noexcept {
  if (now >= until_) return left;
  using Seconds = std::chrono::duration<double>;
  const double passed = Seconds(now - last_).count();
  const double remain = Seconds(until_ - last_).count();
  last_ = now;
  owed_ += std::max(per_second_, static_cast<double>(left) / remain) * passed;
  const auto whole = static_cast<std::uint64_t>(owed_);
  owed_ -= static_cast<double>(whole);
  return std::min(whole, left);
}

Drain::Drain(Loop& control, Log& log, DrainState& state, Callbacks callbacks)
    : control_(control),
      log_(log),
      state_(state),
      callbacks_(std::move(callbacks)),
      timer_(control, [this] { poll_listeners(); }) {}

void Drain::begin(DrainOrder order) {
  control_.assert_here();
  const SteadyTime now = control_.now();
  DrainPicture next;
  next.mode = order.mode;
  next.since = now;
  next.until = now + order.time;
  next.then_exit = order.then_exit;
  over_ = false;
  pace_.reset();
  const std::uint64_t here = callbacks_.listeners();
  if (order.mode == DrainMode::kMove)
    pace_ = std::make_unique<DrainPace>(order.rate.per_second(here), now, next.until);
  log_.info(kDrainModule, cat({"draining (", to_text(order.mode), "), asked by ", order.asked_by,
                               ": ", here, " listeners have ", order.time.count(), " s",
                               order.then_exit ? ", then the process ends" : ""}));
  state_.set(next);
  if (order.mode == DrainMode::kHard) callbacks_.close_all();
  poll_listeners();
}

void Drain::exit_at_its_end() {
  control_.assert_here();
  DrainPicture next = *state_.picture();
  next.then_exit = true;
  log_.info(kDrainModule, "the process ends when it is drained");
  state_.set(next);
  poll_listeners();
}

bool Drain::cancel() {
  control_.assert_here();
  if (!state_.draining() || state_.picture()->then_exit) return false;
  timer_.cancel();
  pace_.reset();
  state_.set({});
  log_.info(kDrainModule, "no longer draining; listeners and sources are accepted again");
  return true;
}

void Drain::poll_listeners() {
  const auto now = control_.now();
  const auto picture = state_.picture();
  const std::uint64_t left = callbacks_.listeners();
  const bool late = now >= picture->until;
  if ((left == 0) != picture->empty) {  // an admission under way may add one
    DrainPicture next = *picture;
    next.empty = left == 0;
    if (next.empty) log_.info(kDrainModule, "drained: no listener is left");
    state_.set(next);
  }
  if (picture->then_exit && (left == 0 || late)) {
    if (left > 0) log_.info(kDrainModule, cat({"drain time is over: ", left, " listeners end"}));
    timer_.cancel();
    callbacks_.exit();
    return;
  }
  if (left > 0 && late && !std::exchange(over_, true))
    log_.info(kDrainModule, cat({"drain time is over: ", left, " listeners are left"}));
  if (pace_ && left > 0)
    if (const std::uint64_t due = pace_->due(now, left); due > 0) callbacks_.close_oldest(due);
  timer_.after(kPollInterval);
}

DrainOrder configured_drain(const ClusterSettings& cluster) {
  DrainOrder order;
  order.mode = cluster.drain_mode;
  order.time = cluster.drain_time;
  // A rate of 0: evenly over the time.
  order.rate = parse_drain_rate(cluster.drain_rate).has_value()
                   ? *parse_drain_rate(cluster.drain_rate)
                   : DrainRate{};
  order.then_exit = true;
  order.asked_by = "TERM";
  return order;
}

}  // namespace lb
