#include "auth/password/password_hash.h"

#include <crypt.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include "base/cat.h"
#include "base/strings.h"
#include "http/credentials.h"
#include "net/crypto/digest.h"

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
  const auto data = std::make_unique<crypt_data>();  // 32 KiB, too much for the stack
  const char* hashed = crypt_r(password.c_str(), setting.c_str(), data.get());
  // libcrypt returns "*0" or "*1" for a failure.
  if (hashed == nullptr || hashed[0] == '*') return {};
  return hashed;
}

// -- what a hash costs ---------------------------------------------------------------------------

constexpr std::uint64_t kNoCost = std::numeric_limits<std::uint64_t>::max();

// The cost that a hash states, in a unit of its method.
std::uint64_t fixed_cost(std::string_view) { return 0; }

std::uint64_t number_before(std::string_view text, char end) {
  const std::size_t size = text.find(end);
  if (size == std::string_view::npos || size == 0 || size > 9) return kNoCost;
  if (!std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size), is_digit))
    return kNoCost;
  return parse_u64(text.substr(0, size)).value_or(kNoCost);
}

// "rounds=5000$salt"; without it the method's default.
std::uint64_t rounds(std::string_view rest) {
  constexpr std::string_view kRounds = "rounds=";
  return rest.starts_with(kRounds) ? number_before(rest.substr(kRounds.size()), '$') : 5000;
}

std::uint64_t first_number(std::string_view rest) { return number_before(rest, '$'); }

// Digits of libcrypt's base 64; yescrypt writes numbers from 48 on in more than one digit.
std::uint64_t digit(char c) {
  constexpr std::string_view kDigits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij";
  const std::size_t at = kDigits.find(c);
  return at == std::string_view::npos ? kNoCost : at;
}

// "j9T$salt": the flavour, log2(N) - 1, r - 1.  Further parameters multiply the cost, so such a
// hash is refused.
std::uint64_t yescrypt_cost(std::string_view rest) {
  if (rest.find('$') != 3 || rest[0] != 'j') return kNoCost;
  const std::uint64_t log_n = digit(rest[1]), r = digit(rest[2]);
  if (log_n == kNoCost || r == kNoCost || log_n > 30) return kNoCost;
  return (r + 1) << (log_n + 1);
}

// "CU..../....salt": log2(N), then r and p in five digits each, lowest first.
std::uint64_t scrypt_cost(std::string_view rest) {
  if (rest.size() < 11 || rest.substr(2, 4) != "...." || rest.substr(6, 5) != "/....")
    return kNoCost;
  const std::uint64_t log_n = digit(rest[0]), r = digit(rest[1]);
  return log_n == kNoCost || r == kNoCost || log_n > 30 ? kNoCost : r << log_n;
}

struct CostRow {
  std::string_view prefix;
  std::uint64_t (*cost)(std::string_view rest);  // from the text after the prefix
  std::uint64_t dear, limit;                     // above `dear`: 0.1 s and more
};
// The times are those at each limit on a processor of 2024.
constexpr std::uint64_t kMaxRounds = 1'000'000, kDearRounds = 250'000;
constexpr std::uint64_t kDearBcrypt = 11, kMaxBcrypt = 14;  // 0.09 s, 0.71 s
constexpr std::uint64_t kYescryptDefault = 32u << 12;       // "j9T": 0.02 s, 16 MiB
constexpr std::uint64_t kScryptDefault = 32u << 14;         // "CU": 0.17 s, 64 MiB
constexpr CostRow kCosts[] = {
    {"$1$", fixed_cost, 0, 0},
    {"$2a$", first_number, kDearBcrypt, kMaxBcrypt},
    {"$2b$", first_number, kDearBcrypt, kMaxBcrypt},
    {"$2x$", first_number, kDearBcrypt, kMaxBcrypt},
    {"$2y$", first_number, kDearBcrypt, kMaxBcrypt},
    {"$3$", fixed_cost, 0, 0},
    {"$5$", rounds, kDearRounds, kMaxRounds},  // 0.24 s
    {"$6$", rounds, kDearRounds, kMaxRounds},  // 0.19 s
    {"$7$", scrypt_cost, 0, kScryptDefault},
    {"$gy$", yescrypt_cost, kYescryptDefault, kYescryptDefault},
    {"$md5$", fixed_cost, 0, 0},                        // 4096 rounds
    {"$md5,", rounds, kDearRounds / 4, kMaxRounds},     // 1.09 s
    {"$sha1$", first_number, kDearRounds, kMaxRounds},  // 0.47 s
    {"$sm3$", rounds, kDearRounds, kMaxRounds},
    {"$sm3y$", yescrypt_cost, kYescryptDefault, kYescryptDefault},
    {"$y$", yescrypt_cost, kYescryptDefault, kYescryptDefault},
};

