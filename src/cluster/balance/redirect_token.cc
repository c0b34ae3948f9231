#include "cluster/balance/redirect_token.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/encoding.h"
#include "base/strings.h"
#include "cluster/nodes/node.h"
#include "http/credentials.h"
#include "net/digest.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr char kVersion = 1;
constexpr std::size_t kFactBytes = 8, kMacBytes = 12;
constexpr std::string_view kParameter = "lb=";

bool token_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::string to_url_text(std::string_view bytes) {
  std::string out = base64_encode(bytes);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  out.resize(RedirectToken::kTextBytes);  // without the padding
  return out;
}

std::optional<std::string> from_url_text(std::string_view text) {
  if (text.size() != RedirectToken::kTextBytes ||
      !std::all_of(text.begin(), text.end(), token_char))
    return std::nullopt;
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  return base64_decode(plain);
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
  static constexpr std::size_t kMost = 1000;  // more are computed each time

  std::mutex mutex;
  // Of the first key, of the second one …
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
                              std::string_view mount) const {
  const auto which = static_cast<std::size_t>(&key - keys_.data());
  std::shared_ptr<const HmacKey> node_key;
  {
    std::lock_guard<std::mutex> guard(node_keys_->mutex);
    const auto& known = node_keys_->known[which];
    if (const auto found = known.find(node_id); found != known.end()) node_key = found->second;
  }
  if (!node_key) {
    const std::string id(node_id);
    node_key = std::make_shared<const HmacKey>(hmac_sha256(key.secret, "icecast-lb node " + id));
    std::lock_guard<std::mutex> guard(node_keys_->mutex);
    auto& known = node_keys_->known[which];
    if (known.size() < NodeKeys::kMost) known.emplace(id, node_key);
  }
  return node_key->sign(facts, mount).substr(0, kMacBytes);
}

std::string TokenKeys::sign(std::string_view node_id, std::string_view mount, std::uint8_t master,
                            WallTime now, std::uint8_t hops) const {
  const Key& key = keys_.front();
  const auto expires = static_cast<std::uint32_t>(unix_seconds(now + RedirectToken::kLifetime));
  std::string facts = {kVersion, static_cast<char>(key.name), static_cast<char>(hops)};
  for (const int shift : {24, 16, 8, 0}) facts += static_cast<char>(expires >> shift & 0xff);
  facts += static_cast<char>(master);
  return to_url_text(facts + mac_of(key, node_id, facts, mount));
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
    // In hex: this comparison is made for text, and a MAC may hold any byte.
    return key.name == byte(1) &&
           secret_equal(hex_encode(mac), hex_encode(mac_of(key, node_id, facts, mount)));
  });
  const bool our_name =
      std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) { return key.name == byte(1); });
  if (!signed_by_us && our_name) return out;
  for (std::size_t i = 3; i < 7; ++i) out.expires = out.expires << 8 | byte(i);
  out.hops = byte(2);
  out.master = byte(7);
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
        std::all_of(part.begin() + kParameter.size(), part.end(), token_char)) {
      std::string token(part.substr(kParameter.size()));
      // With the '&' in front of it, or, of the first one, the '&' behind.
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
