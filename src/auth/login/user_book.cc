#include "auth/login/user_book.h"

#include <algorithm>
#include <utility>

#include "auth/password/password_hash.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kMaxRecordMounts = 1000;
constexpr std::size_t kDigestDigits = 64;

// Reads members of one record and keeps the first complaint.
class RecordReader {
 public:
  RecordReader(std::string_view what, std::string_view name, const Json& json)
      : where_(cat({what, " ", quoted_name(name)})), json_(json) {
    if (!json.is_object()) complain("is no JSON object");
  }
  void text(std::string_view name, std::string& to) {
    const Json value = json_.at(name);
    if (value.missing() || value.is_null()) return;
    if (const auto text = value.text())
      to = *text;
    else
      complain(cat({name, " is no text"}));
  }
  void flag(std::string_view name, bool& to) {
    const Json value = json_.at(name);
    if (value.missing()) return;
    if (const auto flag = value.boolean())
      to = *flag;
    else
      complain(cat({name, " is neither true nor false"}));
  }
  template <class Number>
  void number(std::string_view name, Number& to) {
    const Json value = json_.at(name);
    if (value.missing() || value.is_null()) return;
    if (const auto number = value.u64())
      to = static_cast<Number>(*number);
    else
      complain(cat({name, " is no whole number"}));
  }
  void role(Role& to) {
    std::string word;
    text("role", word);
    if (const auto role = parse_role(word))
      to = *role;
    else
      complain("has no role: viewer, operator, owner or admin");
  }
  void mounts(std::vector<std::string>& to) {
    const Json list = json_.at("mounts");
    if (list.missing() || list.is_null()) return;
    if (!list.is_array() || list.size() > kMaxRecordMounts) return complain("mounts is no list");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto one = list.at(i).text();
      if (!one || one->substr(0, 1) != "/") return complain("mounts has something else than names");
      to.emplace_back(*one);
    }
  }
  void own_name(std::string_view member, std::string_view name) {
    std::string inside(name);
    text(member, inside);
    if (inside != name) complain("calls itself " + quoted_name(inside));
  }
  void complain(std::string text) {
    if (!fault_) fault_ = Error::invalid(cat({where_, ": ", text}));
  }
  const std::optional<Error>& fault() const { return fault_; }

 private:
  static std::string quoted_name(std::string_view name) { return cat({'"', name, '"'}); }

  std::string where_;
  const Json& json_;
  std::optional<Error> fault_;
};

// What a user and a token may do.
template <class Login>
void read_rights(RecordReader& read, Login& login) {
  read.role(login.role);
  read.text("account", login.account);
  read.mounts(login.mounts);
}

template <class Login>
void write_rights(JsonWriter& out, const Login& login) {
  out.key("role").text(to_text(login.role));
  out.key("account").text(login.account);
  out.key("mounts").begin_array();
  for (const std::string& mount : login.mounts) out.text(mount);
  out.end_array();
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
  return !name.empty() && name.size() <= UserBook::kMaxNameBytes && trim(name) == name &&
         valid_utf8(name) && std::none_of(name.begin(), name.end(), is_bad);
}

Result<User> parse_user(std::string_view name, std::string_view json) {
  if (!is_login_name(name)) return Error::invalid("a user cannot be called so");
  const auto document = Json::parse(json);
  if (!document) return document.error();
  RecordReader read("user", name, *document);
  User user;
  user.name = name;
  read.own_name("name", name);
  read.text("hash", user.hash);
  read_rights(read, user);
  read.number("epoch", user.epoch);
  read.flag("disabled", user.disabled);
  read.flag("addresses", user.addresses);
  if (is_costly_hash(user.hash)) read.complain(cat({"hash ", hash_complaint(user.hash)}));
  if (read.fault()) return *read.fault();
  return user;
}

std::string user_json(const User& user) {
  JsonWriter out;
  out.begin_object();
  out.key("name").text(user.name);
  out.key("hash").text(user.hash);
  write_rights(out, user);
  out.key("epoch").number(user.epoch);
  out.key("disabled").boolean(user.disabled);
  out.key("addresses").boolean(user.addresses);
  out.end_object();
  return out.take();
}

Result<ApiToken> parse_token(std::string_view id, std::string_view json) {
  const auto document = Json::parse(json);
  if (!document) return document.error();
  RecordReader read("token", id, *document);
  ApiToken token;
  token.id = id;
  read.own_name("id", id);
  read.text("name", token.name);
  read.text("digest", token.digest);
  if (token.digest.size() != kDigestDigits) read.complain("has no digest");
  read_rights(read, token);
  read.number("expires", token.expires);
  if (read.fault()) return *read.fault();
  return token;
}

std::string token_json(const ApiToken& token) {
  JsonWriter out;
  out.begin_object();
  out.key("id").text(token.id);
  out.key("name").text(token.name);
  out.key("digest").text(token.digest);
  write_rights(out, token);
  out.key("expires").number(token.expires);
  out.end_object();
  return out.take();
}

std::string token_digest(std::string_view token) { return hex_encode(sha256(token)); }

}  // namespace lb
