// SecondCount: how often something has happened in this second.
// Thread: its owner's.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"

namespace lb {

struct SecondCount {
  bool allows(SteadyTime now, unsigned most) noexcept {
    if (now - since >= std::chrono::seconds(1)) {
      since = now;
      count = 0;
    }
    return ++count <= most;
  }
  SteadyTime since{};
  unsigned count = 0;
};

// SteadyCount: numbers by name that count only once they have stood for a while: the least of the
// last three looks.
//
// When servers behind a node go to another one, both nodes count them until their next reports.
// What is shown is right again a moment later; a peak would stay.
class SteadyCount {
 public:
  // A look begins: names that are not put now are 0.
  void begin() { before_ = std::exchange(now_, {}); }
  std::uint64_t put(std::string_view name, std::uint64_t count) {
    const auto known = before_.find(name);
    const Two last = known == before_.end() ? Two{} : known->second;
    now_.emplace(name, Two{count, last[0]});
    return std::min({count, last[0], last[1]});
  }

 private:
  using Two = std::array<std::uint64_t, 2>;  // of the last look, and of that before
  std::map<std::string, Two, std::less<>> now_, before_;
};

}  // namespace lb
