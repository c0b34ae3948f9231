// UserBook: the users and API tokens of the store, as one immutable value.
//
// Their members: user_fields.h.  A member that is absent has its default; one of another type is an
// error, and so is an unknown role: a record that is not understood gives no rights.
// Thread: immutable, any; pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "auth/login/roles.h"
#include "base/result.h"

namespace lb {

// What a user and a token may do.
struct LoginRights {
  Role role = Role::kNone;
  std::string account;              // "": none
  std::vector<std::string> mounts;  // names, or patterns of fnmatch(3)
  bool operator==(const LoginRights&) const = default;
};

struct User : LoginRights {
  std::string name;
  std::string hash;         // libcrypt's; "": no password lets it in
  std::uint64_t epoch = 0;  // sessions of an older one are over
  bool disabled = false;
  bool addresses = false;  // a viewer that sees the addresses of listeners
  bool operator==(const User&) const = default;
};

struct ApiToken : LoginRights {
  std::string id, name;
  std::string digest;  // SHA-256 of the token, in hex: what is found by it needs no secret here
  std::int64_t expires = 0;  // Unix seconds; 0: never
  bool operator==(const ApiToken&) const = default;
};

class UserBook {
 public:
  static constexpr std::size_t kMaxNameBytes = 64;

  UserBook() = default;
  UserBook(std::vector<User> users, std::vector<ApiToken> tokens);

  // nullptr: none.
  const User* user(std::string_view name) const;
  const ApiToken* token(std::string_view digest) const;
  bool empty() const noexcept { return users_.empty() && tokens_.empty(); }
  // A hash of some user; of a kind (hash_kind()) as often as there are users with it, and for one
  // value of draw the same kind for as long as these numbers stay about the same.  "": none has
  // one.
  std::string_view some_hash(std::uint32_t draw) const;
  const std::map<std::string, User, std::less<>>& users() const noexcept { return users_; }

 private:
  std::map<std::string, User, std::less<>> users_;
  std::map<std::string, ApiToken, std::less<>> tokens_;  // by digest
  struct HashKind {
    std::uint64_t users = 0;
    std::string hash;  // of one of them
  };
  std::map<std::string, HashKind> kinds_;
};

// 1 to 64 bytes of UTF-8 without control characters, ':', '/' and white space at its ends; not "."
// and "..".
bool is_login_name(std::string_view name);

// name: of the record; one inside it has to be the same.
Result<User> parse_user(std::string_view name, std::string_view json);
std::string user_json(const User& user);
Result<ApiToken> parse_token(std::string_view id, std::string_view json);
std::string token_json(const ApiToken& token);

// What ApiToken::digest holds.
std::string token_digest(std::string_view token);

}  // namespace lb
