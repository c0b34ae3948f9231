// UserBook: the users and API tokens of the store, as one immutable value.
//
// Members: user_fields.h.  An absent member has its default; a wrong type or an unknown role is an
// error: an invalid record gives no rights.
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

// The rights of a user or a token.
struct LoginRights {
  Role role = Role::kNone;
  std::string account;              // "": none
  std::vector<std::string> mounts;  // names, or patterns of fnmatch(3)
  bool operator==(const LoginRights&) const = default;
};

struct User : LoginRights {
  std::string name;
  std::string hash;         // libcrypt's; "": no password is accepted
  std::uint64_t epoch = 0;  // sessions of an older one have ended
  bool disabled = false;
  bool addresses = false;  // this viewer sees listeners' addresses
  bool operator==(const User&) const = default;
};

struct ApiToken : LoginRights {
  std::string id, name;
  std::string digest;        // SHA-256 of the token, in hex, so that lookups need no secret
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
  // A hash of some user: each kind (hash_kind()) as often as users have it, and the same kind for
  // one draw while these numbers hardly change.  "": no user has one.
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

// name: of the record; a name inside must be equal.
Result<User> parse_user(std::string_view name, std::string_view json);
std::string user_json(const User& user);
Result<ApiToken> parse_token(std::string_view id, std::string_view json);
std::string token_json(const ApiToken& token);

// The value of ApiToken::digest.
std::string token_digest(std::string_view token);

}  // namespace lb
