// SteadyCount: numbers by name, each the least of the last three rounds, so that a short peak does
// not count.
//
// When servers behind a node move to another one, both nodes count them until their next reports.
// Without the minimum the peak would be shown.
// Thread: its owner's.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace lb {

class SteadyCount {
 public:
  // Begins a round: names that are not put in it are 0.
  void begin() { before_ = std::exchange(now_, {}); }
  std::uint64_t put(std::string_view name, std::uint64_t count) {
    const auto known = before_.find(name);
    const Two last = known == before_.end() ? Two{} : known->second;
    now_.emplace(name, Two{count, last[0]});
    return std::min({count, last[0], last[1]});
  }

 private:
  using Two = std::array<std::uint64_t, 2>;  // of the last round, and of the one before
  std::map<std::string, Two, std::less<>> now_, before_;
};

}  // namespace lb
