// LaneRoom: which requests of the API are admitted where they wait for one thread, so that a
// customer is refused for its own requests only.
//
// Requests of a customer are its lane; administrators have none, and part of the room is theirs.
// Thread: its owner's.
// Bounds: Limits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace lb {

struct ApiCaller;

// The account; of a login without one its name and mounts; "": an administrator.
std::string lane_of(const ApiCaller& who);

class LaneRoom {
 public:
  struct Limits {
    std::size_t inside, of_customers, of_lane;
  };
  explicit LaneRoom(const Limits& limits) : limits_(limits) {}

  // False: there is no room.  After true, leave() is due once.
  bool enter(const std::string& lane);
  void leave(std::string_view lane);
  std::size_t inside() const noexcept { return inside_; }
  std::size_t inside(std::string_view lane) const;

 private:
  const Limits limits_;
  std::size_t inside_ = 0, customers_ = 0;
  std::map<std::string, std::size_t, std::less<>> lanes_;
};

// Where a job comes into a line: administrators first, then the first of each lane, the second of
// each …  of_job: the lane of one.
template <class Line, class LaneOf>
auto place_in_line(Line& line, std::string_view lane, LaneOf of_job) {
  const auto rank =
      lane.empty() ? 0 : std::count_if(line.begin(), line.end(), [&](const auto& job) {
        return of_job(job) == lane;
      });
  std::map<std::string_view, std::ptrdiff_t> seen;
  return std::find_if(line.begin(), line.end(), [&](const auto& job) {
    const std::string_view other = of_job(job);
    return !other.empty() && (lane.empty() || seen[other]++ > rank);
  });
}

}  // namespace lb
