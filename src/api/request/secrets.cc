#include "api/request/secrets.h"

#include <cstdint>

namespace lb {

std::string base32_text(std::string_view bytes) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";
  std::string out;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : bytes) {
    held = (held << 8) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 5; bits -= 5) out += kLetters[(held >> (bits - 5)) & 31];
    held &= (1u << bits) - 1;
  }
  if (bits > 0) out += kLetters[(held << (5 - bits)) & 31];
  return out;
}

std::string new_password(const RandomBytes& random) { return base32_text(random(15)); }
std::string new_token(const RandomBytes& random) { return "lbt_" + base32_text(random(32)); }
std::string new_id(const RandomBytes& random) { return base32_text(random(10)); }

}  // namespace lb
