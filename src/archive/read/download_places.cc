#include "archive/read/download_places.h"

#include <utility>

namespace lb {
namespace {

// A player that seeks sends the second request before the first connection is closed.
constexpr unsigned kFewOfOne = 2;

}  // namespace

DownloadPlaces::Place::~Place() {
  if (!of_) return;
  std::lock_guard<std::mutex> guard(of_->mutex_);
  --of_->taken_;
}

std::optional<DownloadPlaces::Place> DownloadPlaces::try_enter(const Address& address,
                                                               unsigned limit, bool of_many) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (taken_ >= limit) return std::nullopt;
  const unsigned own = of_many ? 0 : addresses_.inside(address, "");
  if (own > 0 && taken_ + 1 >= limit) return std::nullopt;
  if (own >= kFewOfOne && 2 * taken_ >= limit) return std::nullopt;
  auto entered = addresses_.try_enter(address, "", limit);
  if (!entered) return std::nullopt;
  Place place;
  place.of_ = shared_from_this();
  place.address_ = std::move(*entered);
  ++taken_;
  return place;
}

unsigned DownloadPlaces::taken() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return taken_;
}

}  // namespace lb
