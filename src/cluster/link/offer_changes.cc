#include "cluster/link/offer_changes.h"

#include <utility>

namespace lb {

OfferChanges::Change OfferChanges::update(std::vector<StreamOffer> now) {
  std::map<std::string, StreamOffer, std::less<>> next;
  for (StreamOffer& offer : now) {
    std::string mount = offer.mount;
    next.try_emplace(std::move(mount), std::move(offer));
  }
  Change change;
  for (const auto& [mount, offer] : next) {
    const auto old = offers_.find(mount);
    if (old == offers_.end() || old->second != offer) change.added.push_back(offer);
  }
  for (const auto& [mount, offer] : offers_)
    if (!next.contains(mount)) change.removed.push_back(mount);
  offers_ = std::move(next);
  return change;
}

void OfferChanges::set(const std::string& mount, std::optional<StreamOffer> now, Change& change) {
  const auto old = offers_.find(mount);
  if (!now) {
    if (old == offers_.end()) return;
    offers_.erase(old);
    change.removed.push_back(mount);
  } else if (old == offers_.end() || old->second != *now) {
    change.added.push_back(*now);
    offers_.insert_or_assign(mount, std::move(*now));
  }
}

std::vector<StreamOffer> OfferChanges::all() const {
  std::vector<StreamOffer> out;
  out.reserve(offers_.size());
  for (const auto& [mount, offer] : offers_) out.push_back(offer);
  return out;
}

}  // namespace lb
