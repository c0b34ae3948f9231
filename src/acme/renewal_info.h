// RenewalWindow: when an authority wants one of its certificates to be renewed (ARI).
// Thread: plain values, pure functions; chance is a number in [0, 1), given by the caller.
// Trust: of the authority; a window that ends before it begins is as none.
// Source: RFC 9773 4.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "net/fetch/fetch.h"

namespace lb {

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
