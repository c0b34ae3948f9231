#include "cluster/linked_streams.h"

#include <algorithm>
#include <utility>

#include "cluster/relay_marks.h"

namespace lb {

bool LinkedStreams::may_take(const StreamOffer& offer) const {
  return offer.path.size() <= kMostHops &&
         std::find(offer.path.begin(), offer.path.end(), own_id_) == offer.path.end();
}

bool LinkedStreams::put(StreamOffer offer) {
  withdrawn_.erase(offer.mount);
  if (const auto at = streams_.find(offer.mount); at != streams_.end()) {
    if (at->second == offer) return false;
    at->second = std::move(offer);
    return true;
  }
  if (full()) return false;
  std::string mount = offer.mount;
  streams_.emplace(std::move(mount), std::move(offer));
  return true;
}

bool LinkedStreams::snapshot(std::vector<StreamOffer> offers, bool more, SteadyTime now) {
  for (StreamOffer& offer : offers) {
    if (arriving_.size() >= kMostStreams) break;
    std::string mount = offer.mount;
    if (may_take(offer)) arriving_.insert_or_assign(std::move(mount), std::move(offer));
  }
  if (more) return false;
  bool changed = false;
  for (const auto& [mount, offer] : streams_)
    if (!arriving_.contains(mount)) withdrawn_.insert_or_assign(mount, now);
  for (auto& [mount, offer] : std::exchange(arriving_, {})) changed = put(offer) || changed;
  return forget(now) || changed;
}

bool LinkedStreams::delta(std::vector<StreamOffer> added, const std::vector<std::string>& removed,
                          SteadyTime now) {
  bool changed = false;
  for (const std::string& mount : removed)
    if (streams_.contains(mount)) withdrawn_.insert_or_assign(mount, now);
  for (StreamOffer& offer : added) {
    // Comes through us now: as good as withdrawn.
    if (!may_take(offer)) {
      if (streams_.contains(offer.mount)) withdrawn_.insert_or_assign(offer.mount, now);
      continue;
    }
    changed = put(std::move(offer)) || changed;
  }
  return forget(now) || changed;
}

void LinkedStreams::connection_lost(SteadyTime now) {
  arriving_.clear();
  for (const auto& [mount, offer] : streams_) withdrawn_.try_emplace(mount, now + kKept);
}

bool LinkedStreams::forget(SteadyTime now) {
  const auto before = streams_.size();
  for (auto at = withdrawn_.begin(); at != withdrawn_.end();) {
    if (at->second > now || flows_(at->first)) {
      ++at;
      continue;
    }
    streams_.erase(at->first);
    at = withdrawn_.erase(at);
  }
  return streams_.size() != before;
}

}  // namespace lb
