// WrongLogins: which wrong logins the audit log has a line for, and which titles and refusals of
// customers, so that guesses by strangers, and what costs a customer nothing, do not fill the disk:
// the others are counted, for a line when the minute is over.
//
// Thread: any; a mutex around a few numbers.
// Bounds: 60 lines a minute about names that exist, one about names that do not, 600 of customers,
// and of the rest of each.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace lb {

class WrongLogins {
 public:
  enum class Of : std::uint8_t { kUsers, kNobody, kCustomers };
  static constexpr std::array<unsigned, 3> kLines{60, 1, 600};  // by Of
  static constexpr std::chrono::minutes kEvery{1};

  // Those that got no line of their own.
  using LeftOut = std::array<std::uint64_t, 3>;  // by Of

  explicit WrongLogins(const Clock& clock) : clock_(clock) {}
  // Whether this one gets a line.
  bool takes_line(Of of);
  // Of the minute that is over, once; nullopt: it goes on, or nothing was left out.
  std::optional<LeftOut> left_out();

 private:
  const Clock& clock_;
  std::mutex mutex_;  // of what follows
  SteadyTime begun_{};
  std::array<unsigned, 3> lines_{};
  std::optional<LeftOut> left_out_;
};

}  // namespace lb
