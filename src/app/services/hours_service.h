// HoursService: ends the sources whose logins are outside of their hours
// (stream/mount/login_hours.h).
//
// What is on the air by a login with an end is kept with that end; one timer runs to the next of
// them.  The wall clock may be set: it is looked at every kCheckEvery at least, and only the first
// end is compared with it.  A source whose login has been removed stays on the air.
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
  // The configuration is another one.
  void configure();
  // The mount, its encoders or its section have changed.
  void check(const std::string& mount);
  // The hours of this login are over; it may have a grace.
  bool is_over(const std::string& mount, const std::string& user) const;
  void stop();

 private:
  void plan();
  void check_first();

  struct OnAir {
    std::int64_t next = 0;         // Unix seconds; 0: none
    std::set<std::uint64_t> told;  // encoders that have been ended, and are still there
  };

  Traffic& traffic_;
  std::map<std::string, OnAir> on_air_;
  std::set<std::pair<std::int64_t, std::string>> ends_;
  bool stopped_ = false;
  Timer timer_;
};

}  // namespace lb
