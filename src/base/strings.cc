#include "base/strings.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

bool is_plain_text(std::string_view text, std::string_view marks) noexcept {
  return std::all_of(text.begin(), text.end(), [marks](char c) { return is_plain_char(c, marks); });
}

bool is_hex_text(std::string_view text) noexcept {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

bool istarts_with(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view without_byte_order_mark(std::string_view text) noexcept {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string decimal_text(double number, int digits) {
  std::array<char, 400> text;  // the largest number has 309 digits
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number,
                                 std::chars_format::fixed, digits);
  return {text.data(), end.ptr};
}

std::string listed(const std::vector<std::string>& texts, std::string_view between) {
  std::string out;
  for (const std::string& text : texts) out.append(out.empty() ? "" : between).append(text);
  return out;
}

std::optional<std::uint64_t> parse_u64(std::string_view text) noexcept {
  return parse_whole<std::uint64_t>(text);
}

std::string expand_mount(std::string_view pattern, std::string_view mount) {
  constexpr std::string_view kMount = "${mount}";
  if (mount.starts_with('/')) mount.remove_prefix(1);
  std::string out;
  for (std::size_t at = pattern.find(kMount); at != std::string_view::npos;
       at = pattern.find(kMount)) {
    out.append(pattern.substr(0, at)).append(mount);
    pattern.remove_prefix(at + kMount.size());
  }
  return out.append(pattern);
}

bool glob_match(const std::string& pattern, const std::string& text) noexcept {
  return ::fnmatch(pattern.c_str(), text.c_str(), FNM_PATHNAME) == 0;
}

std::string escape_markup(std::string_view text, std::string_view also) {
  std::string out;
  out.reserve(text.size() + 16);
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        if (also.find(c) == std::string_view::npos)
          out += c;
        else
          out += cat({"&#", static_cast<unsigned char>(c), ";"});
    }
  }
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // One row of the Levenshtein table: cost[j] is the distance from the read part of a to b[0, j).
  std::vector<std::size_t> cost(b.size() + 1);
  std::iota(cost.begin(), cost.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(cost[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = cost[j + 1];
      cost[j + 1] = std::min({replaced, cost[j] + 1, diagonal + 1});
    }
  }
  return cost[b.size()];
}

std::string_view nearest_word(std::string_view name, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t distance = std::clamp<std::size_t>(name.size() / 3, 1, 3) + 1;
  for (const std::string_view word : known) {
    if (std::max(name.size(), word.size()) - std::min(name.size(), word.size()) >= distance)
      continue;  // the lengths alone differ too much
    const bool swapped = std::is_permutation(name.begin(), name.end(), word.begin(), word.end());
    const std::size_t d = swapped ? 1 : edit_distance(name, word);
    if (d < distance) {
      distance = d;
      best = word;
    }
  }
  return best;
}

}  // namespace lb
