#include "hls/session_names.h"

#include <algorithm>

#include "base/encoding.h"

namespace lb {
namespace {

constexpr std::size_t kNonce = 16, kMacBytes = 4;

std::string mac_of(const HmacKey& key, std::string_view nonce) {
  return hex_encode(key.sign("icecast-lb hls ", nonce).substr(0, kMacBytes));
}

}  // namespace

HlsSessionNames::HlsSessionNames(std::span<const std::string> keys) {
  for (const std::string& key : keys) keys_.emplace_back(key);
}

std::string HlsSessionNames::issue(std::string_view random) const {
  const std::string nonce = hex_encode(random.substr(0, kRandomBytes));
  return nonce + mac_of(keys_.front(), nonce);
}

bool HlsSessionNames::is_ours(std::string_view name) const {
  if (name.size() != kBytes) return false;
  const std::string_view nonce = name.substr(0, kNonce), mac = name.substr(kNonce);
  return std::any_of(keys_.begin(), keys_.end(),
                     [&](const HmacKey& key) { return mac_of(key, nonce) == mac; });
}

}  // namespace lb
