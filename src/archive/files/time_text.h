// Times and durations of requests: Unix seconds, also with a fraction; RFC 3339
// ("2026-11-21T20:00:00Z", "…+01:00"); "-600", seconds before now; "now".  Durations: "600", "10m",
// "2h", "1d".
//
// Thread: pure.
// Bounds: the years 1970 to 9999.
// Source: RFC 3339 section 5.6; a time without a zone is UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lb {

// Unix time in milliseconds.
std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_ms);
// Milliseconds; not negative.
std::optional<std::int64_t> parse_duration(std::string_view text);
// "20261121-200000", for names of files.
std::string compact_time(std::int64_t ms);

}  // namespace lb
