// DrainRate: listeners a second that leave a draining node: "20", or "2%" of the number at the
// beginning.
// Thread: pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace lb {

struct DrainRate {
  double value = 0;
  bool is_share = false;  // of the listeners at the beginning: 0.02 is 2 %

  double per_second(std::uint64_t at_the_beginning) const noexcept {
    return is_share ? value * static_cast<double>(at_the_beginning) : value;
  }
};

// Errors: kInvalid.  0, "" and more than 100 % are errors too.
Result<DrainRate> parse_drain_rate(std::string_view text);

}  // namespace lb
