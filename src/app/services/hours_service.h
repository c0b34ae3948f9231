// HoursService: ends sources outside of the hours of their logins (stream/mount/login_hours.h).
//
// Each mount on the air by such a login is kept with the end of its hours; one timer runs to the
// next end.  As the wall clock may be set, the timer runs at least every kCheckEvery, which
// compares only the first end.  A source whose login has been removed stays on the air.
// Thread: control.
// Ownership: Services.
// Bounds: the mounts that are on the air by such a login.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "net/loop/loop.h"

namespace lb {

struct Traffic;

class HoursService {
 public:
  static constexpr std::chrono::seconds kCheckEvery{10};

  explicit HoursService(Traffic& traffic);
  // Checks all mounts by a new configuration.
  void configure();
  // The mount, its encoders or its section have changed.
  void check(const std::string& mount);
  // Whether the hours of this login are over; a grace may follow.
  bool is_over(const std::string& mount, const std::string& user) const;
  void stop();

 private:
  void plan();
  void check_first();

  struct OnAir {
    std::int64_t next = 0;         // Unix seconds; 0: none
    std::set<std::uint64_t> told;  // ended encoders that are still there
  };

  Traffic& traffic_;
  std::map<std::string, OnAir> on_air_;
  std::set<std::pair<std::int64_t, std::string>> ends_;
  bool stopped_ = false;
  Timer timer_;
};

}  // namespace lb
