// StatsFeed: who follows the stats by Icecast's STATS method: a full dump, then every change.
//
// Thread: control, where the transports live from add() on.  Ownership: Services.
// One document a tick for all followers; none is made while nobody follows.
// Bounds: a follower who does not read is dropped when it would have to be kept 1 MiB beyond its dump.
// Source: Icecast 2.4.4 (compat.md 5.8).
#pragma once

#include <list>
#include <memory>
#include <string>

#include "admin/station.h"
#include "base/unique_function.h"
#include "net/loop.h"
#include "net/transport.h"

namespace lb {

class StatsFeed {
 public:
  // bytes: all that was sent.
  using Ended = UniqueFunction<void(std::uint64_t bytes)>;

  StatsFeed(Loop& loop, Station& station);
  ~StatsFeed();
  StatsFeed(const StatsFeed&) = delete;
  StatsFeed& operator=(const StatsFeed&) = delete;

  // head: goes before the dump.  ended: called once, when the follower has gone.
  void add(std::unique_ptr<Transport> transport, std::string head, Ended ended);
  std::size_t followers() const noexcept { return followers_.size(); }

 private:
  struct Follower {
    StatsFeed* feed = nullptr;
    std::unique_ptr<Transport> transport;
    std::string out;
    std::size_t most_pending = 0;
    std::uint64_t sent = 0;
    bool greeted = false;  // has had its dump
    bool gone = false;
    Ended ended;
    Watch watch;
    void on_socket(short events) { feed->on_socket(*this, events); }
  };
  void tick();
  void look();
  void tell(StatsDocument now);
  void on_socket(Follower& follower, short events);
  void write_out(Follower& follower);
  void sweep();

  Loop& loop_;
  Station& station_;
  std::list<Follower> followers_;
  StatsDocument last_;
  Timer timer_;
};

}  // namespace lb
