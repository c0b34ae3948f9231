// RefusalLog: limits the error-log lines about refused logins, so that a flood of guesses neither
// fills a disk nor hides other lines.
//
// The line after a gap has the number of omitted ones.  Lines have names and addresses, never
// passwords.
// Thread: any.  The lock is held only for the count, not while a line is written.
// Bounds: three lines at once for an address and one a second after that, 20 and 10 for all; a
// fixed table of 8 kB, so two addresses may share their lines.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/rate_limit.h"

namespace lb {

class RefusalLog {
 public:
  RefusalLog(const Clock& clock, Log& log) : clock_(clock), log_(log) {}
  void warn(std::string_view module, std::string_view address, std::string text);

 private:
  const Clock& clock_;
  Log& log_;
  std::mutex mutex_;  // of what follows
  std::array<RateLimit, 1024> addresses_{};
  RateLimit all_;
  std::uint64_t left_out_ = 0;
};

// AuditLimit: limits the audit-log lines about wrong logins, and about customers' titles,
// logins and refusals, so that cheap requests do not fill the disk: further ones are counted, for
// one line after the minute.  A customer that makes many keeps no other customer's out of the log.
// Bounds: 60 lines a minute about existing names, one about others, 600 of customers, but 60 of
// each account whatever the others have, and one for the rest of each.
class AuditLimit {
 public:
  enum class Of : std::uint8_t { kUsers, kUnknown, kCustomers };
  static constexpr std::array<unsigned, 3> kLines{60, 1, 600};  // by Of
  static constexpr unsigned kOfAccount = 60;
  static constexpr std::chrono::minutes kEvery{1};

  // The numbers without a line.
  struct LeftOut {
    std::uint64_t of_users = 0, of_nobody = 0;
    std::map<std::string, std::uint64_t> of_accounts{};
  };

  explicit AuditLimit(const Clock& clock) : clock_(clock) {}
  // Whether this one gets a line.  account: of kCustomers.
  bool takes_line(Of of, const std::string& account = {});
  // The numbers of the last minute, once; nullopt: it is not over, or none.
  std::optional<LeftOut> left_out();

 private:
  const Clock& clock_;
  std::mutex mutex_;  // of what follows
  SteadyTime begun_{};
  std::array<unsigned, 3> lines_{};
  std::map<std::string, unsigned> of_accounts_;
  std::optional<LeftOut> left_out_;
};

}  // namespace lb
