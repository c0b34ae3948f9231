// Seals: texts that only a holder of the key can read or change, and keys derived from secrets.
// Thread: pure functions.
// Source: AES-256-GCM (NIST SP 800-38D), HKDF with SHA-256 (RFC 5869).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lb {

constexpr std::size_t kSealKeyBytes = 32;

// At most 8160 bytes. info: the purpose of the key, so that one secret gives several.
std::string hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info,
                        std::size_t bytes);

// A random nonce (12 bytes), the text, a tag (16 bytes). about: not stored, but must be the same
// when it is opened, such as the place of the text.  REQUIRES: key has kSealKeyBytes
std::string seal(std::string_view key, std::string_view text, std::string_view about = {});
// nullopt: another key, another `about`, or a changed byte.
std::optional<std::string> open_seal(std::string_view key, std::string_view sealed,
                                     std::string_view about = {});
// seal() with a given nonce (12 bytes), for test vectors: a nonce used twice breaks both seals.
std::string seal_with(std::string_view key, std::string_view nonce, std::string_view text,
                      std::string_view about);

}  // namespace lb
