#include "cluster/relay.h"

#include <algorithm>
#include <utility>

#include "cluster/relay_marks.h"
#include "stream/source_facts.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMostCalls = 128;
constexpr auto kForAPlace = 100ms;
// What is asked for beyond what was missed: clocks, and a rate that varies.
constexpr auto kSpare = 250ms;
// Of the stream that still flows here, the last bytes may be as old as an upstream's pulse.
constexpr auto kSpareOfRunning = 500ms;
constexpr auto kLongestGap = 60s;

}  // namespace

Relay::Relay(RelayGround& ground, std::uint64_t id, RelayPlan plan)
    : ground_(ground),
      timing_(ground.timing()),
      id_(id),
      plan_(std::move(plan)),
      tries_(plan_.upstreams.size()),
      timer_(ground.connector().loop(), [this] { go_on(); }) {}

Relay::~Relay() {
  if (lease_ != 0) ground_.end_source(home_, lease_, EndReason::kRemoved);
  if (plan_.on_demand) ground_.admission().release(plan_.local_mount);
  ground_.admission().forget_relay(plan_.local_mount);
}

void Relay::start() {
  if (plan_.on_demand)
    ground_.admission().reserve(plan_.local_mount);
  else
    go_on();
}

void Relay::update(RelayPlan plan) {
  if (plan == plan_) return;
  const bool was_on_demand = plan_.on_demand;
  const auto same =
      std::find(plan.upstreams.begin(), plan.upstreams.end(), plan_.upstreams[current_]);
  const bool keeps = same != plan.upstreams.end() && plan.icy_metadata == plan_.icy_metadata;
  // What is known about an upstream stays known.
  std::vector<Try> tries(plan.upstreams.size());
  for (std::size_t i = 0; i < tries.size(); ++i) {
    const auto old = std::find(plan_.upstreams.begin(), plan_.upstreams.end(), plan.upstreams[i]);
    if (old != plan_.upstreams.end())
      tries[i] = tries_[static_cast<std::size_t>(old - plan_.upstreams.begin())];
  }
  current_ = keeps ? static_cast<std::size_t>(same - plan.upstreams.begin()) : 0;
  plan_ = std::move(plan);
  tries_ = std::move(tries);
  if (was_on_demand && !plan_.on_demand) ground_.admission().release(plan_.local_mount);
  if (!was_on_demand && plan_.on_demand) ground_.admission().reserve(plan_.local_mount);
  last_wanted_ = ground_.connector().loop().now();
  call_.reset();
  if (state_ == State::kEntering) return;  // entered() sees whether its upstream is still there
  if (lease_ == 0) {
    if (state_ != State::kIdle || !plan_.on_demand) go_on();
  } else if (!keeps) {
    ground_.end_source(home_, lease_, EndReason::kReplaced);
  } else {
    plan_fail_back();
  }
}

bool Relay::demand() {
  last_wanted_ = ground_.connector().loop().now();
  if (state_ == State::kIdle && first_rested(last_wanted_) < tries_.size()) go_on();
  return state_ == State::kAsking || state_ == State::kEntering || state_ == State::kRunning;
}

bool Relay::is_wanted() const {
  if (!plan_.on_demand) return true;
  const auto mount = ground_.mounts().find(plan_.local_mount);
  return (mount && mount->listeners() > mount->direct()) || ground_.is_awaited(plan_.local_mount);
}

void Relay::look_for_listeners() {
  if (!plan_.on_demand) return;
  const SteadyTime now = ground_.connector().loop().now();
  if (is_wanted()) {
    last_wanted_ = now;
    if (state_ == State::kIdle) demand();
    return;
  }
  if (state_ == State::kWaiting) fall_idle();
  const auto run_on = std::max<std::chrono::milliseconds>(plan_.run_on, timing_.least_run_on);
  if (state_ == State::kRunning && now - last_wanted_ >= run_on) {
    say(LogLevel::kInfo,
        "nobody has listened for " +
            std::to_string(std::chrono::duration_cast<std::chrono::seconds>(run_on).count()) +
            "s, the stream is closed");
    ground_.end_source(home_, lease_, EndReason::kRemoved);
  }
}

void Relay::fall_idle() {
  state_ = State::kIdle;
  call_.reset();
  timer_.cancel();
}

std::size_t Relay::first_rested(SteadyTime now) const noexcept {
  std::size_t i = 0;
  while (i < tries_.size() && tries_[i].rested > now) ++i;
  return i;
}

