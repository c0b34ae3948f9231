#include "auth/login/user_book.h"

#include <algorithm>
#include <utility>

#include "auth/login/user_fields.h"
#include "auth/password/password_hash.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kDigestDigits = 64;

Error misnamed(std::string_view what, std::string_view name, std::string_view inside) {
  return Error::invalid(cat({what, " \"", name, "\": calls itself \"", inside, '"'}));
}

}  // namespace

UserBook::UserBook(std::vector<User> users, std::vector<ApiToken> tokens) {
  for (User& user : users) {
    std::string name = user.name;
    users_.insert_or_assign(std::move(name), std::move(user));
  }
  for (const auto& [name, user] : users_) {
    std::string kind = hash_kind(user.hash);
    if (kind.empty()) continue;
    HashKind& of = kinds_[std::move(kind)];
    ++of.users;
    of.hash = user.hash;
  }
  for (ApiToken& token : tokens) {
    std::string digest = token.digest;
    tokens_.insert_or_assign(std::move(digest), std::move(token));
  }
}

const User* UserBook::user(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : &found->second;
}

std::string_view UserBook::some_hash(std::uint32_t draw) const {
  std::uint64_t all = 0;
  for (const auto& [kind, of] : kinds_) all += of.users;
  std::uint64_t at = draw * all >> 32;
  for (const auto& [kind, of] : kinds_) {
    if (at < of.users) return of.hash;
    at -= of.users;
  }
  return {};
}

const ApiToken* UserBook::token(std::string_view digest) const {
  const auto found = tokens_.find(digest);
  return found == tokens_.end() ? nullptr : &found->second;
}

bool is_login_name(std::string_view name) {
  const auto is_bad = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == ':' || c == '/';
  };
  // A browser resolves "." and ".." in /users/NAME, even when encoded.
  return !name.empty() && name.size() <= UserBook::kMaxNameBytes && name != "." && name != ".." &&
         trim(name) == name && valid_utf8(name) && std::none_of(name.begin(), name.end(), is_bad);
}

Result<User> parse_user(std::string_view name, std::string_view json) {
  if (!is_login_name(name)) return Error::invalid("a user cannot be called so");
  const auto document = Json::parse(json);
  if (!document) return document.error();
  User user;
  user.name = name;
  if (auto fault = record_fault<kUserFields>("user", name, *document, user))
    return *std::move(fault);
  if (user.name != name) return misnamed("user", name, user.name);
  if (is_costly_hash(user.hash))
    return Error::invalid(cat({"user \"", name, "\": hash ", hash_complaint(user.hash)}));
  return user;
}

std::string user_json(const User& user) { return object_json<kUserFields>(Form::kRecord, user); }

Result<ApiToken> parse_token(std::string_view id, std::string_view json) {
  const auto document = Json::parse(json);
  if (!document) return document.error();
  ApiToken token;
  token.id = id;
  if (auto fault = record_fault<kTokenFields>("token", id, *document, token))
    return *std::move(fault);
  if (token.id != id) return misnamed("token", id, token.id);
  if (token.digest.size() != kDigestDigits)
    return Error::invalid(cat({"token \"", id, "\": has no digest"}));
  return token;
}

std::string token_json(const ApiToken& token) {
  return object_json<kTokenFields>(Form::kRecord, token);
}

std::string token_digest(std::string_view token) { return hex_encode(sha256(token)); }

}  // namespace lb
