// StatsFeed: the followers of Icecast's STATS method: a full dump, then every change.
//
// Thread: control, where the transports live from add() on.
// Ownership: Services.
// One document a tick for all followers, none without followers.  The next is requested after the
// last has come, and so seldom that they take at most a twentieth of their thread's time.
// Bounds: a follower that leaves 1 MiB unread after its dump is dropped.
// Source: Icecast 2.4.4.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "admin/command/station.h"
#include "admin/feed/followers.h"
#include "net/loop/loop.h"
#include "net/socket/transport.h"

namespace lb {

class StatsFeed {
 public:
  using Ended = Followers::Ended;

  StatsFeed(Loop& loop, Station& station);
  ~StatsFeed();
  StatsFeed(const StatsFeed&) = delete;
  StatsFeed& operator=(const StatsFeed&) = delete;

  // head: goes before the dump.  ended: called once, when the follower has gone.
  void add(std::unique_ptr<Transport> transport, std::string head, Ended ended,
           Followers::Scope scope = {});
  void end_followers() { followers_.end(); }
  std::size_t followers() const noexcept { return followers_.size(); }

 private:
  void tick();
  void request_news();
  void send(StatsNews news);

  Station& station_;
  Followers followers_;
  std::shared_ptr<const StatsDocument>
      last_;  // null: nothing has been sent yet, or it is being compared
  bool asked_ = false, request_again_ = false;  // for news that is under way
  std::chrono::microseconds pause_{0};          // beyond the tick, after costly news
  Timer timer_;
};

}  // namespace lb
