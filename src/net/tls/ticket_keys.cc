#include "net/tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "net/crypto/digest.h"
#include "net/crypto/seal.h"

namespace lb {
namespace {

constexpr std::size_t kNameBytes = 16;
constexpr std::size_t kIvBytes = 16;

std::string number_bytes(const BIGNUM* number) {
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  return bytes;
}

TicketKeys::Key ticket_key(const std::string& secret, std::int64_t hour) {
  const std::string label = cat({"icecast-lb ticket ", hour});
  return {hmac_sha256(secret, label + " name").substr(0, kNameBytes),
          hmac_sha256(secret, label + " cipher"), hmac_sha256(secret, label + " mac")};
}

constexpr std::string_view kFirstLine = "icecast-lb ticket secrets 1";
constexpr std::string_view kLastLine = "end";
constexpr std::size_t kRingSecretBytes = 32;
constexpr std::uint64_t kLatestHour = 1ULL << 40;

// After a clock was wrong, secrets of future hours are dropped too (but for the next hour), as they
// would stay for years.
bool is_current(std::int64_t hour, std::int64_t now) {
  return hour <= now + 1 && hour > now - TicketRing::kHours;
}

}  // namespace

TicketKeys::TicketKeys(std::vector<std::string> shared, const Clock& clock,
                       std::shared_ptr<const TicketRing> own, std::vector<std::string> certificates)
    : shared_(std::move(shared)),
      clock_(clock),
      own_(std::move(own)),
      certificates_(std::move(certificates)),
      now_(std::make_shared<const HourKeys>()) {}

// The private number itself, so that the file's encoding does not matter.
std::string TicketKeys::secret_of(const EVP_PKEY* key) {
  std::string number;
  std::size_t size = 0;
  if (EVP_PKEY_get_raw_private_key(key, nullptr, &size) == 1) {
    number.resize(size);
    if (EVP_PKEY_get_raw_private_key(key, reinterpret_cast<unsigned char*>(number.data()), &size) !=
        1)
      number.clear();
  } else {
    for (const char* name : {OSSL_PKEY_PARAM_PRIV_KEY, OSSL_PKEY_PARAM_RSA_D}) {
      BIGNUM* part = nullptr;
      if (EVP_PKEY_get_bn_param(key, name, &part) == 1) {
        number = number_bytes(part);
        BN_clear_free(part);
        break;
      }
    }
  }
  ERR_clear_error();
  if (number.empty()) return {};
  std::string secret = hkdf_sha256(number, {}, "icecast-lb tickets of a certificate 1", 32);
  OPENSSL_cleanse(number.data(), number.size());
  return secret;
}

std::shared_ptr<const TicketKeys> TicketKeys::with(std::vector<std::string> certificates) const {
  return std::make_shared<const TicketKeys>(shared_, clock_, own_, std::move(certificates));
}

std::int64_t TicketKeys::hour() const {
  return std::chrono::duration_cast<std::chrono::hours>(clock_.wall().time_since_epoch()).count();
}

TicketKeys::Key TicketKeys::newest(const std::string& certificate) const {
  if (!shared_.empty()) return ticket_key(shared_.front(), hour());
  if (!certificate.empty()) return ticket_key(certificate, hour());
  const TicketRing::Secret own = own_->secrets().front();
  return ticket_key(own.bytes, own.hour);
}

std::shared_ptr<const TicketKeys::HourKeys> TicketKeys::keys_of_now() const {
  const std::int64_t now = hour();
  if (auto known = now_.read(); known->hour == now) return known;
  auto made = std::make_shared<HourKeys>();
  made->hour = now;
  for (const auto* secrets : {&shared_, &certificates_})
    for (const std::string& secret : *secrets)
      for (std::int64_t at = now + 1; at > now - kHours; --at) {
        Key key = ticket_key(secret, at);
        made->by_name.emplace(key.name, std::move(key));
      }
  now_.publish(made);
  return made;
}

std::optional<TicketKeys::Key> TicketKeys::find(std::string_view name) const {
  const auto now = keys_of_now();
  if (const auto at = now->by_name.find(name); at != now->by_name.end()) return at->second;
  if (own_ == nullptr) return std::nullopt;
  for (const TicketRing::Secret& own : own_->secrets())
    if (Key key = ticket_key(own.bytes, own.hour); key.name == name) return key;
  return std::nullopt;
}

int TicketKeys::use(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                    EVP_MAC_CTX* mac, bool make, const std::string& certificate) const {
  std::optional<Key> key;
  if (make) {
    key = newest(certificate);
    if (RAND_bytes(iv, kIvBytes) != 1) return -1;
    std::memcpy(name, key->name.data(), kNameBytes);
  } else {
    key = find({reinterpret_cast<const char*>(name), kNameBytes});
    if (!key) return 0;  // 0: a full handshake and a new ticket
  }
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac.data(), key->mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_end()};
  const auto* secret = reinterpret_cast<const unsigned char*>(key->cipher.data());
  if (EVP_MAC_CTX_set_params(mac, params) != 1 ||
      EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, secret, iv, make ? 1 : 0) != 1)
    return -1;
  return make ? 1 : 2;  // 2: also a new ticket, as clients of TLS 1.3 use each once
}

std::vector<TicketRing::Secret> TicketRing::secrets() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return secrets_;
}

bool TicketRing::turn(std::int64_t hour) {
  std::lock_guard<std::mutex> guard(mutex_);
  const bool fewer = std::erase_if(secrets_, [hour](const Secret& each) {
                       return !is_current(each.hour, hour);
                     }) > 0;
  if (!secrets_.empty() && secrets_.front().hour >= hour) return fewer;
  secrets_.insert(secrets_.begin(), {hour, random_bytes(kRingSecretBytes)});
  return true;
}

void TicketRing::take(std::vector<Secret> secrets, std::int64_t now) {
  std::lock_guard<std::mutex> guard(mutex_);
  for (Secret& each : secrets) {
    const bool known = std::any_of(secrets_.begin(), secrets_.end(),
                                   [&](const Secret& own) { return own.hour == each.hour; });
    if (!known && is_current(each.hour, now)) secrets_.push_back(std::move(each));
  }
  std::sort(secrets_.begin(), secrets_.end(),
            [](const Secret& a, const Secret& b) { return a.hour > b.hour; });
}

std::string TicketRing::text() const {
  std::string text(kFirstLine);
  text += '\n';
  for (const Secret& each : secrets())
    text += cat({each.hour, " ", base64_encode(each.bytes), "\n"});
  return cat({text, kLastLine, "\n"});
}

Result<std::vector<TicketRing::Secret>> TicketRing::parse(std::string_view text) {
  const auto lines = split(text, '\n');
  if (lines.size() < 3 || lines.front() != kFirstLine || lines[lines.size() - 2] != kLastLine ||
      !lines.back().empty() || lines.size() > 3 + kHours + 1)
    return Error::invalid("is not a complete file of ticket secrets");
  std::vector<Secret> secrets;
  for (std::size_t i = 1; i + 2 < lines.size(); ++i) {
    const auto words = split(lines[i], ' ');
    const auto hour = parse_u64(words.front());
    auto bytes = words.size() == 2 ? base64_decode(words[1]) : std::nullopt;
    if (!hour || *hour > kLatestHour || !bytes || bytes->size() != kRingSecretBytes)
      return Error::invalid(cat({"line ", i + 1, " is not a ticket secret"}));
    secrets.push_back({static_cast<std::int64_t>(*hour), std::move(*bytes)});
  }
  return secrets;
}

}  // namespace lb
