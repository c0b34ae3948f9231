// Parts of a certificate authority's answer beside its JSON.
// Thread: pure functions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/fetch/fetch.h"

namespace lb {

// Retry-After: seconds or a date, up to 30 days; 0 if it is missing, past or invalid.
// Source: RFC 9110 10.2.3.
std::chrono::seconds retry_after_of(const FetchAnswer& answer, WallTime now);

// The authority's text made safe for a page or an event: UTF-8 without control characters, at most
// 300 bytes.
std::string cleaned_text(std::string_view text);

}  // namespace lb
