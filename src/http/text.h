// Kinds of characters in HTTP's messages, and numbers as text.
// Thread: pure functions.  ASCII only; locale is never consulted.
// Source: RFC 9110 section 5.6.2 for tokens.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace lb {

inline bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
inline constexpr auto kIsTokenChar = [] {
  std::array<bool, 256> out{};
  for (unsigned byte = 0; byte < out.size(); ++byte) {
    const auto c = static_cast<char>(byte);
    out[byte] = is_plain_char(c, "!#$%&'*+-.^_`|~");
  }
  return out;
}();
inline bool is_token_char(char c) noexcept { return kIsTokenChar[static_cast<unsigned char>(c)]; }
// Whether it is a valid header name.
inline bool is_token(std::string_view name) noexcept {
  for (const char c : name)
    if (!is_token_char(c)) return false;
  return !name.empty();
}
inline bool any_control(std::string_view text) noexcept {
  for (const char c : text)
    if (is_control(c)) return true;
  return false;
}
inline std::string without_controls(std::string_view text) {
  std::string out(text);
  std::erase_if(out, is_control);
  return out;
}

inline void append_number(std::string& out, std::integral auto number) {
  std::array<char, 20> digits{};
  out.append(digits.data(),
             std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}
// The last two digits, zero-padded.
inline void append_two_digits(std::string& out, unsigned number) {
  out += static_cast<char>('0' + number / 10 % 10);
  out += static_cast<char>('0' + number % 10);
}

}  // namespace lb
