// PlanTurns: which requests for changes are admitted, and whose is planned next, so that a customer
// waits behind its own requests only; and how much of their answers the store remembers.
//
// The clerk has one plan of a lane at a time, so the lanes take turns; plans of administrators go
// to it at once, and part of the room is theirs.
// Thread: control.
// Bounds: kRoom; kMaxMade bytes of answers a lane, as many again over a day.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "api/request/lane_room.h"
#include "base/rate_limit.h"
#include "base/unique_function.h"

namespace lb {

struct RecordJob;

class PlanTurns {
 public:
  static constexpr LaneRoom::Limits kRoom{.inside = 256, .of_customers = 192, .of_lane = 32};

  LaneRoom& room() noexcept { return room_; }

  // Calls `begin` when no plan of this lane is under way, maybe at once; planned() is due after it.
  // first: others wait for this plan, so it goes before those of its lane that wait.
  void plan(const std::string& lane, bool first, UniqueFunction<void()> begin);
  void planned(const std::string& lane);

  // Answers to requests with an Idempotency-Key, which are kept for a day.
  static constexpr std::size_t kMaxMade = 16 << 20, kMadeRecord = 1024;
  bool remembers(const std::string& lane, SteadyTime now) const;
  void remembered(const std::string& lane, std::size_t bytes, SteadyTime now);

 private:
  LaneRoom room_{kRoom};
  // Of the lanes with a plan under way.
  std::map<std::string, std::deque<UniqueFunction<void()>>, std::less<>> waiting_;
  std::map<std::string, RateLimit, std::less<>> made_;
};

// Puts a job into a line: administrators first, then the first of each lane, the second of each …
void put_in_line(std::deque<std::shared_ptr<RecordJob>>& line, std::shared_ptr<RecordJob> job);

}  // namespace lb
