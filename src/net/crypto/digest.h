// Digests and secret random bytes; OpenSSL is used in this floor only.
// Thread: pure functions; random_bytes() from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace lb {

// Lower-case hex, 32 characters, for Icecast's password files only: MD5 protects nothing.  "" if
// the library forbids MD5 (FIPS mode).
std::string md5_hex(std::string_view text);
// 32 bytes each.
std::string sha256(std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);

// HMAC-SHA256 with one key, many times: the key's part is computed once, so a short text costs two
// blocks of SHA-256.
// Thread: any, after the constructor.
class HmacKey {
 public:
  explicit HmacKey(std::string_view key);
  ~HmacKey();
  HmacKey(HmacKey&&) noexcept;
  HmacKey& operator=(HmacKey&&) noexcept;

  // As hmac_sha256(key, first + second).
  std::string sign(std::string_view first, std::string_view second = {}) const;

 private:
  struct States;
  std::unique_ptr<const States> states_;
};

// Unpredictable; for keys and salts.
std::string random_bytes(std::size_t n);

}  // namespace lb
