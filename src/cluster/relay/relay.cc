#include "cluster/relay/relay.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "stream/source/source_admission.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMaxProofs = 8;
// Streams in a row that ended at once; a new source makes two.  After more the upstream rests.
constexpr unsigned kMaxShortSpans = 3;
// A stream shorter than `flowed` / kShortPart counts as ended at once.  A longer one may have been
// cut by the loss of several upstreams in turn, and its listeners must not wait for a rest.
constexpr int kShortPart = 4;

}  // namespace

Relay::Relay(RelayHost& host, std::uint64_t id, RelayPlan plan)
    : host_(host),
      timing_(host.timing()),
      id_(id),
      plan_(std::move(plan)),
      tries_(plan_.upstreams.size()),
      spare_timer_(host.connector().loop(), [this] { keep_spare(); }),
      timer_(host.connector().loop(), [this] { on_timer(); }),
      flow_check_(host.connector().loop(), [this] { on_flow_check(); }) {}

Relay::~Relay() {
  drop_spare();
  if (lease_ != 0) host_.end_source(home_, lease_, EndReason::kRemoved);
  if (plan_.on_demand) host_.admission().release(plan_.local_mount);
  host_.admission().forget_relay(plan_.local_mount);
}

void Relay::start() {
  if (plan_.on_demand) host_.admission().reserve(plan_.local_mount);
  if (!plan_.held && claim()) return;
  if (!plan_.on_demand) go_on();
}

std::size_t Relay::place_of(const Upstream& upstream) const {
  std::size_t i = 0;
  while (i < plan_.upstreams.size() && !same_place(plan_.upstreams[i], upstream)) ++i;
  return i;
}

void Relay::update(RelayPlan plan) {
  if (plan == plan_) return;
  const bool was_on_demand = plan_.on_demand;
  const bool same_titles = plan.icy_metadata == plan_.icy_metadata;
  // The state of an upstream is kept unless its offer or its login has changed.
  std::vector<Try> tries(plan.upstreams.size());
  for (std::size_t i = 0; i < tries.size(); ++i) {
    const Upstream& now = plan.upstreams[i];
    const std::size_t at = place_of(now);
    if (at == tries_.size()) continue;
    const Upstream& old = plan_.upstreams[at];
    if (old.offer_number == now.offer_number && old.username == now.username &&
        old.password == now.password)
      tries[i] = tries_[at];
  }
  plan_ = std::move(plan);
  tries_ = std::move(tries);
  current_ = same_titles ? place_of(streaming_) : tries_.size();
  if (was_on_demand && !plan_.on_demand) host_.admission().release(plan_.local_mount);
  if (!was_on_demand && plan_.on_demand) host_.admission().reserve(plan_.local_mount);
  last_wanted_ = host_.connector().loop().now();
  if (call_ && (plan_.held || !same_titles || place_of(call_->from) == tries_.size()))
    call_.reset();
  if (!plan_.hot || plan_.held) drop_spare();
  if (spare_call_ && (!plan_.hot || plan_.held || place_of(spare_call_->from) == tries_.size()))
    spare_call_.reset();
  if (state_ == State::kEntering) return;  // entered() checks its upstream
  if (lease_ == 0) {
    if (state_ != State::kIdle || !plan_.on_demand)
      go_on();
    else
      plan_proof();
  } else if (plan_.held || current_ == tries_.size()) {
    go_on();
  } else {
    plan_fail_back();
  }
}

bool Relay::is_taken() const {
  const auto* writer = host_.admission().writer_of(plan_.local_mount);
  return writer != nullptr && writer->kind == WriterKind::kSource;
}

// An upstream without a link does not identify its stream: a stock server may still send the stream
// that has just ended here from its queue.  It rests until that queue is empty.
void Relay::mount_is_free() {
  if (state_ != State::kIdle || is_taken()) return;
  const SteadyTime now = host_.connector().loop().now();
  for (std::size_t i = 0; i < tries_.size(); ++i)
    if (plan_.upstreams[i].word == StreamWord::kNone && tries_[i].rested <= now && !is_program(i))
      keep_resting(i);
  if (!is_wanted())
    plan_proof();
  else if (!demand())
    go_on();
}

bool Relay::is_offered() const {
  return std::any_of(plan_.upstreams.begin(), plan_.upstreams.end(),
                     [](const Upstream& each) { return each.word == StreamWord::kOffered; });
}

bool Relay::could_flow() const {
  const SteadyTime now = host_.connector().loop().now();
  for (std::size_t i = 0; i < tries_.size(); ++i) {
    const StreamWord word = plan_.upstreams[i].word;
    if (word == StreamWord::kOffered) return true;
    if (word == StreamWord::kNone && (tries_[i].rested <= now || (lease_ != 0 && i == current_)))
      return true;
  }
  return lease_ != 0 && current_ == tries_.size() && streaming_.word != StreamWord::kGone;
}

