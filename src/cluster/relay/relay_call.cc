// One call of a relay: from asking an upstream to its stream; see relay.h.
#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "cluster/relay/relay.h"
#include "cluster/relay/relay_marks.h"
#include "media/same_format.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_facts.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMaxCalls = 128;
constexpr auto kForAPlace = 100ms;
// Added to the missed time, for differences of clocks and a variable bit rate.
constexpr auto kSpare = 250ms;
// While the stream still flows here, its last bytes may be as old as an upstream's pulse.
constexpr auto kSpareOfRunning = 500ms;
constexpr auto kLongestGap = 60s;
constexpr std::chrono::milliseconds kLongestStall = 10s;
// The limit is needed because servers of some formats always send a listener the first byte.
constexpr unsigned kMaxTooYoung = 3;
constexpr std::string_view kOwnProduct = "icecast-lb";

}  // namespace

void Relay::ask(std::size_t upstream) {
  if (lease_ == 0) state_ = State::kAsking;
  call_ = make_call(upstream, kMaxCalls, [this](Result<UpstreamAnswer> answer) {
    const auto call = std::move(call_);  // it is running this callback
    timer_.cancel();
    if (call->slow) host_.pull_changed(call->from.target, PullFault::kNone);
    on_answer(call->from, std::move(answer), call->call->fault());
  });
  if (!call_)
    timer_.after(std::chrono::duration_cast<std::chrono::microseconds>(kForAPlace *
                                                                       (0.5 + host_.rng().unit())));
  else if (lease_ == 0)
    timer_.after(has_spare() ? timing_.spare_after : patience(upstream));
}

// Null: `most` calls are in progress.
std::unique_ptr<Relay::Call> Relay::make_call(std::size_t upstream, std::int64_t most,
                                              UpstreamCall::Then then) {
  if (!host_.calls().try_enter(most)) return nullptr;
  auto call = std::make_unique<Call>();
  call->from = plan_.upstreams[upstream];
  call->since = host_.connector().loop().now();
  call->place = GatePass(&host_.calls());
  UpstreamAsk asked{plan_.upstreams[upstream], host_.user_agent(),
                    plan_.icy_metadata,        host_.head_deadline(),
                    request_lines(),           host_.pull_line(plan_.upstreams[upstream])};
  asked.source_types = host_.source_types(plan_.local_mount);
  if (is_program(upstream))
    asked.program = [this, from = &call->from] {
      return host_.start_program(plan_.local_mount, *from);
    };
  call->call = std::make_unique<UpstreamCall>(host_.connector(), std::move(asked), std::move(then));
  return call;
}

// Returns "" unless the stream of this answer has passed this node.
std::string Relay::circle_of(const UpstreamAnswer& answer, const Upstream& from) const {
  const std::string passed = path_of(answer.headers);
  if (!path_contains(passed, host_.node_mark()) && path_hops(passed) <= kMaxHops) return {};
  return cat({from.target.host, " has the stream from here, by way of ", passed});
}

// Present listeners only need the part that they missed.  A whole burst would put them seconds
// behind the listeners of other nodes.
std::string Relay::request_lines() const {
  std::string lines = host_.request_lines(plan_.local_mount);
  const auto mount = host_.mounts().find(plan_.local_mount);
  const bool marked = !lines.empty();
  // A server whose configured name hides its product must not reveal it by this header.
  if (marked || host_.user_agent().find(kOwnProduct) != std::string::npos)
    lines += cat({"X-LB-Stream: ", print_stream_ask({next_byte()}), "\r\n"});
  if (!marked || !mount) return lines;
  const bool runs = lease_ != 0;  // the time of the silent connection was missed too
  auto missed = std::chrono::ceil<std::chrono::milliseconds>(
      host_.connector().loop().now() - (runs ? mount->last_data() : flowed_until_));
  if (missed >= kLongestGap || (!runs && mount->phase() != MountPhase::kLingering)) return lines;
  missed += missed / 4 + (runs ? kSpareOfRunning : kSpare);
  const std::uint64_t rate = mount->usual_bytes_per_second();
  if (rate == 0) return lines;
  return lines + relay_burst_line(rate * static_cast<std::uint64_t>(missed.count()) / 1000);
}

// The address of the next byte for listeners; nullopt: the last byte has no address.
std::optional<StreamAddress> Relay::next_byte() const {
  const auto mount = host_.mounts().find(plan_.local_mount);
  if (!mount || (lease_ == 0 && mount->phase() != MountPhase::kLingering)) return std::nullopt;
  const auto view = mount->channel().newest();
  const StreamSpan* span = view->span_at(view->end);
  if (span == nullptr || view->ended || span->id == StreamIdentity{}) return std::nullopt;
  return StreamAddress{span->id, span->origin_of(view->end)};
}

