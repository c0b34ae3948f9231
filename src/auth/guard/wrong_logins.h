// WrongLogins: which wrong logins the audit log has a line for, so that guesses by strangers do not
// fill the disk: the others are counted, for one line when the minute is over.
//
// Thread: any; a mutex around a few numbers.
// Bounds: 60 lines a minute about names that exist, one about names that do not, one of the rest.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace lb {

class WrongLogins {
 public:
  static constexpr unsigned kOfUsers = 60, kOfNobody = 1;
  static constexpr std::chrono::minutes kEvery{1};

  // Those that got no line of their own.
  struct LeftOut {
    std::uint64_t of_users = 0, of_nobody = 0;
  };

  explicit WrongLogins(const Clock& clock) : clock_(clock) {}
  // Whether this one gets a line.
  bool takes_line(bool of_user);
  // Of the minute that is over, once; nullopt: it goes on, or nothing was left out.
  std::optional<LeftOut> left_out();

 private:
  const Clock& clock_;
  std::mutex mutex_;  // of what follows
  SteadyTime begun_{};
  unsigned of_users_ = 0, of_nobody_ = 0;
  std::optional<LeftOut> left_out_;
};

}  // namespace lb
