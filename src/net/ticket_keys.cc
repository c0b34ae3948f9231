#include "net/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <chrono>
#include <cstring>
#include <utility>

#include "net/digest.h"

namespace lb {
namespace {

constexpr std::size_t kNameBytes = 16;
constexpr std::size_t kIvBytes = 16;

}  // namespace

TicketKeys::TicketKeys(std::vector<std::string> secrets, const Clock& clock)
    : secrets_(std::move(secrets)), clock_(clock) {}

std::int64_t TicketKeys::hour() const {
  return std::chrono::duration_cast<std::chrono::hours>(clock_.wall().time_since_epoch()).count();
}

TicketKeys::Key TicketKeys::key_of(const std::string& secret, std::int64_t hour) {
  const std::string label = "icecast-lb ticket " + std::to_string(hour);
  return {hmac_sha256(secret, label + " name").substr(0, kNameBytes),
          hmac_sha256(secret, label + " cipher"), hmac_sha256(secret, label + " mac")};
}

TicketKeys::Key TicketKeys::newest() const { return key_of(secrets_.front(), hour()); }

std::optional<TicketKeys::Key> TicketKeys::find(std::string_view name) const {
  const std::int64_t now = hour();
  for (const std::string& secret : secrets_) {
    for (std::int64_t at = now + 1; at > now - kHours; --at) {
      Key key = key_of(secret, at);
      if (key.name == name) return key;
    }
  }
  return std::nullopt;
}

int TicketKeys::use(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                    EVP_MAC_CTX* mac, bool make) const {
  std::optional<Key> key;
  if (make) {
    key = newest();
    if (RAND_bytes(iv, kIvBytes) != 1) return -1;
    std::memcpy(name, key->name.data(), kNameBytes);
  } else {
    key = find({reinterpret_cast<const char*>(name), kNameBytes});
    if (!key) return 0;  // a full handshake, and a new ticket
  }
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac.data(), key->mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_end()};
  const auto* secret = reinterpret_cast<const unsigned char*>(key->cipher.data());
  if (EVP_MAC_CTX_set_params(mac, params) != 1 ||
      EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, secret, iv, make ? 1 : 0) != 1)
    return -1;
  return make ? 1 : 2;  // 2: a new ticket for the next time; clients of TLS 1.3 use each once
}

}  // namespace lb
