// The behaviour of a relay whose listeners have nothing to hear because the upstream is lost or
// silent: rests are short, and upstreams that do not answer are skipped.
#include <algorithm>

#include "base/cat.h"
#include "cluster/relay/relay.h"
#include "stream/source/source_admission.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr int kChecksPerStall = 10;
constexpr int kAwayPerStall = 5;  // a check delayed by more than this is not used
// Rests are limited to this part of the silence, so that questions become rarer in a long silence.
constexpr int kRestsPerSilence = 16;
// Each relay of this node without a stream lengthens the rests of all by this.
constexpr std::chrono::milliseconds kForEachOther = 1ms;
// The same for relays that a master lists in vain: together they ask 200 times a second.
constexpr std::chrono::milliseconds kForEachInVain = 5ms;
// Limits the relays with log lines of their own.
constexpr std::int64_t kNamedInVain = 200;
// Limits the growth of the patience with an upstream that does not answer.
constexpr unsigned kMaxDoublings = 4;

}  // namespace

bool Relay::is_dry() const {
  if (lease_ != 0) return is_stalled();
  const auto mount = host_.mounts().find(plan_.local_mount);
  return mount && mount->phase() == MountPhase::kLingering && !is_taken();
}

std::chrono::milliseconds Relay::dry_rest() const {
  auto rest =
      std::max<std::chrono::milliseconds>(timing_.dry_rest, kForEachOther * host_.dry().inside());
  if (const auto mount = host_.mounts().find(plan_.local_mount)) {
    // A few bytes before an immediate hang-up do not end the silence.
    const SteadyTime since = lease_ == 0 && brief_since_
                                 ? std::min(*brief_since_, mount->last_data())
                                 : mount->last_data();
    const auto silence = host_.connector().loop().now() - since;
    while (rest * kRestsPerSilence < silence && rest < 1h) rest *= 2;
  }
  return rest;
}

// Counts a failed relay that no listener waits for; only its master's list wants it.
void Relay::note_vain() {
  if (vain_place_ || lease_ != 0 || !plan_.from_master || plan_.on_demand) return;
  if (!host_.vain().try_enter(Gate::kNoLimit)) return;
  vain_place_ = GatePass(&host_.vain());
  if (host_.vain().inside() == kNamedInVain + 1)
    log(LogLevel::kWarn, cat({kNamedInVain,
                              " relays that masters list cannot be pulled; what this one and "
                              "others fail with is logged at loglevel 4 only"}));
}

std::chrono::milliseconds Relay::vain_rest() const {
  return vain_place_ ? kForEachInVain * host_.vain().inside() : 0ms;
}

bool Relay::is_nameless() const { return vain_place_ && host_.vain().inside() > kNamedInVain; }

SteadyTime Relay::due(std::size_t upstream) const {
  const Try& tried = tries_[upstream];
  // A start of a program is expensive, and a linked master reports when it has the stream again.
  const bool rests_on =
      tried.kept || is_program(upstream) || plan_.upstreams[upstream].word == StreamWord::kGone;
  if (rests_on || !is_dry()) return tried.rested;
  const auto rest = std::chrono::duration_cast<SteadyTime::duration>(dry_rest() * tried.part);
  return std::min(tried.rested, tried.since + rest);
}

std::chrono::milliseconds Relay::requested_rest(std::size_t upstream) {
  const Try& tried = tries_[upstream];
  if (!is_dry()) dry_place_.leave();
  if (due(upstream) == tried.rested) return tried.delay;
  if (!dry_place_ && host_.dry().try_enter(Gate::kNoLimit)) dry_place_ = GatePass(&host_.dry());
  return dry_rest();
}

void Relay::keep_resting(std::size_t upstream) {
  rest(upstream, longest_rest(upstream));
  tries_[upstream].kept = true;
}

std::chrono::milliseconds Relay::patience(std::size_t upstream) const {
  return timing_.slow * (1 << tries_[upstream].unanswered);
}

// Gives up a slow call if another upstream may be asked; the next call there may take twice as
// long.
bool Relay::pass_over_call() {
  const std::size_t at = place_of(call_->from);
  const SteadyTime now = host_.connector().loop().now();
  if (at == tries_.size() || is_program(at) || !is_dry()) return false;
  std::size_t other = 0;
  while (other < tries_.size() &&
         (other == at || (lease_ != 0 && other == current_) || due(other) > now))
    ++other;
  if (other == tries_.size()) return false;
  const auto waited = patience(at);
  tries_[at].unanswered = std::min(tries_[at].unanswered + 1, kMaxDoublings);
  call_.reset();
  timer_.cancel();
  failed(at, cat({to_text(plan_.upstreams[at]), " has not answered for ", waited.count(), "ms"}),
         PullFault::kTimeout);
  return true;
}

// -- silence --------------------------------------------------------------------------------------

void Relay::watch_flow() {
  flow_check_.cancel();
  if (lease_ == 0 || (plan_.upstreams.size() < 2 && !placed_)) return;
  const auto mount = host_.mounts().find(plan_.local_mount);
  if (!mount) return;
  const std::uint64_t read = mount->bytes_read.load(std::memory_order_relaxed);
  if (read != bytes_at_switch_) stall_ = plan_.stall;
  const SteadyTime now = host_.connector().loop().now();
  // At most plan_.stall, because a stream that begins meanwhile is allowed no longer silence.
  const auto left = std::clamp<SteadyTime::duration>(mount->last_data() + stall_ - now,
                                                     plan_.stall / kChecksPerStall, plan_.stall);
  flow_check_at_ = now + left;
  flow_check_.after(left);
}

bool Relay::is_stalled() const {
  const auto mount = host_.mounts().find(plan_.local_mount);
  return lease_ != 0 && mount && host_.connector().loop().now() - mount->last_data() >= stall_;
}

void Relay::on_flow_check() {
  const SteadyTime now = host_.connector().loop().now();
  // After a sleep the process has not read the bytes that arrived meanwhile.
  const bool was_away = now - flow_check_at_ > plan_.stall / kAwayPerStall;
  if (!was_away && is_stalled() && state_ == State::kRunning) {
    if (has_spare()) {
      log(LogLevel::kWarn, cat({"silent for ", stall_.count(), "ms; its standby ",
                                to_text(spare_->from), " takes over"}));
      use_spare();
    } else {
      ask_in_silence();
    }
  }
  watch_flow();
}

void Relay::ask_in_silence() {
  const SteadyTime now = host_.connector().loop().now();
  if (call_) {
    const std::size_t asked = place_of(call_->from);
    if (asked == tries_.size() || now - call_->since < patience(asked) || !pass_over_call()) return;
  }
  std::size_t next = 0;
  while (next < tries_.size() && (next == current_ || due(next) > now)) ++next;
  const auto mount = host_.mounts().find(plan_.local_mount);
  if (next == tries_.size() && mount && now - mount->last_data() >= kStallsOfOne * plan_.stall &&
      may_ask_once_more() && tries_[current_].rested <= now)
    next = current_;
  if (next == tries_.size()) return;
  const bool first = mount && tries_[next].since <= mount->last_data() + stall_;
  log(first ? LogLevel::kWarn : LogLevel::kDebug,
      cat({"silent for ", stall_.count(), "ms; ", plan_.upstreams[next].target.host, " is asked"}));
  ask(next);
}

// The present upstream can continue at the exact byte on a new connection.  It is asked once in a
// silence, which may be the encoder's; source-timeout ends that.
bool Relay::may_ask_once_more() const {
  return placed_ && current_ < tries_.size() && stall_ == plan_.stall && is_stalled();
}

}  // namespace lb
