// A relay with <standby>hot reads its best other upstream beside the writing one.
#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "cluster/relay/relay.h"
#include "cluster/relay/relay_marks.h"
#include "media/same_format.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_facts.h"
#include "stream/source/source_offer.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// The remaining calls are reserved for listeners that hear nothing.
constexpr std::int64_t kMaxSpareCalls = 64;
constexpr auto kForASpare = 1s;  // the pause before the next attempt at a free call

}  // namespace

void RelayHost::promote_spare(unsigned /*worker*/, std::uint64_t /*spare*/, WriterLease /*lease*/,
                              std::shared_ptr<const SourceFacts> /*facts*/) {}

// Asks for a (better) spare, and switches to a spare that is better than the present upstream.
void Relay::keep_spare() {
  spare_timer_.cancel();
  if (!plan_.hot || plan_.held || lease_ == 0 || state_ != State::kRunning) return;
  const SteadyTime now = host_.connector().loop().now();
  if (spare_) {
    const std::size_t at = place_of(spare_->from);
    if (at == tries_.size() || at == current_) drop_spare();
  }
  // The upstream that writes now may have been asked while another one wrote.
  if (spare_call_ && place_of(spare_call_->from) == current_) spare_call_.reset();
  const std::size_t kept = spare_ ? place_of(spare_->from) : tries_.size();
  SteadyTime next = SteadyTime::max();
  if (has_spare() && kept < current_) {
    next = spare_->flows_since + timing_.flowed;
    if (next <= now) {
      use_spare();
      return;
    }
  }
  for (std::size_t i = 0; i < kept && !spare_call_; ++i) {
    if (i == current_ || is_program(i)) continue;
    if (tries_[i].rested > now) {
      next = std::min(next, tries_[i].rested);
      continue;
    }
    spare_call_ = make_call(i, kMaxSpareCalls, [this](Result<UpstreamAnswer> answer) {
      const auto call = std::move(spare_call_);  // it is running this callback
      on_spare_answer(call->from, std::move(answer), call->call->fault());
    });
    if (!spare_call_)
      next = std::min(next, now + std::chrono::duration_cast<SteadyTime::duration>(
                                      kForASpare * (0.5 + host_.rng().unit())));
    break;
  }
  if (next != SteadyTime::max()) spare_timer_.after(next - now);
}

void Relay::on_spare_answer(const Upstream& from, Result<UpstreamAnswer> answer, PullFault fault) {
  const std::size_t at = place_of(from);  // in the plan, because update() drops calls to others
  if (lease_ == 0) return;
  if (at == current_) return keep_spare();
  std::string why = answer ? circle_of(*answer, from) : answer.error().what;
  std::shared_ptr<const SourceFacts> facts;
  if (answer && why.empty()) {
    Loop& loop = host_.connector().loop();
    facts = make_relay_facts(answer->headers, *host_.settings_of(plan_.local_mount),
                             SourcePeer{from.target.host,
                                        loop.clock().wall(),
                                        loop.clock().steady(),
                                        path_of(answer->headers),
                                        {},
                                        plan_.on_demand});
    if (!same_format(facts->content_type, content_type_))
      why = cat({to_text(from), " has ", facts->content_type, ", not ", content_type_});
  }
  if (!why.empty()) {
    failed(at, why, fault);
    keep_spare();
    return;
  }
  drop_spare();
  SourceAdmission::SpareCallbacks callbacks;
  callbacks.flows = [host = &host_, id = id_](bool flows) {
    if (Relay* relay = host->find_relay(id)) relay->spare_flows(flows);
  };
  callbacks.left = [host = &host_, id = id_] {
    if (Relay* relay = host->find_relay(id)) relay->spare_left();
  };
  WriterLease place = host_.admission().add_spare(plan_.local_mount, lease_, std::move(callbacks));
  if (!place.mount) return;  // the relay's own lease has just ended
  Spare spare;
  spare.from = from;
  spare.id = place.id;
  spare.worker = home_;
  spare.facts = facts;
  SourceOffer offer;
  offer.transport = std::move(answer->transport);
  offer.leftover = std::move(answer->leftover);
  offer.body = answer->body;
  offer.metaint = answer->metaint;
  offer.place = parse_stream_place(answer->headers.get("x-lb-stream"));
  offer.silence = plan_.stall;
  spare.place = offer.place;
  spare_ = std::move(spare);
  const std::string text = to_text(from);
  // The spare also ends at a seam of the stream and is asked again, which is not logged twice.
  const bool same = std::exchange(spare_text_, text) == text;
  log(same ? LogLevel::kDebug : LogLevel::kInfo, cat({"reads ", text, " as its standby"}));
  host_.add_source(home_, std::move(offer), std::move(place), std::move(facts));
  keep_spare();
}

void Relay::spare_flows(bool flows) {
  if (!spare_) return;
  spare_->flows = flows;
  spare_->flows_since = host_.connector().loop().now();
  if (flows && lease_ == 0 && state_ == State::kWaiting)
    use_spare();
  else
    keep_spare();
}

void Relay::spare_left() {
  if (!spare_) return;
  const std::size_t at = place_of(spare_->from);
  const bool flowed =
      spare_->flows && host_.connector().loop().now() - spare_->flows_since >= timing_.flowed;
  drop_spare();  // the mount has ended and the spare has not
  if (at < tries_.size()) {
    const auto last = tries_[at].delay;
    rest(at,
         flowed || last == 0ms ? timing_.delay_after_flow : std::min(last * 2, longest_rest(at)));
  }
  keep_spare();
}

void Relay::drop_spare() {
  if (!spare_) return;
  host_.admission().forget_spare(plan_.local_mount, spare_->id);
  host_.end_source(spare_->worker, spare_->id, EndReason::kRemoved);
  spare_.reset();
}

// Makes the spare the writer after the present upstream was lost or given up.
void Relay::use_spare() {
  call_.reset();
  timer_.cancel();
  spare_timer_.cancel();
  ask_to_write(*spare_, [spare = *spare_](Relay& relay, Result<WriterLease> lease) {
    relay.spare_entered(spare, std::move(lease));
  });
}

// The spare may have ended meanwhile, or its ring may not reach the needed byte: then the lease
// returns at once and its server is asked.
void Relay::spare_entered(const Spare& spare, Result<WriterLease> lease) {
  if (!lease) {
    drop_spare();
    not_entered(lease.error().what);
    return;
  }
  adopt(spare, *lease);
  host_.admission().forget_spare(plan_.local_mount, spare.id);
  if (spare_ && spare_->id == spare.id) spare_.reset();
  host_.promote_spare(home_, spare.id, std::move(*lease), spare.facts);
  settle();
}

}  // namespace lb
