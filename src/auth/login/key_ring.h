// KeyRing: the keys with which this server signs sessions, and their file.
//
// The newest key signs; older ones are accepted for kOldKeyValid more, so that an ordinary change
// of keys ends no session.  The file is the server's own (0600), one JSON object; it is replaced
// atomically, and keeps the owner of its directory when root replaces it.
// Thread: immutable values; functions with a path use the disk: on the clerk, or before the loops
// start.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/crypto/signing.h"

namespace lb {

struct OwnKey {
  std::string kid;  // 64 random bits, base64url
  SigningKey key;
  std::int64_t made = 0;   // Unix seconds
  std::int64_t until = 0;  // accepted until then; 0: it signs
};

class KeyRing {
 public:
  static constexpr std::chrono::hours kNewKeyAfter{30 * 24};
  static constexpr std::chrono::hours kOldKeyValid{12};

  static KeyRing fresh(std::int64_t now);
  // Adds a new key in front. revoke: older ones are no longer accepted, and the secret is another.
  KeyRing rotated(std::int64_t now, bool revoke) const;
  // Without that key; if it was the signing one, a new one replaces it.
  KeyRing without(std::string_view kid, std::int64_t now) const;
  static Result<KeyRing> parse(std::string_view text);
  std::string text() const;

  const OwnKey& newest() const noexcept { return keys_.front(); }
  const std::vector<OwnKey>& keys() const noexcept { return keys_; }
  // nullptr: unknown, or no longer accepted.
  const OwnKey* find(std::string_view kid, std::int64_t now) const;
  bool is_due(std::int64_t now) const;
  // For derived secrets: it outlives every key.
  const std::string& secret() const noexcept { return secret_; }

 private:
  std::string secret_;
  std::vector<OwnKey> keys_;  // newest first; never empty
};

// Errors: kNotFound: no file; kInvalid: damaged, and left as it is.
Result<KeyRing> read_key_ring(const std::string& path);
Result<void> write_key_ring(const std::string& path, const KeyRing& ring);

}  // namespace lb
