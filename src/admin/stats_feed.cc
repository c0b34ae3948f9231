#include "admin/stats_feed.h"

#include <utility>

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 400ms;  // Icecast looks every half second
constexpr std::size_t kMostPending = 1 << 20;

}  // namespace

StatsFeed::StatsFeed(Loop& loop, Station& station)
    : station_(station), followers_(loop), timer_(loop, [this] { tick(); }) {}

StatsFeed::~StatsFeed() = default;

void StatsFeed::add(std::unique_ptr<Transport> transport, std::string head, Ended ended) {
  followers_.add(std::move(transport), std::move(head), std::move(ended));
  look();
  if (!timer_.armed()) timer_.after(kTick);
}

void StatsFeed::tick() {
  if (followers_.empty()) {
    last_ = {};
    return;
  }
  look();
  timer_.after(kTick);
}

void StatsFeed::look() {
  station_.stats([this](StatsDocument now) { tell(std::move(now)); });
}

void StatsFeed::tell(StatsDocument now) {
  const std::string changes = stats_event_lines(last_, now);
  followers_.for_each([&](Followers::Follower& follower) {
    if (follower.greeted) {
      followers_.tell(follower, changes);
      return;
    }
    const std::string dump = stats_event_lines(now);
    follower.most_pending = follower.out.size() + dump.size() + kMostPending;
    follower.greeted = true;
    followers_.tell(follower, dump);
  });
  last_ = std::move(now);
  followers_.sweep();
}

}  // namespace lb
