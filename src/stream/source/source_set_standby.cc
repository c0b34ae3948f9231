// SourceSet: standbys, encoders that are logged in and do not write.
#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/log.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

// The limit of the bytes that a spare may lack, as time at the rate of the stream.
constexpr std::chrono::milliseconds kSpareMayLag{1000};

// Moves the place of the spare's first byte to the end of the mount's log.  Returns false if the
// ring does not reach there.
bool fit_spare(SourceOffer& offer, const WriterLease& lease) {
  if (!offer.place) return true;
  const SourceRing& ring = *offer.state->ring;
  StreamPlace& place = *offer.place;
  const StreamLog& log = *lease.log;
  if (!log.has_span() || log.span().id != place.at.id) return false;
  const std::uint64_t head = log.span().origin_of(log.head());
  if (head < place.at.position) return false;
  // The number of the needed byte among those given to the ring.
  const std::uint64_t wanted = place.header_bytes + (head - place.at.position);
  const std::uint64_t from = std::min(wanted, ring.end());
  const std::uint64_t rate = lease.mount->bytes_per_second.load(std::memory_order_relaxed);
  const auto may_lag = rate * static_cast<std::uint64_t>(kSpareMayLag.count()) / 1000;
  if (from < ring.begin() || from < place.header_bytes || wanted - from > may_lag) return false;
  place.at.position += from - place.header_bytes;
  place.header_bytes = 0;
  place.after.reset();
  offer.state->from = static_cast<std::size_t>(from - ring.begin());
  return true;
}

}  // namespace

void SourceSet::add_standby(SourceOffer offer, const WriterLease& place, const SourceFacts& facts) {
  const std::uint64_t id = place.id;
  StandbyHost& host = *this;
  auto standby =
      std::make_unique<StandbySource>(*this, host, std::move(offer), id, place.mount, facts);
  StandbySource& added = *standby;
  standbys_[id] = std::move(standby);
  added.start();  // may end it
}

void SourceSet::promote(WriterLease lease, std::shared_ptr<const SourceFacts> facts,
                        SteadyTime since) {
  loop_.assert_here();
  const auto at = standbys_.find(lease.id);
  if (at == standbys_.end()) {
    SourceEnd end;
    end.lease = std::move(lease);
    end.reason = EndReason::kClientGone;
    end.last_data = since;
    callbacks_.ended(std::move(end));
    return;
  }
  SourceOffer offer = at->second->take_offer();
  standbys_.erase(at);
  offer.state->since = since;
  offer.state->last_title = lease.mount->metadata();
  add(std::move(offer), std::move(lease), std::move(facts));
}

void SourceSet::promote_spare(std::uint64_t spare, WriterLease lease,
                              std::shared_ptr<const SourceFacts> facts) {
  loop_.assert_here();
  const auto at = standbys_.find(spare);
  SourceEnd end;
  end.last_data = lease.mount->last_data();
  if (at != standbys_.end()) {
    SourceOffer offer = at->second->take_offer();
    standbys_.erase(at);
    offer.state->since = end.last_data;
    if (fit_spare(offer, lease)) {
      add(std::move(offer), std::move(lease), std::move(facts));
      return;
    }
  }
  end.lease = std::move(lease);
  end.reason = EndReason::kSpan;
  callbacks_.ended(std::move(end));
}

void SourceSet::let_hear(std::uint64_t id, UniqueFd pipe) {
  loop_.assert_here();
  if (const auto at = standbys_.find(id); at != standbys_.end())
    at->second->let_hear(std::move(pipe));
}

bool SourceSet::step_back(std::uint64_t lease, std::chrono::milliseconds silence) {
  if (has_ended(lease)) return true;
  Source& source = *sources_.find(lease)->second;
  if (silence.count() > 0 && source.silent() < silence) return false;
  if (!source.can_step_back()) {
    source.finish(EndReason::kReplaced);
    return true;
  }
  SourceEnd end;
  end.reason = EndReason::kReplaced;
  end.stepped_back = true;
  end.last_data = source.last_data();
  end.silent = std::chrono::duration_cast<std::chrono::milliseconds>(source.silent());
  SourceOffer offer = source.step_back();
  if (ready_) ::epoll_ctl(ready_.get(), EPOLL_CTL_DEL, offer.transport->fd(), nullptr);
  end.lease = source.take_lease();
  WriterLease place;
  place.mount = end.lease.mount;
  place.id = lease;
  silence_.erase(lease);
  sources_.erase(lease);
  choose_reading();
  log_.info("source/source", cat({"mount ", place.mount->name(), ": source from ",
                                  offer.transport->peer().ip(), " steps back, and stands by"}));
  callbacks_.ended(std::move(end));
  add_standby(std::move(offer), place, *place.mount->facts());
  return true;
}

void SourceSet::watch_silence(std::uint64_t lease, std::chrono::milliseconds silence) {
  loop_.assert_here();
  if (!sources_.contains(lease)) return;
  auto& watch = silence_[lease];
  // The task is posted, because it may destroy the source with this watch.
  if (!watch)
    watch = std::make_unique<SilenceWatch>(
        loop_, [this, lease] { loop_.post([this, lease] { check_silence(lease); }); });
  watch->silence = silence;
  check_silence(lease);
}

void SourceSet::check_silence(std::uint64_t lease) {
  const auto silent_for = [&]() -> std::optional<SteadyTime::duration> {
    const auto at = sources_.find(lease);
    if (at == sources_.end() || !silence_.contains(lease)) return std::nullopt;
    // A held source is silent because of this server.
    return at->second->is_held() ? SteadyTime::duration(0) : at->second->silent();
  };
  auto silence = silent_for();
  if (silence && *silence >= silence_.find(lease)->second->silence) {
    // Bytes waiting in the socket arrived in time and have only not been read yet.
    sources_.find(lease)->second->read_now();  // may end it
    silence = silent_for();
  }
  if (!silence) return;
  SilenceWatch& watch = *silence_.find(lease)->second;
  if (*silence < watch.silence)
    watch.timer.after(std::chrono::ceil<std::chrono::microseconds>(watch.silence - *silence));
  else if (callbacks_.silent)
    callbacks_.silent(sources_.find(lease)->second->lease().mount->name(), lease);
}

void SourceSet::standby_flows(StandbySource& standby, bool flows) {
  if (callbacks_.flows) callbacks_.flows(standby.mount().name(), standby.id(), flows);
}

void SourceSet::standby_ended(StandbySource& standby, EndReason reason) {
  const SourceState& state = standby.state();
  const auto lasted =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - state.connected);
  log_end(standby.offer(), standby.mount(), reason, state.bytes_read, lasted);
  SourceEnd end;
  end.reason = reason;
  end.bytes_read = state.bytes_read;
  end.lasted = lasted;
  end.last_data = state.last_data;
  end.lease.id = standby.id();
  end.lease.mount = standby.shared_mount();
  callbacks_.ended(std::move(end));
  // The last reference is dropped after the caller, a member of the standby, has returned.
  if (const auto at = standbys_.find(standby.id()); at != standbys_.end()) {
    auto done = std::make_shared<std::unique_ptr<StandbySource>>(std::move(at->second));
    standbys_.erase(at);
    loop_.post([done] {});
  }
}

}  // namespace lb
