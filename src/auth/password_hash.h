// Hashes of passwords: Icecast's (MD5 in hex, no salt) and those of libcrypt: $2y$ (bcrypt), $5$,
// $6$ (SHA-256, SHA-512), $y$ (yescrypt) and whatever else it was built with, such as $argon2id$.
// Thread: pure functions.  The slow ones take 5 to 500 ms on purpose: on the clerk only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lb {

// In the place of a hash: no password is right, as in shadow(5).
inline constexpr std::string_view kNoPassword = "!";

// How new passwords are hashed.
enum class HashMethod : std::uint8_t { kMd5, kBcrypt, kSha512, kYescrypt };
std::optional<HashMethod> hash_method(
    std::string_view name);  // "md5", "bcrypt", "sha512", "yescrypt"

// The first that this machine's libcrypt knows of yescrypt, bcrypt and sha512.
HashMethod best_hash_method();

// Whether judging a password against this hash takes long.
bool is_slow_hash(std::string_view hash);
// Whether this is a hash that we can judge at all.
bool is_known_hash(const std::string& hash);
// False for a password with a NUL byte or of more than 512 bytes, and for a hash of another kind.
bool password_matches(const std::string& hash, const std::string& password);
// nullopt: libcrypt refuses.
std::optional<std::string> hash_password(HashMethod method, const std::string& password);

}  // namespace lb
