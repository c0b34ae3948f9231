// What is read of an answer of a certificate authority beside its JSON.
// Thread: pure functions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/fetch/fetch.h"

namespace lb {

// Retry-After: seconds or a date, up to 30 days; 0 where it is missing, past or unreadable.
// Source: RFC 9110 10.2.3.
std::chrono::seconds retry_after_of(const FetchAnswer& answer, WallTime now);

// A text of the authority's as it may stand in a page or an event: UTF-8 without control
// characters, at most 300 bytes.
std::string cleaned_text(std::string_view text);

}  // namespace lb
