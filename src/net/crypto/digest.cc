#include "net/crypto/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>

#include "base/encoding.h"

namespace lb {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string text_of(const std::array<unsigned char, EVP_MAX_MD_SIZE>& digest, unsigned size) {
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace

std::string md5_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr) != 1)
    return {};
  return hex_encode(text_of(digest, size));
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return text_of(digest, size);
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
       digest.data(), &size);
  return text_of(digest, size);
}

// RFC 2104: H(key ^ opad | H(key ^ ipad | text)); the states follow the first block of each hash.
struct HmacKey::States {
  using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
  Context inner{EVP_MD_CTX_new(), &EVP_MD_CTX_free}, outer{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

HmacKey::HmacKey(std::string_view key) {
  constexpr std::size_t kBlock = 64;
  constexpr unsigned char kInner = 0x36, kOuter = 0x5c;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (key.size() > kBlock) {
    EVP_Digest(key.data(), key.size(), digest.data(), &size, EVP_sha256(), nullptr);
    key = {reinterpret_cast<const char*>(digest.data()), size};
  }
  auto states = std::make_unique<States>();
  const auto begin = [key](EVP_MD_CTX* context, unsigned char pad) {
    std::array<unsigned char, kBlock> block{};
    for (std::size_t i = 0; i < kBlock; ++i)
      block[i] = static_cast<unsigned char>((i < key.size() ? bytes_of(key)[i] : 0) ^ pad);
    EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
    EVP_DigestUpdate(context, block.data(), block.size());
  };
  begin(states->inner.get(), kInner);
  begin(states->outer.get(), kOuter);
  states_ = std::move(states);
}

HmacKey::~HmacKey() = default;
HmacKey::HmacKey(HmacKey&&) noexcept = default;
HmacKey& HmacKey::operator=(HmacKey&&) noexcept = default;

std::string HmacKey::sign(std::string_view first, std::string_view second) const {
  // Copying into a context of the same digest allocates nothing.
  thread_local const States::Context scratch{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_MD_CTX* context = scratch.get();
  EVP_MD_CTX_copy_ex(context, states_->inner.get());
  EVP_DigestUpdate(context, first.data(), first.size());
  EVP_DigestUpdate(context, second.data(), second.size());
  EVP_DigestFinal_ex(context, digest.data(), &size);
  EVP_MD_CTX_copy_ex(context, states_->outer.get());
  EVP_DigestUpdate(context, digest.data(), size);
  EVP_DigestFinal_ex(context, digest.data(), &size);
  return text_of(digest, size);
}

std::string random_bytes(std::size_t n) {
  std::string bytes(n, '\0');
  // Without randomness every key would be the same, so the process cannot continue.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(n)) != 1)
    std::abort();
  return bytes;
}

}  // namespace lb
