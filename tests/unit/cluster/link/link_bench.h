// LinkBench: one loop for both ends of a link, their log, and what was reported to the fakes around
// them, in order.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "net/socket/acceptor.h"
#include "stream/support.h"

namespace lb::test {

class LinkBench {
  Loop loop_{0, system_clock()};

 public:
  Loop& loop() noexcept { return loop_; }
  Log& log() noexcept { return captured.log; }

  void report(std::string what) { reported.push_back(std::move(what)); }
  bool was_reported(const std::string& what) const {
    return std::find(reported.begin(), reported.end(), what) != reported.end();
  }
  std::string all_reported() const {
    std::string out;
    for (const std::string& each : reported) out += each + "\n";
    return out;
  }
  void turn(std::chrono::milliseconds time = std::chrono::milliseconds(2)) {
    Timer later(loop_, [] {});
    later.after(time);
    while (later.armed()) loop_.run_once(true);
  }
  template <class Condition>
  bool until(Condition condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) turn(std::chrono::milliseconds(1));
    return condition();
  }

  CapturedLog captured{system_clock()};
  Rng rng{1};
  std::vector<std::string> reported;
};

inline std::shared_ptr<const ListenSocket> link_socket() {
  ListenSettings settings;
  settings.bind_address = "127.0.0.1";
  auto socket = ListenSocket::open(settings, 0, false, 1);
  if (!socket) std::abort();
  return *socket;
}

}  // namespace lb::test
