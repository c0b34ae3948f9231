#include "media/isrc.h"

namespace lb {

std::optional<std::string> isrc_of(std::string_view text) {
  std::string isrc;
  for (const char c : text)
    if (c != '-') isrc += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (isrc.size() != 12) return std::nullopt;
  for (std::size_t i = 0; i < isrc.size(); ++i)
    if (!(is_digit(isrc[i]) ? i >= 2 : is_letter(isrc[i]) && i < 5)) return std::nullopt;
  return isrc;
}

}  // namespace lb
