#include "admin/stats_feed.h"

#include <array>
#include <utility>

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 400ms;  // Icecast looks every half second
constexpr std::size_t kMostPending = 1 << 20;

}  // namespace

StatsFeed::StatsFeed(Loop& loop, Station& station) : loop_(loop), station_(station), timer_(loop, [this] { tick(); }) {}

StatsFeed::~StatsFeed() = default;

void StatsFeed::add(std::unique_ptr<Transport> transport, std::string head, Ended ended) {
  Follower& follower = followers_.emplace_back();
  follower.feed = this;
  follower.transport = std::move(transport);
  follower.out = std::move(head);
  follower.ended = std::move(ended);
  follower.watch.start<&Follower::on_socket>(loop_, follower.transport->fd(), EV_READ, &follower);
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
  for (Follower& follower : followers_) {
    if (follower.greeted) {
      follower.out += changes;
    } else {
      follower.out += stats_event_lines(now);
      follower.most_pending = follower.out.size() + kMostPending;
      follower.greeted = true;
    }
    write_out(follower);
  }
  last_ = std::move(now);
  sweep();
}

void StatsFeed::write_out(Follower& follower) {
  std::size_t from = 0;
  while (from < follower.out.size()) {
    iovec part{};
    part.iov_base = follower.out.data() + from;
    part.iov_len = follower.out.size() - from;
    const IoResult result = follower.transport->write_v({&part, 1}, false);
    if (result.status == IoStatus::kAgain) break;
    if (result.status != IoStatus::kDone) {
      follower.gone = true;
      return;
    }
    from += result.bytes;
  }
  follower.sent += from;
  follower.out.erase(0, from);
  if (follower.out.size() > follower.most_pending) follower.gone = true;
  follower.watch.want(follower.out.empty() ? EV_READ : EV_READ | EV_WRITE);
}

void StatsFeed::on_socket(Follower& follower, short events) {
  if ((events & EV_READ) != 0) {
    std::array<std::byte, 1024> ignored;
    const IoResult result = follower.transport->read(ignored);
    if (result.status == IoStatus::kEof || result.status == IoStatus::kError) follower.gone = true;
  }
  if (!follower.gone && (events & EV_WRITE) != 0) write_out(follower);
  sweep();
}

void StatsFeed::sweep() {
  for (auto at = followers_.begin(); at != followers_.end();) {
    if (!at->gone) {
      ++at;
      continue;
    }
    at->watch.stop();
    at->ended(at->sent);
    at = followers_.erase(at);
  }
}

}  // namespace lb
