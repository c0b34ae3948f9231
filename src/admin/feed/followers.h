// Followers: sockets that get text as it is made (STATS, /admin/events), and may close at any time.
//
// Thread: one loop (control), where the transports live from add() on.
// Ownership: a feed's.
// Bounds: a follower that does not read is dropped when its unread text would exceed the feed's
// limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_function.h"
#include "net/loop/loop.h"
#include "net/socket/transport.h"

namespace lb {

class Followers {
 public:
  // bytes: the total sent.
  using Ended = UniqueFunction<void(std::uint64_t bytes)>;

  // The part that a follower may see, by its role.
  struct Scope {
    // Whether it has a mount that had this account at the time; empty: all.
    std::function<bool(std::string_view mount, std::string_view account)> owns;
    bool addresses = true;
    std::function<bool()> holds;  // whether its login is still valid; empty: always
    // The account of a login with only some mounts, or its name; "": it has all.
    std::string sharer = {};

    bool is_whole() const noexcept { return !owns && addresses; }
  };
  struct Follower {
    Followers* set = nullptr;
    std::unique_ptr<Transport> transport;
    std::string out;
    std::size_t most_pending = std::numeric_limits<std::size_t>::max();
    std::uint64_t sent = 0;
    bool greeted = false;         // of the feed: it has got the text for new followers
    bool may_half_close = false;  // it may send no more, as with `nc -N`, and still read
    bool half_closed = false;
    bool gone = false;
    Ended ended;
    Scope scope;
    Watch watch;
    void on_socket(short events) { set->on_socket(*this, events); }
  };

  explicit Followers(Loop& loop) : loop_(loop) {}
  Followers(const Followers&) = delete;
  Followers& operator=(const Followers&) = delete;

  // Whether one more is allowed of `most`: a quarter is reserved for logins that have all mounts,
  // and one sharer gets a quarter, so that customers do not exclude each other or the
  // administrator.
  bool has_place(std::size_t most, std::string_view sharer) const;
  // ended: called once, when the follower is gone.  Nothing is sent yet.
  Follower& add(std::unique_ptr<Transport> transport, std::string head, Ended ended);
  // Appends text for it, and sends as much as its socket takes. sweep() must follow.
  void send(Follower& follower, std::string_view text);
  // Drops followers whose login has ended. sweep() must follow.
  void check_logins();
  // Removes followers whose connection has ended.
  void sweep();
  // Closes the connections of all.
  void end();
  template <class F>
  void for_each(F&& f) {
    for (Follower& follower : followers_) f(follower);
  }
  std::size_t size() const noexcept { return followers_.size(); }
  bool empty() const noexcept { return followers_.empty(); }

 private:
  void on_socket(Follower& follower, short events);
  void write_out(Follower& follower);

  Loop& loop_;
  std::list<Follower> followers_;
};

}  // namespace lb