bool Relay::demand() {
  last_wanted_ = host_.connector().loop().now();
  if (state_ == State::kIdle && call_) {
    state_ = State::kAsking;  // the proof becomes a call for a stream
    if (!call_->slow) timer_.after(timing_.slow);
  } else if (state_ == State::kIdle && first_rested(last_wanted_) < tries_.size()) {
    go_on();
  }
  return state_ == State::kAsking || state_ == State::kEntering || state_ == State::kRunning;
}

bool Relay::is_wanted() const {
  if (is_taken()) return false;
  if (!plan_.on_demand) return true;
  const auto mount = host_.mounts().find(plan_.local_mount);
  return (mount && mount->listeners() > mount->direct()) || host_.is_awaited(plan_.local_mount);
}

void Relay::poll_listeners() {
  if (!plan_.on_demand) {
    if (state_ == State::kIdle && is_wanted()) go_on();
    return;
  }
  const SteadyTime now = host_.connector().loop().now();
  if (is_wanted()) {
    last_wanted_ = now;
    if (state_ == State::kIdle) demand();
    return;
  }
  if (state_ == State::kWaiting) fall_idle();
  const auto run_on = std::max<std::chrono::milliseconds>(plan_.run_on, timing_.least_run_on);
  if (state_ == State::kRunning && now - last_wanted_ >= run_on) {
    log(LogLevel::kInfo,
        cat({"no listener for ", std::chrono::duration_cast<std::chrono::seconds>(run_on).count(),
             "s; the stream is closed"}));
    host_.end_source(home_, lease_, EndReason::kRemoved);
  }
}

void Relay::fall_idle() {
  state_ = State::kIdle;
  dry_place_.leave();
  call_.reset();
  spare_call_.reset();
  drop_spare();
  timer_.cancel();
  plan_proof();
}

void Relay::on_timer() {
  if (call_ && lease_ == 0 && has_spare()) {
    use_spare();
  } else if (call_ && lease_ == 0 && !call_->slow) {
    // Listeners would have to wait, so the upstream counts as failed until it answers.
    call_->slow = true;
    host_.pull_changed(call_->from.target, PullFault::kTimeout);
    if (pass_over_call()) go_on();
  } else if (at_seam_ && state_ == State::kAsking && current_ < tries_.size() && !plan_.held &&
             !is_taken()) {
    ask(current_);
  } else if (state_ == State::kIdle) {
    prove();
  } else {
    go_on();
  }
}

// -- whether it can be pulled ---------------------------------------------------------------------

PullFault Relay::cannot() const {
  if (lease_ != 0 || state_ == State::kEntering) return PullFault::kNone;
  PullFault worst = PullFault::kNone;
  for (std::size_t i = 0; i < tries_.size(); ++i) {
    PullFault fault = tries_[i].fault;
    if (call_ && call_->slow && place_of(call_->from) == i) fault = PullFault::kTimeout;
    if (fault == PullFault::kNone) fault = host_.path_fault(plan_.upstreams[i].target);
    if (fault == PullFault::kNone) return fault;
    if (worst == PullFault::kNone) worst = fault;
  }
  return worst;
}

void Relay::note_fault(std::size_t upstream, PullFault fault) {
  if (std::exchange(tries_[upstream].fault, fault) == fault && !is_of_path(fault)) return;
  host_.pull_changed(plan_.upstreams[upstream].target, fault);
}

void Relay::path_opened(const ConnectTarget& to) {
  bool changed = false;
  for (std::size_t i = 0; i < tries_.size(); ++i) {
    if (!(plan_.upstreams[i].target == to) || !is_of_path(tries_[i].fault)) continue;
    tries_[i] = Try{};
    changed = true;
  }
  // TCP's retransmission would wait about as long again as the path was cut.
  if (state_ == State::kRunning && may_ask_once_more() && plan_.upstreams[current_].target == to &&
      (!call_ || place_of(call_->from) == current_)) {
    call_.reset();
    ask(current_);
  }
  if (!changed) return;
  if (state_ == State::kWaiting) go_on();
  if (state_ == State::kIdle) plan_proof();
}

