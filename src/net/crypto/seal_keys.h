// SealKeys: seals texts with keys of the configuration, so that they can be kept elsewhere.  The
// first key seals, all keys open, so that a key can be replaced while both are configured.
//
//   sealed:v1:BASE64      (AES-256-GCM, net/crypto/seal.h)
//
// Thread: any, after the constructor.
// Errors: a text with another key or place (`about`), or with a changed byte, does not open.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lb {

class SealKeys {
 public:
  // 32 bytes as 64 hexadecimal digits or in base64; nullopt: neither.
  static std::optional<std::string> parse_key(std::string_view text);
  // From a configuration's texts; invalid ones are left out.
  static SealKeys of_texts(const std::vector<std::string>& texts);
  // Whether a text has the form of seal().
  static bool is_sealed(std::string_view text) noexcept;

  SealKeys() = default;  // without a key: opens and seals nothing
  // REQUIRES: each has kSealKeyBytes
  explicit SealKeys(const std::vector<std::string>& keys);

  bool can_seal() const noexcept { return !keys_.empty(); }
  // REQUIRES: can_seal()
  std::string seal(std::string_view text, std::string_view about) const;
  struct Opened {
    std::string text;
    bool newest = false;  // sealed with the first key
  };
  std::optional<Opened> open(std::string_view sealed, std::string_view about) const;

 private:
  std::vector<std::string> keys_;  // derived ones
};

}  // namespace lb
