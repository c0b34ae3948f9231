// KeyRing: the keys by which this server signs sessions, and the file that they are in.
//
// The newest key signs; older ones are believed for kOldKeyValid more, so that no session
// ends with an ordinary change of keys.  The file is the server's own (0600), one JSON object; it
// is replaced in one step, and keeps the owner of its directory when root replaces it.
// Thread: immutable values; the functions with a path ask the disk: on the clerk, or before the
// loops start.
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
  std::int64_t until = 0;  // believed until then; 0: it signs
};

class KeyRing {
 public:
  static constexpr std::chrono::hours kNewKeyAfter{30 * 24};
  static constexpr std::chrono::hours kOldKeyValid{12};

  static KeyRing fresh(std::int64_t now);
  // With a new key in front.  revoke: the older ones are believed no longer.
  KeyRing rotated(std::int64_t now, bool revoke) const;
  // Without that key; where it has signed, a new one does.
  KeyRing without(std::string_view kid, std::int64_t now) const;
  static Result<KeyRing> parse(std::string_view text);
  std::string text() const;

  const OwnKey& newest() const noexcept { return keys_.front(); }
  const std::vector<OwnKey>& keys() const noexcept { return keys_; }
  // nullptr: not known, or believed no longer.
  const OwnKey* find(std::string_view kid, std::int64_t now) const;
  bool is_due(std::int64_t now) const;
  // For what is derived from it: outlives every key.
  const std::string& secret() const noexcept { return secret_; }

 private:
  std::string secret_;
  std::vector<OwnKey> keys_;  // newest first; never empty
};

// Errors: kNotFound where there is no file; kInvalid: it is damaged, and stays as it is.
Result<KeyRing> read_key_ring(const std::string& path);
Result<void> write_key_ring(const std::string& path, const KeyRing& ring);

}  // namespace lb
