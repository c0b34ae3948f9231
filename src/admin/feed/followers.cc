#include "admin/feed/followers.h"

#include <array>
#include <utility>

namespace lb {

bool Followers::has_place(std::size_t most, std::string_view sharer) const {
  if (sharer.empty() || followers_.size() >= most) return followers_.size() < most;
  std::size_t shared = 0, its_own = 0;
  for (const Follower& follower : followers_) {
    shared += follower.scope.sharer.empty() ? 0 : 1;
    its_own += follower.scope.sharer == sharer ? 1 : 0;
  }
  const std::size_t part = most / 4;
  return shared < most - part && its_own < part;
}

Followers::Follower& Followers::add(std::unique_ptr<Transport> transport, std::string head,
                                    Ended ended) {
  Follower& follower = followers_.emplace_back();
  follower.set = this;
  follower.transport = std::move(transport);
  follower.out = std::move(head);
  follower.ended = std::move(ended);
  follower.watch.start<&Follower::on_socket>(loop_, follower.transport->fd(), EV_READ, &follower);
  return follower;
}

void Followers::send(Follower& follower, std::string_view text) {
  if (follower.gone) return;
  follower.out += text;
  write_out(follower);
}

void Followers::write_out(Follower& follower) {
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
  const int reads = follower.half_closed ? 0 : EV_READ;
  follower.watch.want(static_cast<short>(follower.out.empty() ? reads : reads | EV_WRITE));
}

void Followers::on_socket(Follower& follower, short events) {
  if ((events & EV_READ) != 0) {
    std::array<std::byte, 1024> ignored;
    const IoResult result = follower.transport->read(ignored);
    const bool has_ended = result.status == IoStatus::kEof;
    if (result.status == IoStatus::kError || (has_ended && !follower.may_half_close))
      follower.gone = true;
    if (has_ended && !follower.gone) {
      // If it has closed both ways, one of the next writes fails.
      follower.half_closed = true;
      write_out(follower);
    }
  }
  if (!follower.gone && (events & EV_WRITE) != 0) write_out(follower);
  sweep();
}

void Followers::check_logins() {
  for (Follower& follower : followers_)
    if (follower.scope.holds && !follower.scope.holds()) follower.gone = true;
}

void Followers::end() {
  for (Follower& follower : followers_) follower.gone = true;
  sweep();
}

void Followers::sweep() {
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
