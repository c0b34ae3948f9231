#include "hls/session_names.h"

#include "base/cat.h"
#include "base/encoding.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kNonceDigits = 2 * kHlsNameRandom, kCheckBytes = 4;

// Each list and each segment of a session asks for it.
std::string with_check(std::string_view nonce) {
  static const HmacKey kKey("icecast-lb hls session");
  return cat({nonce, hex_encode(kKey.sign(nonce).substr(0, kCheckBytes))});
}

}  // namespace

std::string hls_session_name(std::string_view random) {
  return with_check(hex_encode(random.substr(0, kHlsNameRandom)));
}

bool is_hls_session_name(std::string_view name) {
  return name.size() == kNonceDigits + 2 * kCheckBytes &&
         with_check(name.substr(0, kNonceDigits)) == name;
}

std::string with_session(const std::string& query, std::string_view session) {
  return cat({query.empty() ? "" : query + "&", "s=", session});
}

}  // namespace lb
