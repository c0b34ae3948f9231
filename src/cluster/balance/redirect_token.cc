#include "cluster/balance/redirect_token.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "cluster/nodes/node.h"
#include "http/credentials.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr char kVersion = 1, kOfLink = 2;
constexpr std::size_t kFactBytes = 8, kMacBytes = 12;
constexpr std::size_t kLinkFactBytes = 12, kLinkMacBytes = 8;
constexpr std::string_view kParameter = "lb=", kMarks = "-_";

std::string to_url_text(std::string_view bytes) {
  std::string out = base64_encode(bytes);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  out.resize(RedirectToken::kTextBytes);  // without the padding
  return out;
}

std::optional<std::string> from_url_text(std::string_view text) {
  if (text.size() != RedirectToken::kTextBytes || !is_plain_text(text, kMarks)) return std::nullopt;
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  return base64_decode(plain);
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) noexcept {
  std::uint32_t out = 0;
  for (std::size_t i = at; i < at + 4; ++i) out = out << 8 | static_cast<std::uint8_t>(bytes[i]);
  return out;
}

void put_number(std::string& out, std::uint32_t number) {
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(number >> shift & 0xff);
}

// version … master
std::string facts_of(char version, std::uint8_t key, std::uint8_t hops, WallTime now,
                     std::uint8_t master) {
  std::string out = {version, static_cast<char>(key), static_cast<char>(hops)};
  put_number(out, static_cast<std::uint32_t>(unix_seconds(now + RedirectToken::kLifetime)));
  return out += static_cast<char>(master);
}

void read_facts(RedirectToken& out, std::string_view facts) {
  out.hops = static_cast<std::uint8_t>(facts[2]);
  out.expires = number_at(facts, 3);
  out.master = static_cast<std::uint8_t>(facts[7]);
}

// In hex, because secret_equal() takes text and a MAC may have any byte.
bool same_mac(std::string_view a, std::string_view b) {
  return secret_equal(hex_encode(a), hex_encode(b));
}

std::string node_secret(std::string_view secret, std::string_view node_id) {
  return hmac_sha256(secret, cat({"icecast-lb node ", node_id}));
}

}  // namespace

RedirectToken::Verdict RedirectToken::verdict_at(WallTime now) const noexcept {
  const std::int64_t left = expires - unix_seconds(now);
  if (left < -kSkew.count()) return Verdict::kExpired;
  return left > (kLifetime + kSkew).count() ? Verdict::kEarly : Verdict::kValid;
}

std::uint8_t token_tag(std::string_view node_id) noexcept {
  constexpr NodeKey kLowest = 0xff;
  return static_cast<std::uint8_t>(node_key(node_id) & kLowest);
}

struct TokenKeys::NodeKeys {
  static constexpr std::size_t kMax = 1000;  // further keys are computed each time

  std::mutex mutex;
  // One map for each key.
  std::vector<std::map<std::string, std::shared_ptr<const HmacKey>, std::less<>>> known;
};

TokenKeys::TokenKeys(std::string_view words) : node_keys_(std::make_shared<NodeKeys>()) {
  for (const std::string_view word : split(words, ' ')) {
    const std::string_view secret = trim(word);
    if (secret.empty()) continue;
    const auto name = static_cast<std::uint8_t>(hmac_sha256(secret, "icecast-lb key").front());
    keys_.push_back({std::string(secret), name});
  }
  node_keys_->known.resize(keys_.size());
}

std::string TokenKeys::mac_of(const Key& key, std::string_view node_id, std::string_view facts,
                              std::string_view mount, std::size_t bytes) const {
  const auto which = static_cast<std::size_t>(&key - keys_.data());
  std::shared_ptr<const HmacKey> node_key;
  {
    std::lock_guard<std::mutex> guard(node_keys_->mutex);
    const auto& known = node_keys_->known[which];
    if (const auto found = known.find(node_id); found != known.end()) node_key = found->second;
  }
  if (!node_key) {
    node_key = std::make_shared<const HmacKey>(node_secret(key.secret, node_id));
    std::lock_guard<std::mutex> guard(node_keys_->mutex);
    auto& known = node_keys_->known[which];
    if (known.size() < NodeKeys::kMax) known.emplace(node_id, node_key);
  }
  std::string mac = node_key->sign(facts, mount);
  mac.resize(bytes);
  return mac;
}

