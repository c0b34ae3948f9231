// DayKeys: keys by which an audience recognises a listener for one day only.
//
// A person's number is an HMAC of address, agent and user with the key of its day (UTC).  Keys of
// today and yesterday are kept, yesterday's for listenings over midnight; older ones are deleted,
// after which no row leads back to an address.
//
// Servers with one database share its keys, so that it recognises a listener that changes servers;
// they get tomorrow's key in advance.
// Thread: one, which may wait for the disk.
// Ownership: AudienceService.  The file is 0600.
// Errors: if the file cannot be read or written, the keys live as long as the process.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/crypto/digest.h"

namespace lb {

class DayKeys {
 public:
  using Random = std::function<std::string(std::size_t bytes)>;
  DayKeys(std::string path, Random random) : path_(std::move(path)), random_(std::move(random)) {}

  Result<void> load(std::int64_t unix_seconds);
  struct Who {
    std::uint64_t today = 0;
    std::uint64_t before = 0;  // by the key before that; 0: no such key
  };
  // `changed`: the keys have changed, and save() must write them.
  Who who(std::int64_t unix_seconds, std::string_view address, std::string_view agent,
          std::string_view user);
  // The keys of yesterday, today and tomorrow, for other servers: "20784:BASE64URL".
  std::vector<std::string> share(std::int64_t unix_seconds);
  // Keys of the server with the database replace its own; keys of other days are ignored.
  void adopt(std::int64_t unix_seconds, const std::vector<std::string>& keys);
  // Whether tomorrow's key is here; REQUIRES: adopt() was called.
  bool knows_tomorrow(std::int64_t unix_seconds) const noexcept;
  bool changed() const noexcept { return changed_; }
  Result<void> save();

 private:
  struct Key {
    std::int64_t day = 0;  // since 1970
    std::string secret;
    std::optional<HmacKey> hmac;
  };
  void turn(std::int64_t day);
  static Key make(std::int64_t day, std::string secret);
  static std::optional<Key> read(std::string_view line, char between);

  const std::string path_;
  const Random random_;
  std::optional<Key> today_, yesterday_, tomorrow_;
  std::optional<Key> replaced_;  // today's, before adopt()
  bool changed_ = false;
};

}  // namespace lb
