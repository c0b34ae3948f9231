#include "auth/login/session_records.h"

#include <optional>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"

namespace lb {
namespace {

constexpr std::size_t kMaxOriginBytes = 300;

std::optional<SessionKeys::Key> read_public_key(std::string_view name, std::string_view value) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto master = percent_decode(name.substr(0, slash), false);
  const auto kid = percent_decode(name.substr(slash + 1), false);
  const auto json = Json::parse(value);
  if (!master || !kid || kid->empty() || !json || !json->is_object()) return std::nullopt;
  const auto known = base64url_decode(json->at("public").text().value_or(""));
  const auto until = json->at("until").u64();
  if (!known || known->size() != SigningKey::kPublicBytes || !until || *until >> 62 != 0)
    return std::nullopt;
  return SessionKeys::Key{*master, *kid, *known, static_cast<std::int64_t>(*until)};
}

// "https://m1.example.org:8443": a browser's Origin header.
bool is_origin(std::string_view text) {
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  return scheme > 0 && text.size() > scheme && text.size() <= kMaxOriginBytes &&
         text.find_first_of("/\\ \t\r\n\"'<>@?#", scheme) == std::string_view::npos;
}

std::optional<std::vector<std::string>> read_origins(std::string_view value) {
  const auto json = Json::parse(value);
  if (!json || !json->is_object()) return std::nullopt;
  std::vector<std::string> origins;
  const auto take = [&origins](const Json& one) {
    const auto text = one.text();
    if (text && is_origin(*text) && origins.size() < SessionRecords::kMaxOrigins)
      origins.emplace_back(*text);
  };
  take(json->at("origin"));
  const Json more = json->at("origins");
  for (std::size_t i = 0; more.is_array() && i < more.size(); ++i) take(more.at(i));
  if (origins.empty()) return std::nullopt;
  return origins;
}

}  // namespace

std::string session_key_name(std::string_view master, std::string_view kid) {
  return cat({kKeysFamily, percent_encode(master, false), '/', percent_encode(kid, false)});
}

std::string session_key_record(const OwnKey& key) {
  JsonWriter out;
  out.begin_object();
  out.key("public").text(base64url_encode(key.key.public_key()));
  out.key("until").number(key.until);
  out.end_object();
  return out.take();
}

std::string master_record_name(std::string_view master) {
  return cat({kMastersFamily, percent_encode(master, false)});
}

std::string master_record(const std::vector<std::string>& origins) {
  JsonWriter out;
  out.begin_object();
  out.key("origin").text(origins.front());
  out.key("origins").texts(origins).end_object();
  return out.take();
}

std::string ended_record_name(std::string_view sid) {
  return cat({kEndedFamily, percent_encode(sid, false)});
}

std::string ended_record(std::string_view user, std::int64_t until) {
  JsonWriter out;
  out.begin_object();
  if (!user.empty()) out.key("user").text(user);
  out.key("until").number(until);
  out.end_object();
  return out.take();
}

Result<EndedLogin> parse_ended(std::string_view sid, std::string_view value) {
  const auto json = Json::parse(value);
  const auto until = json && json->is_object() ? json->at("until").u64() : std::nullopt;
  if (sid.empty() || !until || *until >> 62 != 0)
    return Error::invalid("it is not an ended login with its end");
  return EndedLogin{std::string(sid), std::string(json->at("user").text().value_or("")),
                    static_cast<std::int64_t>(*until)};
}

SessionKeys SessionRecords::read(std::span<const Row> rows, std::string_view own,
                                 std::vector<std::string>& complaints) {
  SessionKeys keys;
  std::map<std::string, Parsed, std::less<>> users;
  const auto complain = [&complaints](std::string_view key, std::string_view what) {
    complaints.push_back(cat({"record ", key, ": ", what, "; it is passed over"}));
  };
  for (const Row& row : rows) {
    if (row.key.starts_with(kKeysFamily)) {
      auto key = read_public_key(row.key.substr(kKeysFamily.size()), row.value);
      if (!key)
        complain(row.key, "it is not a public key with its end");
      else if (key->master != own && keys.keys.size() < kMaxKeys)
        keys.keys.push_back(*std::move(key));
    } else if (row.key.starts_with(kMastersFamily)) {
      const auto master = percent_decode(row.key.substr(kMastersFamily.size()), false);
      const auto origins = read_origins(row.value);
      if (!master || !origins)
        complain(row.key, "it names no origin");
      else if (*master != own)
        for (const std::string& origin : *origins) keys.origins.push_back({*master, origin});
    } else if (row.key.starts_with(kEndedFamily)) {
      const auto sid = percent_decode(row.key.substr(kEndedFamily.size()), false);
      const auto ended = parse_ended(sid.value_or(""), row.value);
      if (!ended)
        complain(row.key, ended.error().what);
      else if (keys.ended.size() < SessionBook::kMaxEnded)
        keys.ended.emplace(ended->sid, ended->until);
    } else if (row.key.starts_with(kEpochsFamily)) {
      const auto name = percent_decode(row.key.substr(kEpochsFamily.size()), false);
      if (!name) {
        complain(row.key, "its name cannot be read");
        continue;
      }
      const auto before = users_.find(*name);
      if (before != users_.end() && before->second.value == row.value) {
        users.insert(*before);
        continue;
      }
      auto user = parse_user(*name, row.value);
      if (!user) {
        complain(row.key, user.error().what);
        continue;
      }
      user->hash.clear();
      users[*name] = {std::string(row.value), std::make_shared<const User>(*std::move(user))};
    }
  }
  users_ = std::move(users);
  for (const auto& [name, parsed] : users_) keys.users.emplace(name, parsed.user);
  return keys;
}

}  // namespace lb
