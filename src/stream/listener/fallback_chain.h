// find_in_fallbacks(): follows a mount's chain of <fallback-mount>s to the first that serves.
//
// Bound: kMaxFallbacks names, so a circular chain ends too.
// Thread: any; `serves` and `fallback_of` are called before it returns.
#pragma once

#include <string>
#include <utility>

namespace lb {

inline constexpr int kMaxFallbacks = 10;

// first: the first fallback; empty: none. serves(name) returns the result, or something false;
// fallback_of(name) the next name.  The result is false if no mount of the chain serves.
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
