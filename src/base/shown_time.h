// ShownTime: a time as written in requests, files and foreign answers.
// Thread: pure.
// Source: RFC 3339 section 5.6, of which seconds and the offset may be missing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lb {

// "2026-11-20T19:00", also with ":00", then with ".123", and with "Z", "+01:00" or "-03:30" behind;
// a ' ' may be there for the 'T', and for the '+', which it becomes in a query.
struct ShownTime {
  std::int64_t ms = 0;                    // since 1970, as if it were UTC
  std::optional<std::int64_t> offset_ms;  // ahead of UTC
  std::int64_t utc_ms() const noexcept { return ms - offset_ms.value_or(0); }
};
std::optional<ShownTime> parse_shown_time(std::string_view text);

}  // namespace lb