void Relay::plan_proof() {
  // Only relays of a master are proved in advance, because the master must know before it sends a
  // listener.
  if (!plan_.from_master) return;
  if (call_ || state_ != State::kIdle || !plan_.on_demand || is_taken()) return;
  timer_.cancel();
  if (cannot() == PullFault::kNone) return;
  const auto soonest = std::min_element(
      tries_.begin(), tries_.end(), [](const Try& a, const Try& b) { return a.rested < b.rested; });
  const auto wait = soonest->rested - host_.connector().loop().now();
  // One check of the path serves all mounts if only the path fails.
  timer_.after(std::max(wait, std::chrono::duration_cast<SteadyTime::duration>(
                                  timing_.first_delay * (0.75 + host_.rng().unit() / 2))));
}

// Asks the best rested upstream whose failure is its own, not the path's.
void Relay::prove() {
  if (call_ || is_taken() || cannot() == PullFault::kNone) return;
  const SteadyTime now = host_.connector().loop().now();
  std::size_t i = 0;
  while (i < tries_.size() && (tries_[i].rested > now ||
                               host_.path_fault(plan_.upstreams[i].target) != PullFault::kNone))
    ++i;
  if (i == tries_.size() || !host_.proofs().try_enter(kMaxProofs)) {
    plan_proof();
    return;
  }
  GatePass place(&host_.proofs());
  ask(i);
  if (state_ == State::kAsking) state_ = State::kIdle;
  if (!call_) return;  // the limit of calls is reached; the timer is set
  call_->proof_place = std::move(place);
}

std::size_t Relay::first_rested(SteadyTime now) const {
  std::size_t i = 0;
  while (i < tries_.size() && due(i) > now) ++i;
  return i;
}

// Asks the best upstream that may be asked, or waits until one may.
void Relay::go_on() {
  if (call_ || state_ == State::kEntering) return;
  if (plan_.held) {
    timer_.cancel();
    if (lease_ != 0)
      host_.end_source(home_, lease_, EndReason::kReplaced);
    else
      state_ = State::kWaiting;
    return;
  }
  if (lease_ == 0 && claim()) return;
  if (lease_ == 0 && is_taken()) {
    if (state_ != State::kIdle || !plan_.on_demand)
      log(LogLevel::kInfo, "new relay but source already exists; the relay waits for its end");
    fall_idle();
    return;
  }
  if (lease_ == 0 && has_spare()) {
    use_spare();
    return;
  }
  const SteadyTime now = host_.connector().loop().now();
  const std::size_t best = first_rested(now);
  // While an upstream streams, only better ones are asked.
  const std::size_t worse = lease_ != 0 ? current_ : tries_.size();
  if (lease_ != 0 && plan_.hot && current_ < tries_.size()) {
    keep_spare();
    return;
  }
  if (best < worse) {
    ask(best);
    return;
  }
  if (lease_ != 0) {
    if (current_ == tries_.size())
      host_.end_source(home_, lease_, EndReason::kReplaced);
    else
      plan_fail_back();
    return;
  }
  if (std::exchange(state_, State::kWaiting) != State::kWaiting) {
    host_.relay_failed(plan_.local_mount);
    host_.admission().end_waiting(plan_.local_mount);
    if (!is_wanted()) {
      fall_idle();
      return;
    }
  }
  SteadyTime soonest = SteadyTime::max();
  for (std::size_t i = 0; i < tries_.size(); ++i) soonest = std::min(soonest, due(i));
  timer_.after(soonest - now);
}

void Relay::plan_fail_back() {
  timer_.cancel();
  if (plan_.hot && current_ < tries_.size()) {
    keep_spare();
    return;
  }
  if (current_ == 0) return;
  const auto end = tries_.begin() + static_cast<std::ptrdiff_t>(current_);
  const auto soonest = std::min_element(
      tries_.begin(), end, [](const Try& a, const Try& b) { return a.rested < b.rested; });
  timer_.after(soonest->rested - host_.connector().loop().now());
}

void Relay::failed(std::size_t upstream, const std::string& why, PullFault fault) {
  at_seam_ = at_seam_ && upstream != current_;
  Try& tried = tries_[upstream];
  const SteadyTime now = host_.connector().loop().now();
  // Rests grow by time.  A question before the end of a rest, while listeners have nothing to hear,
  // does not lengthen it; otherwise servers would rest for long after a short wait of many
  // questions.
  note_vain();
  if (tried.delay > 0ms && now < tried.rested)
    tried.since = now;
  else
    rest(upstream, std::max(vain_rest(), tried.delay == 0ms
                                             ? timing_.first_delay
                                             : std::min(tried.delay * 2, longest_rest(upstream))));
  const auto wait = requested_rest(upstream);
  // An upstream that is asked several times a second is logged once.
  const bool is_longer = std::exchange(tried.told, wait) != wait;
  const bool news = std::exchange(tried.logged_fault, fault) != fault || is_longer;
  log(news && !is_nameless() ? LogLevel::kWarn : LogLevel::kDebug,
      cat({why, "; asked again in ", wait.count(), "ms"}));
  if (lease_ == 0) note_fault(upstream, fault);
}

