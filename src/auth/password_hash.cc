#include "auth/password_hash.h"

#include <crypt.h>

#include <array>
#include <memory>

#include "base/strings.h"
#include "http/credentials.h"
#include "net/digest.h"

namespace lb {
namespace {

constexpr std::size_t kLongestPassword = 512;
constexpr std::size_t kMd5Digits = 32;

bool is_md5(std::string_view hash) {
  return hash.size() == kMd5Digits &&
         hash.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

bool is_usable(const std::string& password) {
  return password.size() <= kLongestPassword && password.find('\0') == std::string::npos;
}

std::string libcrypt(const std::string& password, const std::string& setting) {
  const auto data = std::make_unique<crypt_data>();  // 32 KiB: not for the stack
  const char* hashed = crypt_r(password.c_str(), setting.c_str(), data.get());
  // Failure is "*0" or "*1".
  if (hashed == nullptr || hashed[0] == '*') return {};
  return hashed;
}

struct MethodRow {
  std::string_view name;
  HashMethod method;
  const char* prefix;
  unsigned long cost;  // 0: libcrypt's own, which is right for the others; of bcrypt it is 5
};
constexpr std::array<MethodRow, 4> kMethods{{{"md5", HashMethod::kMd5, "", 0},
                                             {"bcrypt", HashMethod::kBcrypt, "$2y$", 10},
                                             {"sha512", HashMethod::kSha512, "$6$", 0},
                                             {"yescrypt", HashMethod::kYescrypt, "$y$", 0}}};

// A new salt with its method, for libcrypt; nullopt: it does not know the method.
std::optional<std::string> new_setting(HashMethod method) {
  const std::string salt = random_bytes(32);
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  const MethodRow& row = kMethods[static_cast<std::size_t>(method)];
  if (crypt_gensalt_rn(row.prefix, row.cost, salt.data(), static_cast<int>(salt.size()),
                       setting.data(), static_cast<int>(setting.size())) == nullptr)
    return std::nullopt;
  return std::string(setting.data());
}

}  // namespace

HashMethod best_hash_method() {
  for (const HashMethod method : {HashMethod::kYescrypt, HashMethod::kBcrypt})
    if (new_setting(method)) return method;
  return HashMethod::kSha512;
}

std::optional<HashMethod> hash_method(std::string_view name) {
  for (const MethodRow& row : kMethods)
    if (row.name == name) return row.method;
  return std::nullopt;
}

bool is_slow_hash(std::string_view hash) { return hash.starts_with('$'); }

bool is_known_hash(const std::string& hash) {
  if (is_md5(hash) || hash == kNoPassword) return true;
  if (!is_slow_hash(hash)) return false;
  const int verdict = crypt_checksalt(hash.c_str());
  return verdict == CRYPT_SALT_OK || verdict == CRYPT_SALT_METHOD_LEGACY ||
         verdict == CRYPT_SALT_TOO_CHEAP;
}

bool password_matches(const std::string& hash, const std::string& password) {
  if (!is_usable(password)) return false;
  if (is_md5(hash)) return secret_equal(md5_hex(password), to_lower(hash));
  if (!is_slow_hash(hash)) return false;
  const std::string hashed = libcrypt(password, hash);
  return !hashed.empty() && secret_equal(hashed, hash);
}

std::optional<std::string> hash_password(HashMethod method, const std::string& password) {
  if (!is_usable(password)) return std::nullopt;
  std::string hashed;
  if (method == HashMethod::kMd5) {
    hashed = md5_hex(password);
  } else {
    const auto setting = new_setting(method);
    if (!setting) return std::nullopt;
    hashed = libcrypt(password, *setting);
  }
  if (hashed.empty()) return std::nullopt;
  return hashed;
}

}  // namespace lb
