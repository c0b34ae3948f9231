// What masters tell other servers about sessions, as records of the store and of CONF:
//   keys/MASTER/KID   {"public": base64url, "until": Unix seconds, 0: it signs}
//   masters/ID        {"origin": "https://m1.example.org", "origins": [all of them]}
//   epochs/USER       a user's record without its hash
//   ended/SID         {"user": of that login, "until": Unix seconds}: all its sessions are over;
//                     nodes are not told the user
// No record holds a secret.
// Thread: plain values; SessionRecords: one.
// Bounds: kMaxKeys keys, kMaxOrigins origins a master, SessionBook::kMaxEnded ended logins; what is
// beyond them is passed over.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/login/key_ring.h"
#include "auth/login/session_book.h"
#include "base/result.h"

namespace lb {

inline constexpr std::string_view kKeysFamily = "keys/", kMastersFamily = "masters/",
                                  kEpochsFamily = "epochs/", kEndedFamily = "ended/";

std::string session_key_name(std::string_view master, std::string_view kid);
std::string session_key_record(const OwnKey& key);
std::string master_record_name(std::string_view master);
// REQUIRES: one origin at least
std::string master_record(const std::vector<std::string>& origins);
std::string ended_record_name(std::string_view sid);
// user "": it is left out.
std::string ended_record(std::string_view user, std::int64_t until);
Result<EndedLogin> parse_ended(std::string_view sid, std::string_view value);

// Reads them.  Users that have not changed are not parsed a second time.
class SessionRecords {
 public:
  static constexpr std::size_t kMaxKeys = 1024, kMaxOrigins = 32;
  struct Row {
    std::string_view key, value;
  };

  // All of them, as they are now; other families are passed over, and so is what this server itself
  // (`own`) has published.  complaints: a sentence for each record that cannot be read.
  SessionKeys read(std::span<const Row> rows, std::string_view own,
                   std::vector<std::string>& complaints);

 private:
  struct Parsed {
    std::string value;
    std::shared_ptr<const User> user;
  };
  std::map<std::string, Parsed, std::less<>> users_;  // by name
};

}  // namespace lb
