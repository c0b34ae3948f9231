// Text tools that more than one floor needs.
// Thread: pure functions.  ASCII only; locale is never consulted.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

namespace lb {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alphabetic(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_alphanumeric(char c) noexcept { return is_digit(c) || is_alphabetic(c); }
constexpr bool is_plain_char(char c, std::string_view marks) noexcept {
  return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
}
// -1: not a hexadecimal digit.
constexpr int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
// The word of an enumerator, by its number.  With the last enumerator, so that an enumerator
// without a word does not compile; "": of a number that is no enumerator.
template <auto kLast, std::size_t kWords>
constexpr std::string_view word_of(decltype(kLast) of,
                                   const std::string_view (&words)[kWords]) noexcept {
  static_assert(kWords == static_cast<std::size_t>(kLast) + 1);
  const auto at = static_cast<std::size_t>(of);
  return at < kWords ? words[at] : std::string_view();
}
// Whether all characters are is_plain_char(); also true for "".
bool is_plain_text(std::string_view text, std::string_view marks) noexcept;
// Whether all characters are digits of hex_encode(); also true for "".
bool is_hex_text(std::string_view text) noexcept;
std::string to_lower(std::string_view text);
bool iequals(std::string_view a, std::string_view b) noexcept;
bool istarts_with(std::string_view text, std::string_view prefix) noexcept;
std::string_view trim(std::string_view text) noexcept;  // spaces, tabs, CR, LF
// Windows editors put a byte order mark before a text.
std::string_view without_byte_order_mark(std::string_view text) noexcept;
std::vector<std::string_view> split(std::string_view text, char separator);
// With this many digits after the point.
std::string decimal_text(double number, int digits);
std::string listed(const std::vector<std::string>& texts, std::string_view between = " ");
// The number if it is the whole text, as std::from_chars() reads it; nullopt: it is not.
template <class T>
std::optional<T> parse_whole(std::string_view text, int base = 10) noexcept {
  T value{};
  std::from_chars_result read{};
  const char* const end = text.data() + text.size();
  if constexpr (std::is_floating_point_v<T>)
    read = std::from_chars(text.data(), end, value);
  else
    read = std::from_chars(text.data(), end, value, base);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}
// Plain digits only, no sign, no space; nullopt when empty, not a number or too large.
std::optional<std::uint64_t> parse_u64(std::string_view text) noexcept;
// fnmatch(3) with FNM_PATHNAME: '*' and '?' do not cross '/'.
bool glob_match(const std::string& pattern, const std::string& text) noexcept;
// Whether a name is such a pattern.
constexpr bool is_glob(std::string_view name) noexcept {
  return name.find_first_of("*?[") != name.npos;
}
// ${mount} in it becomes the mount without its first '/', as in Icecast-KH.
std::string expand_mount(std::string_view pattern, std::string_view mount);
// &, <, > and " as entities, for XML and HTML; characters of `also` as numeric references.
std::string escape_markup(std::string_view text, std::string_view also = {});
// The smallest number of edits between two short words, for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b);
// The word of `known` that `name` may be a typo of; "": none is near enough.
std::string_view nearest_word(std::string_view name, std::span<const std::string_view> known);

}  // namespace lb
