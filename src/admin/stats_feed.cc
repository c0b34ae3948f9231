#include "admin/stats_feed.h"

#include <utility>

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 400ms;  // Icecast compares every half second
constexpr std::size_t kMaxPendingStats = 1 << 20;

}  // namespace

StatsFeed::StatsFeed(Loop& loop, Station& station)
    : station_(station), followers_(loop), timer_(loop, [this] { tick(); }) {}

StatsFeed::~StatsFeed() = default;

void StatsFeed::add(std::unique_ptr<Transport> transport, std::string head, Ended ended) {
  followers_.add(std::move(transport), std::move(head), std::move(ended));
  request_news();
  if (!timer_.armed()) timer_.after(kTick);
}

void StatsFeed::tick() {
  if (followers_.empty()) {
    last_.reset();
    return;
  }
  if (!asked_) request_news();
  timer_.after(kTick);
}

void StatsFeed::request_news() {
  if (asked_) {
    request_again_ = true;
    return;
  }
  asked_ = true;
  bool newcomers = false;
  followers_.for_each(
      [&newcomers](Followers::Follower& follower) { newcomers = newcomers || !follower.greeted; });
  // The old document is freed where it is compared: it is many small things.
  station_.stats_news(std::exchange(last_, nullptr), newcomers,
                      [this](StatsNews news) { send(std::move(news)); });
}

void StatsFeed::send(StatsNews news) {
  asked_ = false;
  last_ = std::move(news.now);
  followers_.for_each([&](Followers::Follower& follower) {
    if (follower.greeted) {
      followers_.send(follower, news.changes);
      return;
    }
    // It came after the question: the next answer greets it.
    if (!news.dump) return;
    follower.most_pending = follower.out.size() + news.dump->size() + kMaxPendingStats;
    follower.greeted = true;
    followers_.send(follower, *news.dump);
  });
  followers_.sweep();
  if (followers_.empty()) last_.reset();
  if (std::exchange(request_again_, false) && !followers_.empty()) request_news();
}

}  // namespace lb
