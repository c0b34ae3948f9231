// LiveService: the LiveFeed of this server: takes a sample of what is heard while it has
// readers, each kEvery, or less often where that would cost more than a twentieth of the thread's
// time.
//
// Thread: the thread "stats", except what says "any thread".
// Ownership: Services.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "admin/live_feed.h"
#include "app/services/network.h"
#include "net/loop.h"

namespace lb {

class LiveService {
 public:
  static constexpr std::chrono::milliseconds kEvery{25};
  static constexpr std::chrono::seconds kTitlePause{1};

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
  void read_titles(const LiveSample& sample);

  Network& network_;
  LiveFeed feed_;
  std::map<std::string, std::string, std::less<>> titles_;
  SteadyTime titles_at_{};
  Timer timer_;
};

}  // namespace lb
