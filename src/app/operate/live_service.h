// LiveService: the LiveFeed of this server: takes a sample of what is heard while it has
// readers, each kEvery, or less often where that would cost more than a twentieth of the thread's
// time; each kAtRest where the totals have been the same for kStill, or kQuiet where nothing is on
// air and this node is in no cluster.  The listeners of a mount are asked for each kQueryPause,
// where a reader follows them.
//
// Thread: the thread "stats", except what says "any thread".
// Ownership: Services.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "admin/feed/live_feed.h"
#include "api/request/live.h"
#include "net/loop/loop.h"

namespace lb {

struct Network;

class LiveService {
 public:
  static constexpr std::chrono::milliseconds kEvery{25}, kAtRest{200}, kQuiet{1000};
  static constexpr std::chrono::seconds kStill{1};
  static constexpr std::chrono::seconds kTitlePause{1}, kQueryPause{2};

  explicit LiveService(Network& network);

  struct Follow {
    std::unique_ptr<Transport> transport;
    std::string head, last_id;
    Followers::Ended ended;
    std::function<bool()> holds;
    LiveScope scope;
    // There is no place for it.
    std::function<void(Transport&)> refused;
  };
  // Any thread.
  void follow(Follow reader);

 private:
  void check();
  LiveSample sample();
  // Notes whether what is heard is as before.
  std::chrono::milliseconds pace(const LiveSample& sample);
  void read_titles(const LiveSample& sample);
  void query();
  void told(const std::string& mount, const std::shared_ptr<const LiveView>& view);

  Network& network_;
  LiveFeed feed_;
  std::map<std::string, std::string, std::less<>> titles_;
  SteadyTime titles_at_{}, changed_at_{};
  std::uint64_t listeners_ = 0;  // of the last sample
  std::size_t on_air_ = 0;       // likewise
  struct ListenerQuery {
    SteadyTime at{};
    bool under_way = false;
    std::map<std::string, std::int64_t, std::less<>> since;  // by listener, in Unix seconds
  };
  std::map<std::string, ListenerQuery, std::less<>> queries_;  // by mount
  Timer timer_;
};

}  // namespace lb
