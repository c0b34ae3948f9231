// Followers: sockets that get text as it comes into being (STATS, /admin/events), and may go at any
// time.
//
// Thread: one loop (control), where the transports live from add() on.
// Ownership: a feed's.
// Bounds: a follower that does not read is dropped when more would have to be kept for it than its
// feed allows.
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
  // bytes: all that was sent.
  using Ended = UniqueFunction<void(std::uint64_t bytes)>;

  // What a follower is shown, by its role.
  struct Scope {
    // Of a mount that had this account when it was; empty: every one.
    std::function<bool(std::string_view mount, std::string_view account)> owns;
    bool addresses = true;
    std::function<bool()> holds;  // whether its login does; empty: for ever
    // The account of a login that is shown some mounts, or its name; "": it is shown all.
    std::string sharer = {};

    bool is_whole() const noexcept { return !owns && addresses; }
  };
  struct Follower {
    Followers* set = nullptr;
    std::unique_ptr<Transport> transport;
    std::string out;
    std::size_t most_pending = std::numeric_limits<std::size_t>::max();
    std::uint64_t sent = 0;
    bool greeted = false;  // of the feed: has had what newcomers get
    bool gone = false;
    Ended ended;
    Scope scope;
    Watch watch;
    void on_socket(short events) { set->on_socket(*this, events); }
  };

  explicit Followers(Loop& loop) : loop_(loop) {}
  Followers(const Followers&) = delete;
  Followers& operator=(const Followers&) = delete;

  // Whether one more may come of `most`: a quarter is left to logins that are shown all, and one
  // sharer has a quarter, so that no customer shuts out another one or the administrator.
  bool has_place(std::size_t most, std::string_view sharer) const;
  // ended: called once, when the follower has gone.  Nothing is sent yet.
  Follower& add(std::unique_ptr<Transport> transport, std::string head, Ended ended);
  // Appends to what it gets, and sends what its socket takes.  sweep() follows.
  void send(Follower& follower, std::string_view text);
  // Drops those whose login is over by now.  sweep() follows.
  void check_logins();
  // Removes followers whose connection has ended.
  void sweep();
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