std::chrono::milliseconds Relay::longest_rest(std::size_t upstream) const {
  if (is_program(upstream)) return timing_.longest_program_rest;
  return std::max<std::chrono::milliseconds>(plan_.retry_delay, timing_.first_delay);
}

void Relay::rest(std::size_t upstream, std::chrono::milliseconds delay) {
  Try& tried = tries_[upstream];
  tried.delay = delay;
  tried.kept = false;
  // A program is local, so there is no crowd of relays to spread.
  tried.part = is_program(upstream) ? 1 : 0.75 + host_.rng().unit() / 2;
  tried.since = host_.connector().loop().now();
  tried.rested = tried.since + std::chrono::duration_cast<SteadyTime::duration>(delay * tried.part);
}

// Whether the upstream, which sends addresses, has sent its span to the end.
bool Relay::is_span_end(const WriterLeft& how) const {
  return how.reason == EndReason::kSpan || (placed_ && how.bytes_read > 0);
}

// All relays of a mount notice the end of a span at the same moment.
std::chrono::microseconds Relay::crowd_pause() {
  constexpr double kFullCrowd = 800;
  const double part = std::min(1.0, static_cast<double>(crowd_) / kFullCrowd);
  return std::chrono::duration_cast<std::chrono::microseconds>(timing_.crowd_spread * part *
                                                               host_.rng().unit());
}

bool Relay::flowed(const WriterLeft& how) const {
  return how.lasted >= timing_.flowed && how.bytes_read > 0;
}

// The upstream has ended the stream itself: it rests, unless its next span follows.
bool Relay::end_is_seam(const WriterLeft& how) {
  const SteadyTime now = host_.connector().loop().now();
  if (is_program(current_) && how.bytes_read > 0 && how.lasted >= timing_.program_flowed)
    tries_[current_].delay = 0ms;
  short_spans_ = how.lasted >= timing_.flowed / kShortPart ? 0 : short_spans_ + 1;
  if (is_span_end(how) && short_spans_ <= kMaxShortSpans) {
    // After a seam the next span is available at once.
    tries_[current_].delay = timing_.delay_after_flow / 2;
    // Listeners wait, so upstreams that rest only because they could not take the stream back
    // are asked too.
    for (Try& each : tries_) each.rested = std::min(each.rested, now);
    return true;
  }
  if (flowed(how) && !is_program(current_)) {
    rest(current_, timing_.delay_after_flow);
    return false;
  }
  if (!brief_since_) brief_since_ = now;
  // A source that connects and disconnects is no fault of the path.
  failed(current_, cat({"the stream ended after ", how.lasted.count(), "ms"}),
         how.bytes_read > 0 ? PullFault::kNone : PullFault::kClosed);
  return false;
}

void Relay::on_left(const WriterLeft& how) {
  if (how.lease != lease_) return;  // a better upstream has taken over
  lease_ = 0;
  left_why_ = end_reason_text(how.reason);
  flow_check_.cancel();
  if (flowed(how)) {
    has_flowed_ = true;
    brief_since_.reset();
  }
  if (how.bytes_read > 0) flowed_until_ = host_.connector().loop().now() - how.silent;
  if (state_ == State::kEntering) return;  // entered() follows
  const bool known = current_ < tries_.size();
  bool asks_again = false;
  at_seam_ = false;
  state_ = State::kAsking;
  switch (how.reason) {
    case EndReason::kShutdown:
      fall_idle();
      return;
    case EndReason::kRemoved:
      if (plan_.on_demand) {
        fall_idle();
        return;
      }
      break;
    case EndReason::kReplaced:
      break;  // the plan has changed
    case EndReason::kKilled:
      if (known) keep_resting(current_);
      break;
    default:
      asks_again = known && end_is_seam(how);
  }
  at_seam_ = asks_again;
  call_.reset();
  // The same upstream has the continuation if it is alive; a better one that hangs must not keep
  // listeners waiting.
  if (asks_again && crowd_ > 0)
    timer_.after(crowd_pause());
  else if (asks_again && !plan_.held && !is_taken())
    ask(current_);
  else
    go_on();
}

void Relay::log(LogLevel level, const std::string& text) const {
  host_.log().write(level, "relay/relay", cat({"relay ", plan_.local_mount, ": ", text}));
}

std::string_view Relay::state_text() const noexcept {
  return word_of<State::kWaiting>(state_,
                                  {"idle", "connecting", "connecting", "running", "waiting"});
}

}  // namespace lb
