// SealKeys: texts that are sealed by keys of a configuration, so that what is kept elsewhere says
// nothing without them.  The first key seals, all of them open: a key is changed by two of them.
//
//   sealed:v1:BASE64      (AES-256-GCM, net/crypto/seal.h)
//
// Thread: any, after the constructor.
// Errors: a text of another key, of another place (`about`) or with a changed byte does not open.
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
  // As they are in a configuration; texts that are no keys are left out.
  static SealKeys of_texts(const std::vector<std::string>& texts);
  // Whether a text looks like one of seal().
  static bool is_sealed(std::string_view text) noexcept;

  SealKeys() = default;  // without a key: opens and seals nothing
  // REQUIRES: each has kSealKeyBytes
  explicit SealKeys(const std::vector<std::string>& keys);

  bool can_seal() const noexcept { return !keys_.empty(); }
  // REQUIRES: can_seal()
  std::string seal(std::string_view text, std::string_view about) const;
  struct Opened {
    std::string text;
    bool newest = false;  // by the key that seals
  };
  std::optional<Opened> open(std::string_view sealed, std::string_view about) const;

 private:
  std::vector<std::string> keys_;  // derived ones
};

}  // namespace lb
