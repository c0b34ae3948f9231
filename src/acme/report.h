// The log lines about certificates; doc/https.md lists them.
// Thread: pure functions.  Times are in the server's time zone.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "acme/failure.h"
#include "base/clock.h"

namespace lb {

// A failed attempt.
struct FailureReport {
  std::string names{};      // separated by spaces
  std::string authority{};  // the URL of its directory
  AcmeFailure failure{};
  WallTime now{}, next{};  // now, and the time of the next attempt
  WallTime since{};        // the authority's first failure
  // Of the certificate in use, which may have expired; nullopt: some names have no certificate.
  std::optional<WallTime> valid_until{};
  std::string without{};  // the names without a certificate; "": all
  std::string instead{};  // the next authority; "": the same
};
// The reason: "the CA found no address for it (DNS: NXDOMAIN)".
std::string failure_reason(const FailureReport& report);
// The whole line.
std::string failure_line(const FailureReport& report);

// "Let's Encrypt", "ZeroSSL"; for others the host.
std::string authority_name(std::string_view directory);
// Whether it is at the host of a public authority, whatever its path.
bool is_known_authority(std::string_view directory);
// A clock that far ahead, or behind if negative; "": within five minutes.
std::string clock_line(std::chrono::seconds ahead);
// "14:05" if it is today, otherwise "2026-11-24 at 05:00".
std::string moment_text(WallTime time, WallTime now);
// "at 14:05", "on 2026-11-24 at 05:00".
std::string when_text(WallTime time, WallTime now);

}  // namespace lb
