// Random secrets and names, from random bytes that the caller injects.
// Thread: pure functions.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace lb {

using RandomBytes = std::function<std::string(std::size_t)>;

// a-z and 2-7, five bits each.
// Source: RFC 4648, section 6, in lower case and without padding.
std::string base32_text(std::string_view bytes);

std::string new_password(const RandomBytes& random);  // 24 letters: 120 bits
std::string new_token(const RandomBytes& random);     // "lbt_" and 52 letters: 256 bits
std::string new_id(const RandomBytes& random);        // 16 letters: 80 bits

}  // namespace lb
