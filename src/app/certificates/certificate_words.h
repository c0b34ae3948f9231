// What the files of CertificateService share: its name in the log, and its lists.
// Thread: pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lb {

inline constexpr std::string_view kAcmeModule = "tls/acme";

// With spaces between.
std::string listed(const std::vector<std::string>& names);
inline WallTime moment_of(std::int64_t unix_seconds) {
  return WallTime(std::chrono::seconds(unix_seconds));
}

}  // namespace lb