// Asks the best upstream that may be asked, or waits until one may.
void Relay::go_on() {
  if (call_ || state_ == State::kEntering) return;
  const SteadyTime now = ground_.connector().loop().now();
  const std::size_t best = first_rested(now);
  // While one runs, only better ones are of interest.
  const std::size_t worse = lease_ != 0 ? current_ : tries_.size();
  if (best < worse) {
    ask(best);
    return;
  }
  if (lease_ != 0) {
    plan_fail_back();
    return;
  }
  if (std::exchange(state_, State::kWaiting) != State::kWaiting) {
    ground_.relay_failed(plan_.local_mount);
    ground_.admission().disappoint(plan_.local_mount);
    if (!is_wanted()) {
      fall_idle();
      return;
    }
  }
  const auto soonest = std::min_element(
      tries_.begin(), tries_.end(), [](const Try& a, const Try& b) { return a.rested < b.rested; });
  timer_.after(std::chrono::ceil<std::chrono::microseconds>(soonest->rested - now));
}

void Relay::plan_fail_back() {
  timer_.cancel();
  if (current_ == 0) return;
  const auto end = tries_.begin() + static_cast<std::ptrdiff_t>(current_);
  const auto soonest = std::min_element(
      tries_.begin(), end, [](const Try& a, const Try& b) { return a.rested < b.rested; });
  const auto wait = soonest->rested - ground_.connector().loop().now();
  timer_.after(std::max(0us, std::chrono::ceil<std::chrono::microseconds>(wait)));
}

void Relay::ask(std::size_t upstream) {
  if (lease_ == 0) state_ = State::kAsking;
  if (!ground_.calls().try_enter(kMostCalls)) {
    timer_.after(std::chrono::duration_cast<std::chrono::microseconds>(
        kForAPlace * (0.5 + ground_.rng().unit())));
    return;
  }
  call_ = std::make_unique<Call>();
  call_->place = GatePass(&ground_.calls());
  UpstreamAsk asked{plan_.upstreams[upstream], ground_.user_agent(), plan_.icy_metadata,
                    ground_.head_deadline(), request_lines()};
  call_->call = std::make_unique<UpstreamCall>(
      ground_.connector(), std::move(asked), [this, upstream](Result<UpstreamAnswer> answer) {
        const auto call = std::move(call_);  // is under our feet
        on_answer(upstream, std::move(answer));
      });
}

// Listeners that are here have heard what came before: of another upstream's burst they need only
// what they missed.  A whole one would put them seconds behind the listeners of other nodes.
std::string Relay::request_lines() const {
  std::string lines = ground_.request_lines(plan_.local_mount);
  const auto mount = ground_.mounts().find(plan_.local_mount);
  if (lines.empty() || !mount) return lines;
  auto missed = std::chrono::ceil<std::chrono::milliseconds>(ground_.connector().loop().now() -
                                                             flowed_until_);
  if (lease_ != 0) {
    missed = kSpareOfRunning;
  } else if (mount->phase() == MountPhase::kLingering && missed < kLongestGap) {
    missed += missed / 4 + kSpare;
  } else {
    return lines;
  }
  const std::uint64_t rate = mount->usual_bytes_per_second.load(std::memory_order_relaxed);
  if (rate == 0) return lines;
  return lines + relay_burst_line(rate * static_cast<std::uint64_t>(missed.count()) / 1000);
}

void Relay::on_answer(std::size_t upstream, Result<UpstreamAnswer> answer) {
  if (!answer) {
    failed(upstream, answer.error().what);
    go_on();
    return;
  }
  const std::string passed = path_of(answer->headers);
  if (path_contains(passed, ground_.node_mark()) || path_hops(passed) > kMostHops) {
    failed(upstream, plan_.upstreams[upstream].target.host +
                         " has the stream from here, by way of " + passed);
    go_on();
    return;
  }
  enter(upstream, std::move(*answer));
}

void Relay::failed(std::size_t upstream, const std::string& why) {
  Try& tried = tries_[upstream];
  rest(upstream,
       tried.delay == 0ms ? timing_.first_delay : std::min(tried.delay * 2, longest_rest()));
  say(LogLevel::kWarn, why + "; asked again in " + std::to_string(tried.delay.count()) + "ms");
}

std::chrono::milliseconds Relay::longest_rest() const {
  return std::max<std::chrono::milliseconds>(plan_.retry_delay, timing_.first_delay);
}

void Relay::rest(std::size_t upstream, std::chrono::milliseconds delay) {
  Try& tried = tries_[upstream];
  tried.delay = delay;
  const auto varied =
      std::chrono::duration_cast<SteadyTime::duration>(delay * (0.75 + ground_.rng().unit() / 2));
  tried.rested = ground_.connector().loop().now() + varied;
}

