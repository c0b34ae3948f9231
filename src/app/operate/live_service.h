// LiveService: runs the LiveFeed of this server.  While it has readers it samples the audience each
// kEvery, or less often if that took more than a twentieth of the thread's time; each kAtRest after
// kStill without a change, or each kQuiet if also no mount is on air and no other node is known.
// The listeners of a mount that a reader follows are queried each kQueryPause.
//
// Thread: the thread "stats", except for functions marked "any thread".
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
    // Called if the feed is full.
    std::function<void(Transport&)> refused;
  };
  // Any thread.
  void follow(Follow reader);
  // Closes the connections of all readers.  Any thread.
  void end_readers();

 private:
  void begin(Follow reader, const EventStream::Missed& missed);
  void check();
  LiveSample sample();
  // Compares the sample with the last one; returns the pause.
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
