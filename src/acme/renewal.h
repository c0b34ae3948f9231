// When a certificate is renewed, and when an order that failed is tried again.
// Thread: pure functions; chance is a number in [0, 1), given by the caller.
// Source: Let's Encrypt's integration guide (two thirds of the life; half of a short one).
#pragma once

#include <chrono>

#include "acme/certificate.h"
#include "base/clock.h"

namespace lb {

// At 2/3 of the life, at 1/2 where that is 10 days at most, 5 % of the life earlier or later.
WallTime renewal_time(const CertificateFacts& facts, double chance);

// 1 min, 5 min, 15 min, 1 h, 4 h, 12 h, then 24 h behind so many failures in a row, 10 % less or
// more; what the authority asks for where that is longer.
std::chrono::seconds time_to_retry(unsigned failures, std::chrono::seconds asked_for,
                                   double chance);

}  // namespace lb
