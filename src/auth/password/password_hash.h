// Hashes of passwords: Icecast's (MD5 in hex, no salt) and those of libcrypt: $2y$ (bcrypt), $5$,
// $6$ (SHA-256, SHA-512), $y$ (yescrypt) and its other kinds with a known cost.
// Thread: pure functions.  The slow ones take 5 ms to a second on purpose: only on HashQueue's
// threads; those that make a hash, on the clerk.
// Bounds: a hash states its own cost, up to days.  It is refused above bcrypt's 14, 1,000,000
// rounds, scrypt's and yescrypt's default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lb {

// A value in place of a hash that no password matches, as in shadow(5).
inline constexpr std::string_view kNoPassword = "!";

// How new passwords are hashed.
enum class HashMethod : std::uint8_t { kMd5, kBcrypt, kSha512, kYescrypt };
std::optional<HashMethod> hash_method(
    std::string_view name);  // "md5", "bcrypt", "sha512", "yescrypt"

// The first of yescrypt, bcrypt and sha512 that this libcrypt has.
HashMethod best_hash_method();

// Whether a comparison with this hash takes long.
bool is_slow_hash(std::string_view hash);
// Whether a slow hash is so slow that usual ones must not wait behind it.
bool is_dear_hash(std::string_view hash);
// Whether the hash's stated cost is above the bounds.
bool is_costly_hash(std::string_view hash);
// Whether this hash can be judged, within the bounds.
bool is_known_hash(const std::string& hash);
// The fault of the hash, as the end of a sentence; "": it has none.
std::string_view hash_complaint(const std::string& hash);
// False for a password with a NUL byte or of more than 512 bytes, and for a hash that is not known.
bool password_matches(const std::string& hash, const std::string& password);
// The method and cost of a hash: comparisons of one kind take equally long; "": no comparison.
std::string hash_kind(const std::string& hash);
// A hash that no password matches, with the cost of `like`; like "": of best_hash_method(). digits:
// 16 hex digits that make it unique.
std::string decoy_hash(const std::string& like, std::string_view digits);
// nullopt: libcrypt refuses.
std::optional<std::string> hash_password(HashMethod method, const std::string& password);

}  // namespace lb
