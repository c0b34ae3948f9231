// The time of a renewal, and the pause after a failed order.
// Thread: pure functions; chance is a number in [0, 1) from the caller.
// Source: Let's Encrypt's integration guide (two thirds of the life; half of a short one).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "acme/certificate.h"
#include "base/clock.h"
#include "net/fetch/fetch.h"

namespace lb {

// At 2/3 of the life, or at 1/2 if the life is at most 10 days; up to 5 % of it earlier or later.
WallTime renewal_time(const CertificateFacts& facts, double chance);

// 1 min, 5 min, 15 min, 1 h, 4 h, 12 h, then 24 h by failures in a row, up to 10 % more or less; or
// the pause that the authority requires, if that is longer.
std::chrono::seconds time_to_retry(unsigned failures, std::chrono::seconds asked_for,
                                   double chance);

// RenewalWindow: the time in which an authority wants a certificate to be renewed (ARI).
struct RenewalWindow {
  WallTime begins{}, ends{};
  std::string explanation;  // the address of the reason; "": none
  bool operator==(const RenewalWindow&) const = default;
};
std::optional<RenewalWindow> renewal_window(const FetchAnswer& answer);
// The pause until the next question: Retry-After, limited to a minute and a day; without it 6 h.
std::chrono::seconds next_question(const FetchAnswer& answer, WallTime now);
// A moment in the window, at least a tenth of the life before the certificate's end.  A window that
// begins after the certificate's end does not count.
WallTime renewal_moment(const RenewalWindow& window, const CertificateFacts& facts, double chance);

// The renewal address of a directory; "": none.
std::string renewal_info_url(const FetchAnswer& directory);

}  // namespace lb
