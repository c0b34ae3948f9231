// RefusalLog: lines of the error log about logins that were refused, so few of them that a flood of
// guesses neither fills a disk nor hides what else is there.
//
// The line after a gap says how many were left out.  Lines have names and addresses, never what was
// given as a password.
// Thread: any.  The lock is held for the count only, not while a line is written.
// Bounds: three lines at once for an address and one a second after that, 20 and 10 for all; a
// fixed table of 8 kB, so two addresses may share their lines.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"

namespace lb {

class RefusalLog {
 public:
  RefusalLog(const Clock& clock, Log& log) : clock_(clock), log_(log) {}
  void warn(std::string_view module, std::string_view address, std::string text);

 private:
  // When it may write as many lines at once as at the beginning.
  struct Bucket {
    SteadyTime full{};
    bool has_room(SteadyTime now, unsigned most, std::chrono::milliseconds each) const;
    void take(SteadyTime now, std::chrono::milliseconds each);
  };

  const Clock& clock_;
  Log& log_;
  std::mutex mutex_;  // of what follows
  std::array<Bucket, 1024> addresses_{};
  Bucket all_;
  std::uint64_t left_out_ = 0;
};

// WrongLogins: which wrong logins the audit log has a line for, and which titles and refusals of
// customers, so that guesses by strangers, and what costs a customer nothing, do not fill the disk:
// the others are counted, for a line when the minute is over.
// Bounds: 60 lines a minute about names that exist, one about names that do not, 600 of customers,
// and of the rest of each.
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
