// Digests and secret randomness; OpenSSL is fenced in this floor.
// Thread: pure functions; random_bytes() from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lb {

// Lower-case hex, 32 characters.  For Icecast's password files only: MD5 protects nothing.
// "" where the library forbids MD5 (FIPS mode).
std::string md5_hex(std::string_view text);
// 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);
// Unpredictable; for keys and salts.
std::string random_bytes(std::size_t n);

}  // namespace lb
