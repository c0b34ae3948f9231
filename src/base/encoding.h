// Encodings of bytes as text.
// Thread: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lb {

std::string base64_encode(std::string_view bytes);
// nullopt: not base64 (missing padding is accepted).
std::optional<std::string> base64_decode(std::string_view text);
// RFC 4648, 5: '-' and '_', no padding.
std::string base64url_encode(std::string_view bytes);
// nullopt: not in the form of base64url_encode(), so that two texts never mean the same bytes.
std::optional<std::string> base64url_decode(std::string_view text);
std::string hex_encode(std::string_view bytes);  // lower case
// A number with at least `digits` digits.
std::string hex_text(std::uint64_t value, std::size_t digits = 1);
// '+' is a space only with plus_is_space; nullopt: an invalid %xx.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
// Keeps A-Z a-z 0-9 - . _ ~, and '/' with keep_slash.
std::string percent_encode(std::string_view bytes, bool keep_slash);
// Keeps A-Z a-z 0-9 and the characters of `keep`.
enum class HexCase : std::uint8_t { kLower, kUpper };
std::string percent_escape(std::string_view bytes, std::string_view keep, HexCase hex);
// The length of the UTF-8 character at the front (1 to 4); 0: invalid: cut short, overlong, a
// surrogate, above U+10FFFF.
std::size_t utf8_char(std::string_view text) noexcept;
// Takes one character from the front; nullopt: took one invalid byte.
std::optional<char32_t> take_utf8(std::string_view& rest);
bool valid_utf8(std::string_view text) noexcept;
// At most `bytes` from the front, without cutting a UTF-8 character.
std::string_view cut_utf8(std::string_view text, std::size_t bytes) noexcept;

}  // namespace lb
