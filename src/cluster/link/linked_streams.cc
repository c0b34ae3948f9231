#include "cluster/link/linked_streams.h"

#include <algorithm>

#include "cluster/relay/relay_marks.h"

namespace lb {

bool LinkedStreams::may_take(const StreamOffer& offer) const {
  return offer.path.size() <= kMaxHops &&
         std::find(offer.path.begin(), offer.path.end(), own_id_) == offer.path.end();
}

bool LinkedStreams::put(StreamOffer offer) {
  if (const auto at = streams_.find(offer.mount); at != streams_.end()) {
    Stream& known = at->second;
    if (known.state == OfferState::kOffered && known.offer == offer) return false;
    known = {std::move(offer), OfferState::kOffered, {}, true, ++offer_number_};
    note(at->first);
    return true;
  }
  if (streams_.size() >= kMaxStreams) return false;
  std::string mount = offer.mount;
  note(mount);
  streams_.emplace(std::move(mount),
                   Stream{std::move(offer), OfferState::kOffered, {}, true, ++offer_number_});
  return true;
}

void LinkedStreams::note(const std::string& mount) {
  ++revision_;
  changed_.insert(mount);
}

void LinkedStreams::fade(const std::string& mount, Stream& stream, OfferState state,
                         SteadyTime until) {
  stream.state = state;
  stream.until = until;
  stream.settled = false;
  fading_.emplace(until, mount);
  note(mount);
}

bool LinkedStreams::withdraw(std::string_view mount, SteadyTime now) {
  const auto at = streams_.find(mount);
  if (at == streams_.end() || at->second.state == OfferState::kWithdrawn) return false;
  fade(at->first, at->second, OfferState::kWithdrawn, now + kGrace);
  return true;
}

bool LinkedStreams::snapshot(std::vector<StreamOffer> offers, bool more, SteadyTime now) {
  for (StreamOffer& offer : offers) {
    if (arriving_.size() >= kMaxStreams) break;
    std::string mount = offer.mount;
    if (may_take(offer)) arriving_.insert_or_assign(std::move(mount), std::move(offer));
  }
  if (more) return false;
  bool changed = false;
  for (const auto& [mount, stream] : streams_)
    if (!arriving_.contains(mount)) changed = withdraw(mount, now) || changed;
  for (auto& [mount, offer] : std::exchange(arriving_, {}))
    changed = put(std::move(offer)) || changed;
  return forget(now) || changed;
}

bool LinkedStreams::delta(std::vector<StreamOffer> added, const std::vector<std::string>& removed,
                          SteadyTime now) {
  bool changed = false;
  for (const std::string& mount : removed) changed = withdraw(mount, now) || changed;
  for (StreamOffer& offer : added) {
    // A stream that comes through this node now counts as withdrawn.
    const bool fits = may_take(offer);
    changed = (fits ? put(std::move(offer)) : withdraw(offer.mount, now)) || changed;
  }
  return forget(now) || changed;
}

bool LinkedStreams::connection_lost(SteadyTime now) {
  arriving_.clear();
  bool changed = false;
  for (auto& [mount, stream] : streams_) {
    if (stream.state != OfferState::kOffered) continue;
    fade(mount, stream, OfferState::kLost, now + kKept);
    changed = true;
  }
  return changed;
}

void LinkedStreams::take_over(LinkedStreams& from, SteadyTime now) {
  streams_ = std::exchange(from.streams_, {});
  offer_number_ = from.offer_number_;
  fading_ = std::exchange(from.fading_, {});
  for (const auto& [mount, stream] : streams_) note(mount);
  connection_lost(now);
}

bool LinkedStreams::forget(SteadyTime now) {
  bool changed = false;
  for (auto each = fading_.begin(); each != fading_.end() && each->first <= now;) {
    const auto at = streams_.find(each->second);
    if (at == streams_.end() || at->second.state == OfferState::kOffered ||
        at->second.until != each->first) {
      each = fading_.erase(each);
      continue;
    }
    Stream& stream = at->second;
    const bool settles = !std::exchange(stream.settled, true);
    const bool gone = !flows_(at->first);
    if (settles || gone) {
      note(at->first);
      changed = true;
    }
    if (gone) {
      streams_.erase(at);
      each = fading_.erase(each);
    } else {
      ++each;
    }
  }
  return changed;
}

}  // namespace lb
