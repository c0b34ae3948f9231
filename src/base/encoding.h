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
// nullopt on anything that is not base64 (missing padding is accepted).
std::optional<std::string> base64_decode(std::string_view text);
// RFC 4648, 5: '-' and '_', no padding.
std::string base64url_encode(std::string_view bytes);
// nullopt on all that base64url_encode() does not write: two texts never mean the same bytes.
std::optional<std::string> base64url_decode(std::string_view text);
std::string hex_encode(std::string_view bytes);  // lower case
// A number, with so many digits at least.
std::string hex_text(std::uint64_t value, std::size_t digits = 1);
// '+' is a space only where plus_is_space; nullopt on a broken %xx.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
// Leaves A-Z a-z 0-9 - . _ ~ and '/' where keep_slash.
std::string percent_encode(std::string_view bytes, bool keep_slash);
// Leaves A-Z a-z 0-9 and what is in `keep`.
enum class HexCase : std::uint8_t { kLower, kUpper };
std::string percent_escape(std::string_view bytes, std::string_view keep, HexCase hex);
// The length of the UTF-8 character at the front (1 to 4); 0 where the bytes are none: cut short,
// overlong, a surrogate, above U+10FFFF.
std::size_t utf8_char(std::string_view text) noexcept;
bool valid_utf8(std::string_view text) noexcept;
// At most `bytes` from the front, ending with a whole character if the text is UTF-8.
std::string_view cut_utf8(std::string_view text, std::size_t bytes) noexcept;

}  // namespace lb
