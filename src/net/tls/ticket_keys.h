// TicketKeys: the keys of TLS session tickets, made of secrets and the hour.
//
// A client that comes again with a ticket is spared the certificate's signature, which is two
// thirds of what a handshake costs.  The keys are made of
//   the secrets of the configuration, where there are any; else
//   TLS 1.3: the certificate's private key: every server of the same certificate takes the
//     tickets, this one after a restart as well as another node of the name, and nothing is sent
//     to a server without that key;
//   TLS 1.2: random secrets of this server (net/ticket_ring).
// The difference is what a thief of the key reads in what was recorded: of TLS 1.3 nothing, because
// a resumed connection agrees on a new key beside the ticket's (psk_dhe_ke); of TLS 1.2 each
// connection whose ticket was seen, because a ticket holds the connection's own key.  So a secret
// of the configuration is to be changed now and then, and is as secret as the certificate's key.
//
// Each hour has its own key; a ticket is good for kHours, and for clocks that differ by less than
// an hour.
//
// Source: RFC 5077 4 (name, AES-CBC, HMAC-SHA256), RFC 8446 2.2 and 4.6.1; keys by HMAC-SHA256 as
// in RFC 5869.
// Thread: immutable, but for what an hour's keys are remembered in; all loops.
// Ownership: shared, by the contexts that use it.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/snapshot.h"

namespace lb {

// TicketRing: the random secrets of this server's own tickets, one for each hour, and their text in
// the file by which they outlive a restart.
//
// With the last ticket of an hour its secret is forgotten too, so
// that what was recorded of the connections stays secret even if the whole server is stolen later.
// Thread: any.
// Ownership: shared by the TlsKeeper, which turns it, and the TicketKeys.
// Bounds: kHours secrets.
class TicketRing {
 public:
  static constexpr int kHours = 3;  // that a ticket is good for
  struct Secret {
    std::int64_t hour = 0;  // since 1970
    std::string bytes;      // 32

    bool operator==(const Secret&) const = default;
  };

  // The newest first; empty before turn() or take().
  std::vector<Secret> secrets() const;
  // Adds a secret for this hour, if it has none, and drops expired ones.  True: the ring changed.
  bool turn(std::int64_t hour);
  // Those of a file; they do not replace one of the same hour that is in use.
  void take(std::vector<Secret> secrets, std::int64_t now);
  static Result<std::vector<Secret>> parse(std::string_view text);
  std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Secret> secrets_;
};

class TicketKeys {
 public:
  static constexpr int kHours = TicketRing::kHours;

  // shared: of the configuration; the first one is for new tickets, all of them are for old ones.
  // REQUIRES: shared is not empty, or own has a secret
  TicketKeys(std::vector<std::string> shared, const Clock& clock,
             std::shared_ptr<const TicketRing> own = nullptr,
             std::vector<std::string> certificates = {});
  // Of the private key of a certificate; "": it cannot be read.
  static std::string secret_of(const EVP_PKEY* key);
  // The same keys with these secrets of certificates, for those that are in use and those that
  // were.
  std::shared_ptr<const TicketKeys> with(std::vector<std::string> certificates) const;
  const std::vector<std::string>& certificates() const noexcept { return certificates_; }

  struct Key {
    std::string name, cipher, mac;  // 16, 32 and 32 bytes
  };
  // certificate: the secret of the one that is shown, where the connection is of TLS 1.3.
  Key newest(const std::string& certificate = {}) const;
  // nullopt: none of ours, or too old.
  std::optional<Key> find(std::string_view name) const;

  // What OpenSSL calls for each ticket: see SSL_CTX_set_tlsext_ticket_key_evp_cb(3).
  int use(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
          bool make, const std::string& certificate = {}) const;

 private:
  // Of all secrets but the random ones.
  struct HourKeys {
    std::int64_t hour = -1;
    std::map<std::string, Key, std::less<>> by_name;
  };
  std::int64_t hour() const;
  std::shared_ptr<const HourKeys> keys_of_now() const;

  const std::vector<std::string> shared_;
  const Clock& clock_;
  const std::shared_ptr<const TicketRing> own_;
  const std::vector<std::string> certificates_;
  mutable Snapshot<HourKeys> now_;
};

}  // namespace lb