void Relay::enter(std::size_t upstream, UpstreamAnswer answer) {
  Loop& loop = ground_.connector().loop();
  const auto settings = ground_.settings_of(plan_.local_mount);
  Entry entry;
  entry.from = plan_.upstreams[upstream];
  entry.facts =
      make_relay_facts(answer.headers, *settings,
                       SourcePeer{plan_.upstreams[upstream].target.host, loop.clock().wall(),
                                  loop.clock().steady(), path_of(answer.headers)});
  if (lease_ != 0 && entry.facts->content_type != content_type_) {
    failed(upstream,
           "the better upstream has " + entry.facts->content_type + ", not " + content_type_);
    go_on();
    return;
  }
  entry.worker = ground_.quiet_worker();
  entry.answer = std::move(answer);
  state_ = State::kEntering;

  WriterAsk asked;
  asked.mount = plan_.local_mount;
  asked.facts = entry.facts;
  asked.home = entry.worker;
  asked.kind = WriterKind::kRelay;
  asked.replaces = lease_;
  asked.left = [ground = &ground_, id = id_](const WriterLeft& how) {
    if (Relay* relay = ground->find_relay(id)) relay->on_left(how);
  };
  ground_.admission().admit(std::move(asked), [ground = &ground_, id = id_,
                                               entry = std::move(entry)](
                                                  Result<WriterLease> lease) mutable {
    if (Relay* relay = ground->find_relay(id))
      relay->entered(std::move(entry), std::move(lease));
    else if (lease)
      ground->admission().give_back(SourceEnd{std::move(*lease), EndReason::kRemoved, 0, 0ms, 0ms});
  });
}

void Relay::entered(Entry entry, Result<WriterLease> lease) {
  // The plan may be another one by now.
  const auto from = std::find(plan_.upstreams.begin(), plan_.upstreams.end(), entry.from);
  const auto at = static_cast<std::size_t>(from - plan_.upstreams.begin());
  if (!lease) {
    state_ = lease_ != 0 ? State::kRunning : State::kAsking;
    for (std::size_t i = 0; i < tries_.size(); ++i)
      if (lease_ == 0 || i < current_) rest(i, longest_rest());
    say(LogLevel::kInfo, "new relay but source already exists (" + lease.error().what + ")");
    go_on();
    return;
  }
  state_ = State::kRunning;
  lease_ = lease->id;
  home_ = entry.worker;
  current_ = at < tries_.size() ? at : 0;
  content_type_ = entry.facts->content_type;
  const ConnectTarget& server = entry.from.target;
  say(LogLevel::kInfo, "streams " + content_type_ + " from " + server.host + ":" +
                           std::to_string(server.port) + entry.from.mount);
  SourceOffer offer;
  offer.transport = std::move(entry.answer.transport);
  offer.leftover = std::move(entry.answer.leftover);
  offer.body = entry.answer.body;
  offer.metaint = entry.answer.metaint;
  ground_.add_source(home_, std::move(offer), std::move(*lease), entry.facts);
  if (at == tries_.size())
    ground_.end_source(home_, lease_, EndReason::kReplaced);
  else
    plan_fail_back();
}

void Relay::on_left(const WriterLeft& how) {
  if (how.lease != lease_) return;  // a better upstream has taken over
  lease_ = 0;
  if (state_ == State::kEntering) return;  // entered() follows
  const bool flowed = how.lasted >= timing_.flowed && how.bytes_read > 0;
  has_flowed_ = has_flowed_ || flowed;
  if (how.bytes_read > 0) flowed_until_ = ground_.connector().loop().now() - how.silent;
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
      rest(current_, longest_rest());
      break;
    default:
      if (flowed)
        rest(current_, timing_.delay_after_flow);
      else
        failed(current_, "the stream ended after " + std::to_string(how.lasted.count()) + "ms");
  }
  call_.reset();
  go_on();
}

void Relay::say(LogLevel level, const std::string& text) const {
  ground_.log().write(level, "relay/relay", "relay " + plan_.local_mount + ": " + text);
}

std::string_view Relay::state_text() const noexcept {
  switch (state_) {
    case State::kIdle:
      return "idle";
    case State::kAsking:
    case State::kEntering:
      return "connecting";
    case State::kRunning:
      return "running";
    case State::kWaiting:
      return "waiting";
  }
  return "";
}

}  // namespace lb