std::string TokenKeys::link_key(std::string_view node_id) const {
  return node_secret(keys_.front().secret, node_id);
}

std::string TokenKeys::sign(std::string_view node_id, std::string_view mount, std::uint8_t master,
                            WallTime now, std::uint8_t hops) const {
  const Key& key = keys_.front();
  const std::string facts = facts_of(kVersion, key.name, hops, now, master);
  return to_url_text(facts + mac_of(key, node_id, facts, mount, kMacBytes));
}

std::string TokenKeys::sign_for_link(std::string_view node_id, std::string_view mount,
                                     std::uint8_t master, WallTime now, std::uint8_t hops,
                                     std::uint32_t client) const {
  const Key& key = keys_.front();
  std::string facts = facts_of(kOfLink, key.name, hops, now, master);
  put_number(facts, client);
  return to_url_text(facts + mac_of(key, node_id, facts, mount, kLinkMacBytes));
}

LinkKey make_link_key(std::string master, std::uint8_t name, std::string bytes) {
  auto key = std::make_shared<const HmacKey>(bytes);
  return {std::move(master), name, std::move(bytes), std::move(key)};
}

RedirectToken check_link_token(std::string_view token, std::span<const LinkKey> keys,
                               std::string_view mount, WallTime now) {
  RedirectToken out;
  out.verdict = RedirectToken::Verdict::kForeign;
  const auto bytes = from_url_text(token);
  if (!bytes || bytes->size() != kLinkFactBytes + kLinkMacBytes || bytes->front() != kOfLink)
    return out;
  const std::string_view facts = std::string_view(*bytes).substr(0, kLinkFactBytes);
  const std::string_view mac = std::string_view(*bytes).substr(kLinkFactBytes);
  const auto name = static_cast<std::uint8_t>(facts[1]);
  const bool proved = std::any_of(keys.begin(), keys.end(), [&](const LinkKey& key) {
    return key.name == name && same_mac(mac, key.key->sign(facts, mount).substr(0, kLinkMacBytes));
  });
  if (!proved) return out;
  read_facts(out, facts);
  out.client = number_at(facts, kFactBytes);
  out.verdict = out.verdict_at(now);
  return out;
}

RedirectToken TokenKeys::check(std::string_view token, std::string_view node_id,
                               std::string_view mount, WallTime now) const {
  RedirectToken out;
  const auto bytes = from_url_text(token);
  if (!bytes || bytes->size() != kFactBytes + kMacBytes || bytes->front() != kVersion) return out;
  const std::string_view facts = std::string_view(*bytes).substr(0, kFactBytes);
  const std::string_view mac = std::string_view(*bytes).substr(kFactBytes);
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(facts[i]); };
  const bool signed_by_us = std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) {
    return key.name == byte(1) && same_mac(mac, mac_of(key, node_id, facts, mount, kMacBytes));
  });
  const bool our_name =
      std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) { return key.name == byte(1); });
  if (!signed_by_us && our_name) return out;
  read_facts(out, facts);
  out.verdict = signed_by_us ? out.verdict_at(now) : RedirectToken::Verdict::kForeign;
  return out;
}

std::optional<std::string> take_token(std::string& query) {
  for (std::size_t end = query.size(); end != std::string::npos;) {
    const std::size_t amp = end == 0 ? std::string::npos : query.rfind('&', end - 1);
    const std::size_t begin = amp == std::string::npos ? 0 : amp + 1;
    const std::string_view part = std::string_view(query).substr(begin, end - begin);
    if (part.starts_with(kParameter) &&
        part.size() == kParameter.size() + RedirectToken::kTextBytes &&
        is_plain_text(part.substr(kParameter.size()), kMarks)) {
      std::string token(part.substr(kParameter.size()));
      // Removes the '&' in front of it, or for the first parameter the '&' behind it.
      if (begin > 0) {
        query.erase(begin - 1, end - begin + 1);
      } else {
        query.erase(0, std::min(end + 1, query.size()));
      }
      return token;
    }
    end = amp;
  }
  return std::nullopt;
}

}  // namespace lb
