// BitrateWatch: ends sources that send more than the limits of their mounts' records allow: above
// 115 % of limits/bitrate in a mean over ten seconds.  A new source is judged after ten seconds;
// its first burst counts.
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

#include "net/loop/loop.h"

namespace lb {

struct Network;
class RecordBook;

// The bytes of one source, sampled once a second.
class RateWindow {
 public:
  static constexpr std::chrono::seconds kWindow{10};

  // The mean rate of the last ten seconds in bit/s; nullopt: not ten seconds yet.  `started`: of
  // the source; a new value resets the count.
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
  // The limits of `now` replace those of `before`.
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
