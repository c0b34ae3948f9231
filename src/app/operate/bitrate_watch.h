// BitrateWatch: ends sources that send more than the limits of their mounts' records allow: above
// 115 % of limits/bitrate in the mean of ten seconds.
//
// A source that has just begun is judged when ten seconds of it are there; its first burst counts
// with them.
// Thread: control.
// Ownership: RecordService.
// Source: doc/hosting.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "api/request/record_book.h"
#include "net/loop/loop.h"

namespace lb {

struct Network;

// The bytes of one source, looked at once a second.
class RateWindow {
 public:
  static constexpr std::chrono::seconds kWindow{10};

  // bits a second of the last ten seconds; nullopt: they are not there.  `started`: of the source;
  // with another one the count starts at 0.
  std::optional<std::uint64_t> add(SteadyTime now, SteadyTime started, std::uint64_t bytes);

 private:
  struct Sample {
    SteadyTime at;
    std::uint64_t bytes;
  };
  SteadyTime started_{};
  std::deque<Sample> samples_;
};

class BitrateWatch {
 public:
  explicit BitrateWatch(Network& network);
  // The limits of the second book hold from now on, where those of the first did.
  void follow(const RecordBook& before, const RecordBook& now);
  void stop() { timer_.cancel(); }

 private:
  void check();

  Network& network_;
  std::map<std::string, std::uint64_t> limits_;  // kbit/s
  std::map<std::string, RateWindow> windows_;
  Timer timer_;
};

}  // namespace lb
