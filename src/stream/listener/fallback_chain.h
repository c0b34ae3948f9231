// find_in_fallbacks(): follows a mount's chain of fallbacks, <fallback-mount> of <fallback-mount>
// …, to the first that serves.
//
// Bound: kMaxFallbacks names are looked at, so a chain that is a circle ends too.
// Thread: any; `serves` and `fallback_of` are called before it returns.
#pragma once

#include <string>
#include <utility>

namespace lb {

inline constexpr int kMaxFallbacks = 10;

// first: the name of the first fallback; empty: none.  serves(name) gives what is looked
// for, or something that is false; fallback_of(name) the next name.  A chain without it: false too.
template <class Serves, class FallbackOf>
auto find_in_fallbacks(std::string first, Serves&& serves, FallbackOf&& fallback_of)
    -> decltype(serves(first)) {
  std::string name = std::move(first);
  for (int seen = 0; seen < kMaxFallbacks && !name.empty(); ++seen) {
    if (auto found = serves(name)) return found;
    name = fallback_of(name);
  }
  return {};
}

}  // namespace lb
