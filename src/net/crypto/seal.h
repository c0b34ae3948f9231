// Seals: a text that only a holder of the key can read or change, and keys made of secrets.
// Thread: pure functions.
// Source: AES-256-GCM (NIST SP 800-38D), HKDF with SHA-256 (RFC 5869).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lb {

constexpr std::size_t kSealKeyBytes = 32;

// At most 8160 bytes.  info: what the key is for, so that one secret makes several.
std::string hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info,
                        std::size_t bytes);

// A nonce by chance (12 bytes), the text, a tag (16 bytes).  about: not in it, but has to be the
// same when it is opened, such as the place where it is kept.
// REQUIRES: key has kSealKeyBytes
std::string seal(std::string_view key, std::string_view text, std::string_view about = {});
// nullopt: another key, another `about`, or a byte has changed.
std::optional<std::string> open_seal(std::string_view key, std::string_view sealed,
                                     std::string_view about = {});
// As seal(), with the nonce given (12 bytes); for test vectors: a nonce used twice opens both.
std::string seal_with(std::string_view key, std::string_view nonce, std::string_view text,
                      std::string_view about);

}  // namespace lb
