#include "net/crypto/seal_keys.h"

#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "net/crypto/seal.h"

namespace lb {
namespace {

constexpr std::string_view kSealedMark = "sealed:v1:";
constexpr std::string_view kStorePurpose = "icecast-lb store secret 1";

std::optional<std::string> hex_octets(std::string_view digits) {
  std::string text;
  for (std::size_t i = 0; i < digits.size(); i += 2) text.append("%").append(digits.substr(i, 2));
  return percent_decode(text, false);
}

}  // namespace

std::optional<std::string> SealKeys::parse_key(std::string_view text) {
  auto bytes = text.size() == 2 * kSealKeyBytes ? hex_octets(text) : base64_decode(text);
  if (!bytes || bytes->size() != kSealKeyBytes) return std::nullopt;
  return bytes;
}

bool SealKeys::is_sealed(std::string_view text) noexcept { return text.starts_with(kSealedMark); }

SealKeys SealKeys::of_texts(const std::vector<std::string>& texts) {
  std::vector<std::string> keys;
  for (const std::string& text : texts)
    if (auto key = parse_key(text)) keys.push_back(*std::move(key));
  return SealKeys(keys);
}

SealKeys::SealKeys(const std::vector<std::string>& keys) {
  for (const std::string& key : keys)
    keys_.push_back(hkdf_sha256(key, {}, kStorePurpose, kSealKeyBytes));
}

std::string SealKeys::seal(std::string_view text, std::string_view about) const {
  return cat({kSealedMark, base64_encode(lb::seal(keys_.front(), text, about))});
}

std::optional<SealKeys::Opened> SealKeys::open(std::string_view sealed,
                                               std::string_view about) const {
  if (!is_sealed(sealed)) return std::nullopt;
  const auto bytes = base64_decode(sealed.substr(kSealedMark.size()));
  if (!bytes) return std::nullopt;
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (auto text = open_seal(keys_[i], *bytes, about)) return Opened{std::move(*text), i == 0};
  return std::nullopt;
}

}  // namespace lb
