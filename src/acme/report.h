// The words in which the log says how it is with a certificate; doc/https.md has each of them.
// Thread: pure functions. Times of the day are those of the server's zone.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "acme/failure.h"
#include "base/clock.h"

namespace lb {

// Of an attempt in which no certificate was got.
struct FailureReport {
  std::string names{};      // with spaces between
  std::string authority{};  // the URL of its directory
  AcmeFailure failure{};
  WallTime now{}, next{};  // now, and the next attempt
  WallTime since{};        // the authority has not answered
  // Of the certificate in use, which may have expired; nullopt: some names have no certificate.
  std::optional<WallTime> valid_until{};
  std::string without{};  // those names; "": all
  std::string instead{};  // the authority that is asked next; "": the same
};
// What went wrong: "the CA found no address for it (DNS: NXDOMAIN)".
std::string failure_reason(const FailureReport& report);
// The whole line.
std::string failure_line(const FailureReport& report);

// "Let's Encrypt", "ZeroSSL"; of another one its host.
std::string authority_name(std::string_view directory);
// Of a clock that is so far ahead, or behind where it is negative; "": within five minutes.
std::string clock_line(std::chrono::seconds ahead);
// "14:05" where it is today, else "2026-11-24 at 05:00".
std::string moment_text(WallTime time, WallTime now);
// "at 14:05", "on 2026-11-24 at 05:00".
std::string when_text(WallTime time, WallTime now);

}  // namespace lb