void Relay::on_answer(const Upstream& from, Result<UpstreamAnswer> answer, PullFault fault) {
  const std::size_t upstream = place_of(from);  // in the plan: update() drops the others
  const bool proof = state_ == State::kIdle && !is_wanted();
  if (!answer) {
    failed(upstream, answer.error().what, fault);
    if (proof)
      plan_proof();
    else
      go_on();
    return;
  }
  if (const std::string circle = circle_of(*answer, from); !circle.empty()) {
    failed(upstream, circle, PullFault::kCircle);
    if (proof)
      plan_proof();
    else
      go_on();
    return;
  }
  note_fault(upstream, PullFault::kNone);
  if (lease_ != 0 && upstream >= current_ && current_ < tries_.size() && !is_stalled()) {
    log(LogLevel::kInfo, cat({"flows again; ", from.target.host, " is not needed"}));
    go_on();
    return;
  }
  if (proof) {
    tries_[upstream] = Try{};
    log(LogLevel::kInfo, "can be pulled again from " + plan_.upstreams[upstream].target.host);
    return;
  }
  enter(upstream, std::move(*answer));
}

// A better upstream whose stream has just begun may lack, or repeat, bytes that the mount has sent
// a moment ago.
bool Relay::is_too_young(std::size_t upstream, const std::optional<StreamPlace>& place) {
  if (lease_ == 0 || upstream >= current_ || current_ == tries_.size() || is_stalled())
    return false;
  if (!place || place->at.position > 0 || place->after) return false;
  return tries_[upstream].too_young++ < kMaxTooYoung;
}

void Relay::enter(std::size_t upstream, UpstreamAnswer answer) {
  Loop& loop = host_.connector().loop();
  const auto place = parse_stream_place(answer.headers.get("x-lb-stream"));
  if (is_too_young(upstream, place)) {
    rest(upstream, timing_.flowed);
    log(LogLevel::kInfo,
        cat({"its stream has begun just now at ", to_text(plan_.upstreams[upstream]),
             "; asked again in ", timing_.flowed.count(), "ms"}));
    go_on();
    return;
  }
  // The old connection may still deliver every byte, and those that the new one lacks would be
  // lost; but not where another server answers by now, or the same one after a restart.
  const auto next = next_byte();
  const bool goes_on = place && next && place->at == *next;
  const bool is_other = place && next && place->at.id != next->id && is_stalled();
  if (lease_ != 0 && upstream == current_ && !goes_on && !is_other) {
    rest(upstream, kStallsOfOne * plan_.stall);
    log(LogLevel::kDebug, "does not go on at the next byte; the present connection is left");
    go_on();
    return;
  }
  tries_[upstream].too_young = tries_[upstream].unanswered = 0;
  const auto settings = host_.settings_of(plan_.local_mount);
  Entry entry;
  entry.from = plan_.upstreams[upstream];
  entry.facts = make_relay_facts(answer.headers, *settings,
                                 SourcePeer{plan_.upstreams[upstream].target.host,
                                            loop.clock().wall(),
                                            loop.clock().steady(),
                                            path_of(answer.headers),
                                            {},
                                            plan_.on_demand});
  if (lease_ != 0 && !same_format(entry.facts->content_type, content_type_)) {
    failed(upstream,
           cat({"the better upstream has ", entry.facts->content_type, ", not ", content_type_}),
           PullFault::kNoStream);
    go_on();
    return;
  }
  if (const auto past = parse_u64(answer.headers.get("x-lb-burst")); past && lease_ == 0)
    host_.past_comes(plan_.local_mount, *past);
  entry.worker = host_.quiet_worker();
  entry.place = place;
  entry.answer = std::move(answer);
  const Begun stream = entry;
  ask_to_write(stream, [entry = std::move(entry)](Relay& relay, Result<WriterLease> lease) mutable {
    relay.entered(std::move(entry), std::move(lease));
  });
}

std::function<void(const WriterLeft&)> Relay::when_left() {
  return [host = &host_, id = id_](const WriterLeft& how) {
    if (Relay* relay = host->find_relay(id)) relay->on_left(how);
  };
}

void Relay::ask_to_write(const Begun& stream,
                         UniqueFunction<void(Relay& relay, Result<WriterLease> lease)> then) {
  state_ = State::kEntering;
  WriterAsk asked;
  asked.mount = plan_.local_mount;
  asked.facts = stream.facts;
  asked.home = stream.worker;
  asked.kind = WriterKind::kRelay;
  asked.replaces = lease_;
  asked.left = when_left();
  host_.admission().admit(std::move(asked), [host = &host_, id = id_, then = std::move(then)](
                                                Result<WriterLease> lease) mutable {
    if (Relay* relay = host->find_relay(id))
      then(*relay, std::move(lease));
    else if (lease)
      host->admission().give_back(SourceEnd{std::move(*lease), EndReason::kRemoved, 0, 0ms, 0ms});
  });
}

