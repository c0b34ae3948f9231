// PlanTurns: which requests for changes are admitted, and whose is planned next, so that a customer
// waits behind its own requests only; and how much of their answers the store remembers.
//
// The clerk has one plan of a lane at a time, so the lanes take turns; plans of administrators go
// to it at once, and part of the room is theirs.
// Thread: control.
// Bounds: kMaxInside requests, kMaxOfCustomers without administrators, kMaxOfLane of a lane;
// kMaxMade bytes of answers a lane, as many again over a day.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "api/request/request.h"
#include "base/rate_limit.h"
#include "base/unique_function.h"

namespace lb {

struct RecordJob;

// The account; of a login without one its name and mounts; "": an administrator.
std::string lane_of(const ApiCaller& who);

class PlanTurns {
 public:
  static constexpr std::size_t kMaxInside = 256, kMaxOfCustomers = 192, kMaxOfLane = 32;

  // False: there is no room.  After true, leave() is due once.
  bool enter(const std::string& lane);
  void leave(const std::string& lane);
  std::size_t inside() const noexcept { return inside_; }
  std::size_t inside(const std::string& lane) const;

  // Calls `begin` when no plan of this lane is under way, maybe at once; planned() is due after it.
  // first: others wait for this plan, so it goes before those of its lane that wait.
  void plan(const std::string& lane, bool first, UniqueFunction<void()> begin);
  void planned(const std::string& lane);

  // Answers to requests with an Idempotency-Key, which are kept for a day.
  static constexpr std::size_t kMaxMade = 16 << 20, kMadeRecord = 1024;
  bool remembers(const std::string& lane, SteadyTime now) const;
  void remembered(const std::string& lane, std::size_t bytes, SteadyTime now);

 private:
  struct Lane {
    std::size_t inside = 0;
    bool plans = false;
    std::deque<UniqueFunction<void()>> waiting;
  };

  std::map<std::string, Lane, std::less<>> lanes_;
  std::size_t inside_ = 0, customers_ = 0;
  std::map<std::string, RateLimit, std::less<>> made_;
};

// Puts a job into a line: administrators first, then the first of each lane, the second of each …
void put_in_line(std::deque<std::shared_ptr<RecordJob>>& line, std::shared_ptr<RecordJob> job);

}  // namespace lb
