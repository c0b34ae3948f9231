// Rhythm: how often a server is heard of that does not say so, and when it has fallen silent.
//
// The first pause between two signs of life takes the place of the 120 s that are assumed before;
// then the mean of the last eight.  Pauses below a second are ignored: a slave asks twice for one
// list, or again because a relay of it has ended.  A server that had been given up begins again, so
// that neither its absence nor an old habit counts.
//
// Thread: that of its owner.
// Ownership: by value.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace lb {

class Rhythm {
 public:
  static constexpr std::chrono::milliseconds kDefault{120'000};  // Icecast's interval
  static constexpr std::chrono::milliseconds kLeast{1000}, kMax{3'600'000};
  static constexpr std::chrono::seconds kGrace{10};  // Icecast-KH's time
  static constexpr int kSilentGaps = 3;

  // was_out: it had been given up.
  void heard(SteadyTime now, bool was_out);
  bool known() const noexcept { return count_ > 0; }
  // The usual pause; kDefault while it is not known.
  std::chrono::milliseconds every() const noexcept;
  // It is out after so much silence; told: the interval that it has announced.
  std::chrono::milliseconds out_after(std::optional<std::chrono::milliseconds> told) const noexcept;

 private:
  std::array<std::chrono::milliseconds, 8> gaps_{};
  std::size_t count_ = 0;  // ever
  std::optional<SteadyTime> last_;
};

}  // namespace lb
