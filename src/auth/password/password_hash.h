// Hashes of passwords: Icecast's (MD5 in hex, no salt) and those of libcrypt: $2y$ (bcrypt), $5$,
// $6$ (SHA-256, SHA-512), $y$ (yescrypt) and whatever else it was built with, if its cost is known.
// Thread: pure functions.  The slow ones take 5 ms to a second on purpose: HashQueue's threads only;
// those that make a hash, on the clerk.
// Bounds: a hash states itself what judging it costs, up to days.  Above bcrypt's 14, 1,000,000
// rounds, scrypt's and yescrypt's default it is refused, whichever way it came.
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
// Of the slow ones: so slow that the usual ones are not kept waiting for it.
bool is_dear_hash(std::string_view hash);
// Whether what the hash says of its own cost is above the bounds.
bool is_costly_hash(std::string_view hash);
// Whether this is a hash that we can judge at all, at a cost within the bounds.
bool is_known_hash(const std::string& hash);
// What is wrong with it, as the end of a sentence; "" for one that is known.
std::string_view hash_complaint(const std::string& hash);
// False for a password with a NUL byte or of more than 512 bytes, and for a hash that is not known.
bool password_matches(const std::string& hash, const std::string& password);
// Its method and cost: judging a password takes as long for all that have the same; "": nothing is
// judged against it.
std::string hash_kind(const std::string& hash);
// What no password is right for, and judging one against it takes as long as against `like`; ""
// as `like`: as against what hash_password() makes by best_hash_method().  digits: 16 hex digits,
// so that it is another one for each.
std::string decoy_hash(const std::string& like, std::string_view digits);
// nullopt: libcrypt refuses.
std::optional<std::string> hash_password(HashMethod method, const std::string& password);

}  // namespace lb