void Relay::not_entered(const std::string& why) {
  state_ = lease_ != 0 ? State::kRunning : State::kAsking;
  if (!is_taken()) {
    for (std::size_t i = 0; i < tries_.size(); ++i)
      if (lease_ == 0 || i < current_) keep_resting(i);
    log(LogLevel::kInfo, cat({"new relay but source already exists (", why, ")"}));
  }
  go_on();
}

void Relay::entered(Entry entry, Result<WriterLease> lease) {
  if (!lease) {
    not_entered(lease.error().what);
    return;
  }
  adopt(entry, *lease);
  SourceOffer offer;
  offer.transport = std::move(entry.answer.transport);
  offer.leftover = std::move(entry.answer.leftover);
  offer.body = entry.answer.body;
  offer.metaint = entry.answer.metaint;
  offer.place = entry.place;
  host_.add_source(home_, std::move(offer), std::move(*lease), entry.facts);
  settle();
}

// This connection is now the writer.
void Relay::adopt(const Begun& stream, const WriterLease& lease) {
  const auto& [from, worker, facts, place] = stream;
  const std::size_t at = place_of(from);  // the plan may have changed meanwhile
  state_ = State::kRunning;
  if (lease_ != 0)
    left_why_ = current_ == tries_.size() ? "not configured any more"
                : current_ <= at          ? "silent"
                                          : "a better upstream is back";
  if (lease_ != 0 && current_ < at) rest(current_, timing_.flowed);  // current_ was silent
  if (const auto mount = host_.mounts().find(plan_.local_mount); mount && is_stalled()) {
    bytes_at_switch_ = mount->bytes_read.load(std::memory_order_relaxed);
    stall_ = std::min<std::chrono::milliseconds>(std::max(stall_, plan_.stall) * 2, kLongestStall);
  } else {
    stall_ = plan_.stall;
  }
  lease_ = lease.id;
  dry_place_.leave();
  vain_place_.leave();
  home_ = worker;
  current_ = at;
  placed_ = place.has_value();
  crowd_ = place ? place->relays : 0;
  switched_from_ = streaming_ == Upstream{} ? "" : to_text(streaming_);
  // At a seam of the same upstream there is no change to log.
  const bool same = lease.goes_on && same_place(streaming_, from);
  is_switch_ = !same || !at_seam_;
  streaming_ = from;
  content_type_ = facts->content_type;
  log(same ? LogLevel::kDebug : LogLevel::kInfo,
      cat({"streams ", content_type_, " from ", to_text(from)}));
}

bool Relay::claim() {
  auto handed = host_.take_handed(plan_.local_mount);
  if (!handed) return false;
  const RelayRecord& saved = handed->relay;
  Upstream from = saved.from;
  // A program has no address, so the upstream is found by its command.
  for (const Upstream& each : plan_.upstreams)
    if (!from.program.empty() && each.program == from.program &&
        each.content_type == from.content_type)
      from = each;
  current_ = place_of(from);
  if (current_ < tries_.size()) from = plan_.upstreams[current_];
  // The new plan asks with titles and the old connection has none, or the reverse.
  if (from.program.empty() && saved.icy_metadata != plan_.icy_metadata) current_ = tries_.size();
  state_ = State::kRunning;
  lease_ = saved.lease;
  home_ = handed->home;
  streaming_ = std::move(from);
  content_type_ = std::move(handed->content_type);
  placed_ = saved.placed;
  crowd_ = saved.crowd;
  has_flowed_ = saved.has_flowed;
  stall_ = plan_.stall;
  last_wanted_ = host_.connector().loop().now();
  host_.admission().attach(plan_.local_mount, lease_, when_left());
  if (current_ == tries_.size())
    go_on();
  else
    plan_fail_back();
  watch_flow();
  return true;
}

RelayRecord Relay::save() const {
  RelayRecord saved;
  saved.lease = lease_;
  saved.mount = plan_.local_mount;
  saved.from = streaming_;
  // A connection that no longer fits the plan is saved with the opposite value.
  saved.icy_metadata = plan_.icy_metadata == (current_ < tries_.size());
  saved.placed = placed_;
  saved.crowd = crowd_;
  saved.has_flowed = has_flowed_;
  return saved;
}

// Called when another connection writes the mount.
void Relay::settle() {
  if (plan_.held || current_ == tries_.size())
    host_.end_source(home_, lease_, EndReason::kReplaced);
  else
    plan_fail_back();
  watch_flow();
}

void Relay::went_on(const Seam& seam) {
  if (seam.lease != lease_ || !is_switch_) return;
  last_gap_ = seam.gap;
  host_.relay_switched(plan_.local_mount, {switched_from_, to_text(streaming_), left_why_, seam});
}

}  // namespace lb
