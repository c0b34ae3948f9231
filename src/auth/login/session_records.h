// Session facts that masters publish to other servers, as records of the store and of CONF:
//   keys/MASTER/KID   {"public": base64url, "until": Unix seconds, 0: it signs}
//   masters/ID        {"origin": "https://m1.example.org", "origins": [all of them]}
//   epochs/USER       a user's record without its hash
//   ended/SID         {"user": of that login, "until": Unix seconds}: all its sessions ended; nodes
//     do not get the user
// No record has a secret.
// Thread: plain values; SessionRecords: one.
// Bounds: kMaxKeys keys, kMaxOrigins origins a master, SessionBook::kMaxEnded ended logins; further
// ones are ignored.
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
// user "": left out.
std::string ended_record(std::string_view user, std::int64_t until);
Result<EndedLogin> parse_ended(std::string_view sid, std::string_view value);

// Parses the records.  Unchanged users are not parsed again.
class SessionRecords {
 public:
  static constexpr std::size_t kMaxKeys = 1024, kMaxOrigins = 32;
  struct Row {
    std::string_view key, value;
  };

  // All present records; other families and this server's own (`own`) are ignored. complaints: a
  // sentence for each invalid record.
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