const CostRow* cost_row(std::string_view hash) {
  for (const CostRow& row : kCosts)
    if (hash.starts_with(row.prefix)) return &row;
  return nullptr;
}

std::uint64_t cost_of(const CostRow& row, std::string_view hash) {
  return row.cost(hash.substr(row.prefix.size()));
}

// -- making one ----------------------------------------------------------------------------------

struct MethodRow {
  std::string_view name;
  HashMethod method;
  const char* prefix;
  unsigned long cost;  // 0: libcrypt's default; for bcrypt that is 5, which is too low
};
constexpr std::array<MethodRow, 4> kMethods{{{"md5", HashMethod::kMd5, "", 0},
                                             {"bcrypt", HashMethod::kBcrypt, "$2y$", 10},
                                             {"sha512", HashMethod::kSha512, "$6$", 0},
                                             {"yescrypt", HashMethod::kYescrypt, "$y$", 0}}};

// libcrypt's setting: the method and a salt of 32 bytes; nullopt: it does not know the method.
std::optional<std::string> new_setting(HashMethod method,
                                       const std::string& salt = random_bytes(32)) {
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

bool is_dear_hash(std::string_view hash) {
  const CostRow* row = cost_row(hash);
  return row != nullptr && cost_of(*row, hash) > row->dear;
}

bool is_costly_hash(std::string_view hash) {
  const CostRow* row = cost_row(hash);
  return row != nullptr && cost_of(*row, hash) > row->limit;
}

bool is_known_hash(const std::string& hash) {
  if (is_md5(hash) || hash == kNoPassword) return true;
  if (cost_row(hash) == nullptr || is_costly_hash(hash)) return false;
  const int verdict = crypt_checksalt(hash.c_str());
  return verdict == CRYPT_SALT_OK || verdict == CRYPT_SALT_METHOD_LEGACY ||
         verdict == CRYPT_SALT_TOO_CHEAP;
}

std::string_view hash_complaint(const std::string& hash) {
  if (is_known_hash(hash)) return {};
  if (is_costly_hash(hash))
    return "takes too long to judge: bcrypt is taken up to cost 14, others up to 1000000 rounds, "
           "yescrypt and scrypt with their default cost";
  return "is not a hash that this machine knows";
}

bool password_matches(const std::string& hash, const std::string& password) {
  if (!is_usable(password)) return false;
  if (is_md5(hash)) return secret_equal(md5_hex(password), to_lower(hash));
  if (cost_row(hash) == nullptr || is_costly_hash(hash)) return false;
  const std::string hashed = libcrypt(password, hash);
  return !hashed.empty() && secret_equal(hashed, hash);
}

std::string hash_kind(const std::string& hash) {
  if (is_md5(hash)) return "md5";
  const CostRow* row = cost_row(hash);
  if (row == nullptr || !is_known_hash(hash)) return {};
  return cat({row->prefix, cost_of(*row, hash)});
}

std::string decoy_hash(const std::string& like, std::string_view digits) {
  // A hash of libcrypt ends with a digest of at least 22 letters: replacing it keeps the cost.
  if (like.size() >= 2 * digits.size())
    return like.substr(0, like.size() - digits.size()).append(digits);
  // The salt depends on `digits` only: HashQueue judges equal questions under way once.
  std::string out = new_setting(best_hash_method(), sha256(digits)).value_or("");
  if (out.empty() || out.back() != '$') out += '$';
  return out.append(digits);
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
