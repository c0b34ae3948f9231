#include "auth/login/key_ring.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kKidBytes = 8, kSecretBytes = 32, kMaxKeys = 16;

OwnKey new_key(std::int64_t now) {
  return {base64url_encode(random_bytes(kKidBytes)), SigningKey::generate(), now, 0};
}

Result<OwnKey> read_key(const Json& json) {
  const auto kid = json.at("kid").text();
  const auto seed = base64url_decode(json.at("seed").text().value_or(""));
  const auto made = json.at("made").u64();
  const auto until = json.at("until").u64();
  if (!kid || kid->empty() || !seed || !made || !until)
    return Error::invalid("a key without kid, seed, made or until");
  auto key = SigningKey::from_seed(*seed);
  if (!key) return key.error();
  return OwnKey{std::string(*kid), std::move(*key), static_cast<std::int64_t>(*made),
                static_cast<std::int64_t>(*until)};
}

}  // namespace

KeyRing KeyRing::fresh(std::int64_t now) {
  KeyRing ring;
  ring.secret_ = random_bytes(kSecretBytes);
  ring.keys_.push_back(new_key(now));
  return ring;
}

KeyRing KeyRing::rotated(std::int64_t now, bool revoke) const {
  KeyRing ring;
  ring.secret_ = revoke ? random_bytes(kSecretBytes) : secret_;
  ring.keys_.push_back(new_key(now));
  if (revoke) return ring;
  for (OwnKey key : keys_) {
    if (key.until == 0) key.until = now + std::chrono::seconds(kOldKeyValid).count();
    if (key.until > now && ring.keys_.size() < kMaxKeys) ring.keys_.push_back(std::move(key));
  }
  return ring;
}

KeyRing KeyRing::without(std::string_view kid, std::int64_t now) const {
  KeyRing ring = newest().kid == kid ? rotated(now, false) : *this;
  std::erase_if(ring.keys_, [kid](const OwnKey& key) { return key.kid == kid; });
  return ring;
}

Result<KeyRing> KeyRing::parse(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json) return json.error();
  KeyRing ring;
  const auto secret = base64url_decode(json->at("secret").text().value_or(""));
  const Json keys = json->at("keys");
  if (!secret || secret->size() != kSecretBytes || !keys.is_array() || keys.size() == 0 ||
      keys.size() > kMaxKeys)
    return Error::invalid("it has no secret and keys");
  ring.secret_ = *secret;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto key = read_key(keys.at(i));
    if (!key) return key.error();
    ring.keys_.push_back(std::move(*key));
  }
  if (ring.keys_.front().until != 0) return Error::invalid("its first key does not sign");
  return ring;
}

std::string KeyRing::text() const {
  JsonWriter out;
  out.begin_object();
  out.key("secret").text(base64url_encode(secret_));
  out.key("keys").begin_array();
  for (const OwnKey& key : keys_) {
    out.begin_object();
    out.key("kid").text(key.kid);
    out.key("seed").text(base64url_encode(key.key.seed()));
    out.key("made").number(key.made);
    out.key("until").number(key.until);
    out.end_object();
  }
  out.end_array().end_object();
  return out.take() + "\n";
}

const OwnKey* KeyRing::find(std::string_view kid, std::int64_t now) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const OwnKey& key) {
    return key.kid == kid && (key.until == 0 || key.until > now);
  });
  return found == keys_.end() ? nullptr : &*found;
}

bool KeyRing::is_due(std::int64_t now) const {
  return newest().made + std::chrono::seconds(kNewKeyAfter).count() <= now;
}

Result<KeyRing> read_key_ring(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return text.error();
  auto ring = KeyRing::parse(text->text);
  if (!ring) return Error::invalid(cat({path, ": ", ring.error().what}));
  return ring;
}

Result<void> write_key_ring(const std::string& path, const KeyRing& ring) {
  return replace_file(path, ring.text(), {.prepare = [&path](int fd) {
                        if (::geteuid() != 0) return true;
                        struct stat owner {};
                        const std::string directory = path.substr(0, path.rfind('/') + 1);
                        return ::stat(directory.empty() ? "." : directory.c_str(), &owner) != 0 ||
                               ::fchown(fd, owner.st_uid, owner.st_gid) == 0;
                      }});
}

}  // namespace lb
