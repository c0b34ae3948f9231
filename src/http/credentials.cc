#include "http/credentials.h"

#include "base/encoding.h"
#include "base/strings.h"

namespace lb {

std::optional<Credentials> basic_credentials(const Headers& headers) {
  constexpr std::string_view kScheme = "basic ";
  const std::string_view value = headers.get("authorization");
  if (!istarts_with(value, kScheme)) return std::nullopt;
  const auto pair = base64_decode(trim(value.substr(kScheme.size())));
  if (!pair) return std::nullopt;
  const std::size_t colon = pair->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{pair->substr(0, colon), pair->substr(colon + 1)};
}

bool secret_equal(std::string_view given, std::string_view expected) noexcept {
  if (expected.empty() || given.find('\0') != std::string_view::npos) return false;
  unsigned difference = given.size() == expected.size() ? 0 : 1;
  std::size_t at = 0;
  for (const char c : given) {
    difference |= static_cast<unsigned char>(c) ^ static_cast<unsigned char>(expected[at]);
    at = at + 1 == expected.size() ? 0 : at + 1;
    // Stops the compiler from leaving the loop at the first difference.
    asm volatile("" : "+r"(difference));
  }
  return difference == 0;
}

}  // namespace lb
