// Splits a text into whole lines, for reading files piece by piece.
// Thread: pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace lb {

// Calls f(line, end) for each whole line until it returns false; returns the bytes of these lines.
template <class F>
std::size_t each_line(std::string_view text, F f) {
  std::size_t at = 0;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos;
       end = text.find('\n', at)) {
    if (!f(text.substr(at, end - at), end + 1)) return at;
    at = end + 1;
  }
  return at;
}

}  // namespace lb
