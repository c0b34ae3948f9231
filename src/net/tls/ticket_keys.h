// TicketKeys: the keys of TLS session tickets, derived from secrets and the hour.
//
// A ticket saves a returning client the certificate's signature, two thirds of a handshake's cost.
// The keys are made of
//   the secrets of the configuration, where there are any; else
//   TLS 1.3: the certificate's private key: every server with the certificate accepts the
//     tickets, this one after a restart as well as another node of the name, and nothing is sent
//     to a server without that key;
//   TLS 1.2: random secrets of this server (TicketRing).
// They differ because of a stolen key's effect on recorded connections: it reveals nothing of TLS
// 1.3, because a resumed connection also agrees on a new key (psk_dhe_ke), but each TLS 1.2
// connection whose ticket was seen, because a ticket has the connection's key.  So a configured
// secret must be changed now and then, and is as secret as the certificate's key.
//
// Each hour has its own key; a ticket is valid for kHours, with clocks that differ by less than an
// hour.
//
// Source: RFC 5077 4 (name, AES-CBC, HMAC-SHA256), RFC 8446 2.2 and 4.6.1; keys by HMAC-SHA256 as
// in RFC 5869.
// Thread: immutable, except for the cache of an hour's keys; all loops.
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

// TicketRing: this server's own random secrets, one for each hour, and their text in the file by
// which they survive a restart.
//
// A secret is deleted with the last ticket of its hour, so that recorded connections stay secret
// even if the whole server is stolen later.
// Thread: any.
// Ownership: shared by the TlsKeeper, which turns it, and the TicketKeys.
// Bounds: kHours secrets.
class TicketRing {
 public:
  static constexpr int kHours = 3;  // validity of a ticket
  struct Secret {
    std::int64_t hour = 0;  // since 1970
    std::string bytes;      // 32

    bool operator==(const Secret&) const = default;
  };

  // The newest first; empty before turn() or take().
  std::vector<Secret> secrets() const;
  // Adds a secret for this hour, if it has none, and drops expired ones.  True: the ring changed.
  bool turn(std::int64_t hour);
  // Adds secrets of a file, except for an hour that has one in use.
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

  // shared: from the configuration; the first makes tickets, all accept them.  REQUIRES: shared is
  // not empty, or own has a secret
  TicketKeys(std::vector<std::string> shared, const Clock& clock,
             std::shared_ptr<const TicketRing> own = nullptr,
             std::vector<std::string> certificates = {});
  // The secret of a certificate's private key; "": it cannot be read.
  static std::string secret_of(const EVP_PKEY* key);
  // A copy of these keys with other secrets of certificates, present and former.
  std::shared_ptr<const TicketKeys> with(std::vector<std::string> certificates) const;
  const std::vector<std::string>& certificates() const noexcept { return certificates_; }

  struct Key {
    std::string name, cipher, mac;  // 16, 32 and 32 bytes
  };
  // certificate: the secret of the shown one, for TLS 1.3.
  Key newest(const std::string& certificate = {}) const;
  // nullopt: not our key, or too old.
  std::optional<Key> find(std::string_view name) const;

  // OpenSSL's callback for each ticket: see SSL_CTX_set_tlsext_ticket_key_evp_cb(3).
  int use(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
          bool make, const std::string& certificate = {}) const;

 private:
  // From all secrets but the random ones.
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
