// DayKeys: the keys by which an audience knows a listener again for a day, and not for longer.
//
// A person's number is an HMAC of address, agent and user by the key of its day (UTC).  Keys of
// today and of yesterday are kept, yesterday's so that a listening over midnight is known again; an
// older one is deleted, and no row can be led back to an address any more.
//
// Servers whose rows are in one database have its keys, so that it knows a listener again that goes
// from one to another; they are told that of tomorrow before its day begins.
// Thread: one, which may wait for the disk.
// Ownership: AudienceService.  The file is 0600.
// Errors: a file that cannot be read or written: the keys live as long as the process.
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
    std::uint64_t before = 0;  // by the key before that; 0: it is not here
  };
  // `changed`: the keys are other ones now, and save() writes them.
  Who who(std::int64_t unix_seconds, std::string_view address, std::string_view agent,
          std::string_view user);
  // Those of yesterday, today and tomorrow, for other servers: "20784:BASE64URL".
  std::vector<std::string> share(std::int64_t unix_seconds);
  // Those of the server with the database replace its own; keys of other days are passed over.
  void adopt(std::int64_t unix_seconds, const std::vector<std::string>& keys);
  // That of tomorrow is here; REQUIRES: adopt() has been called at some time.
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
  std::optional<Key> replaced_;  // of today, before it was adopted
  bool changed_ = false;
};

}  // namespace lb
