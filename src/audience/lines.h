// Whole lines of a text, as the files of the audience are read piece by piece.
// Thread: pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace lb {

// Each whole line, and how many bytes they were; stops where f(line, end) says so.
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
