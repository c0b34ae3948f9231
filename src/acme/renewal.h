// When a certificate is renewed, and when an order that failed is tried again.
// Thread: pure functions; chance is a number in [0, 1), given by the caller.
// Source: Let's Encrypt's integration guide (two thirds of the life; half of a short one).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "acme/certificate.h"
#include "base/clock.h"
#include "net/fetch/fetch.h"

namespace lb {

// At 2/3 of the life, at 1/2 where that is 10 days at most, 5 % of the life earlier or later.
WallTime renewal_time(const CertificateFacts& facts, double chance);

// 1 min, 5 min, 15 min, 1 h, 4 h, 12 h, then 24 h behind so many failures in a row, 10 % less or
// more; what the authority asks for where that is longer.
std::chrono::seconds time_to_retry(unsigned failures, std::chrono::seconds asked_for,
                                   double chance);

// RenewalWindow: when an authority wants one of its certificates to be renewed (ARI).
struct RenewalWindow {
  WallTime begins{}, ends{};
  std::string explanation;  // where the authority says why; "": nowhere
  bool operator==(const RenewalWindow&) const = default;
};
std::optional<RenewalWindow> renewal_window(const FetchAnswer& answer);
// When it is asked for again: the answer's Retry-After within a minute and a day, else 6 h.
std::chrono::seconds next_question(const FetchAnswer& answer, WallTime now);
// A moment in the window.
WallTime renewal_moment(const RenewalWindow& window, double chance);

// Where a directory has it; "": nowhere.
std::string renewal_info_url(const FetchAnswer& directory);

}  // namespace lb
