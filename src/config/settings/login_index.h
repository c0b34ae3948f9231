// LoginIndex: whether a login is right anywhere in a configuration file: as administrator's,
// relay's, or as that of a mount's source.  A wrong one costs the same, however many mounts there
// are.
//
// Records and lists have hashes, which are judged one by one, and no logins of this kind.
// Thread: built once with its configuration, then read by any thread.
// Ownership: keyed digests (HMAC-SHA-256, a key by chance), so neither a copy of the passwords nor a
// way to learn them by the time of a look-up.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "http/credentials.h"
#include "stream/mount/settings.h"

namespace lb {

struct Config;

// With all that an <encoder> row does not say filled in from the mount; without rows, the mount's
// own login.
std::vector<EncoderSettings> source_logins(const MountSettings& mount);

class LoginIndex {
 public:
  explicit LoginIndex(const Config& config);
  bool knows(const Credentials& given) const;

 private:
  void add(std::string_view user, std::string_view password);
  std::string digest(std::string_view user, std::string_view password) const;

  const std::string key_;
  std::unordered_set<std::string> logins_;
};

}  // namespace lb
