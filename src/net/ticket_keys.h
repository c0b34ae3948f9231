// TicketKeys: the keys of TLS session tickets, all derived from secrets and the hour.
//
// A client that comes again with a ticket is spared the certificate's signature, which is two
// thirds of what a handshake costs.  Nothing is kept: a restarted server, one whose certificate was
// renewed, or another node of the same name takes the tickets too, if it has the same secret.  Each
// hour has its own key; a ticket is good for kHours, and for clocks that differ by less than an
// hour.  A stolen secret decrypts recorded TLS 1.2 connections that were resumed (not those of 1.3,
// which agree on a new key): it is as secret as the certificate's key.
//
// Source: RFC 5077 4 (name, AES-CBC, HMAC-SHA256), RFC 8446 4.6.1; keys by HMAC-SHA256 as in RFC 5869.
// Thread: immutable; all loops.
// Ownership: shared, by the contexts that use it.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lb {

class TicketKeys {
 public:
  static constexpr int kHours = 3;

  // The first secret is for new tickets, all of them are for old ones.  Never empty.
  TicketKeys(std::vector<std::string> secrets, const Clock& clock);

  struct Key {
    std::string name, cipher, mac;  // 16, 32 and 32 bytes
  };
  Key newest() const;
  // nullopt: none of ours, or too old.
  std::optional<Key> find(std::string_view name) const;

  // What OpenSSL calls for each ticket: see SSL_CTX_set_tlsext_ticket_key_evp_cb(3).
  int use(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
          bool make) const;

 private:
  std::int64_t hour() const;
  static Key key_of(const std::string& secret, std::int64_t hour);

  const std::vector<std::string> secrets_;
  const Clock& clock_;
};

}  // namespace lb
