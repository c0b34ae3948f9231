#include "admin/feed/stats_feed.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::microseconds kTick = 400ms;
constexpr int kCostShare = 20;
constexpr std::string_view kAddressField = " source_ip ";
constexpr std::size_t kMaxPendingStats = 1 << 20;

// Removes the lines with the address of an encoder.
std::string without_addresses(std::string_view lines) {
  std::string kept;
  for (std::size_t at = 0, end = 0; at < lines.size(); at = end + 1) {
    end = std::min(lines.find('\n', at), lines.size() - 1);
    const std::string_view line = lines.substr(at, end + 1 - at);
    if (line.find(kAddressField) == std::string_view::npos) kept += line;
  }
  return kept;
}

}  // namespace

StatsFeed::StatsFeed(Loop& loop, Station& station)
    : station_(station), followers_(loop), timer_(loop, [this] { tick(); }) {}

StatsFeed::~StatsFeed() = default;

void StatsFeed::add(std::unique_ptr<Transport> transport, std::string head, Ended ended,
                    Followers::Scope scope) {
  Followers::Follower& follower =
      followers_.add(std::move(transport), std::move(head), std::move(ended));
  follower.scope = std::move(scope);
  follower.may_half_close = true;
  request_news();
  if (!timer_.armed()) timer_.after(kTick);
}

void StatsFeed::tick() {
  if (followers_.empty()) {
    last_.reset();
    return;
  }
  if (!asked_) request_news();
  timer_.after(std::max(kTick, pause_));
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
  // The old document moves along, because freeing its many small parts belongs on the thread that
  // compares it.
  station_.stats_news(std::exchange(last_, nullptr), newcomers,
                      [this](StatsNews news) { send(std::move(news)); });
}

void StatsFeed::send(StatsNews news) {
  asked_ = false;
  last_ = std::move(news.now);
  pause_ = news.cost * kCostShare;
  followers_.check_logins();
  const auto shown = [](const Followers::Follower& follower, const std::string& lines) {
    return follower.scope.addresses ? lines : without_addresses(lines);
  };
  followers_.for_each([&](Followers::Follower& follower) {
    if (follower.greeted) {
      followers_.send(follower, shown(follower, news.changes));
      return;
    }
    // A follower that joined after the request is greeted by the next answer.
    if (!news.dump) return;
    follower.most_pending = follower.out.size() + news.dump->size() + kMaxPendingStats;
    follower.greeted = true;
    followers_.send(follower, shown(follower, *news.dump));
  });
  followers_.sweep();
  if (followers_.empty()) last_.reset();
  if (std::exchange(request_again_, false) && !followers_.empty()) request_news();
}

}  // namespace lb
