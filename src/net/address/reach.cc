#include "net/address/reach.h"

#include "base/strings.h"

namespace lb {
namespace {

Reach reach_of_v4(const std::uint8_t* b) noexcept {
  if (b[0] == 127 || b[0] == 0) return Reach::kHost;
  if (b[0] == 169 && b[1] == 254) return Reach::kLink;
  const bool own = b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
                   (b[0] == 192 && b[1] == 168) || (b[0] == 100 && (b[1] & 0xc0) == 64) ||
                   (b[0] == 198 && (b[1] & 0xfe) == 18);
  return own ? Reach::kNetwork : Reach::kPublic;
}

bool zeros(const std::uint8_t* from, const std::uint8_t* to) noexcept {
  for (; from != to; ++from)
    if (*from != 0) return false;
  return true;
}

}  // namespace

Reach reach_of(const Address& address) noexcept {
  const std::uint8_t* b = address.bytes().data();
  if (address.is_v4()) return reach_of_v4(b + 12);
  if (zeros(b, b + 12)) {  // ::, ::1, and the obsolete ::a.b.c.d (RFC 4291, 2.5.5.1)
    const bool v6 = zeros(b + 12, b + 15) && b[15] <= 1;
    return v6 ? Reach::kHost : reach_of_v4(b + 12);
  }
  if (b[0] == 0x00 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b && zeros(b + 4, b + 12))
    return reach_of_v4(b + 12);
  if (b[0] == 0x20 && b[1] == 0x02) return reach_of_v4(b + 2);
  if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) return Reach::kLink;
  if ((b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0xc0)) return Reach::kNetwork;
  return Reach::kPublic;
}

std::string_view to_text(Reach reach) noexcept {
  return word_of<Reach::kPublic>(reach, {"a loopback address", "a link-local address",
                                         "a private address", "a public address"});
}

}  // namespace lb
