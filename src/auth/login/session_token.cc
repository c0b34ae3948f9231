#include "auth/login/session_token.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"

namespace lb {
namespace {

constexpr std::size_t kMaxTokenDepth = 3;

// Leaves room for the signature.
constexpr std::size_t kMaxSignedBytes = kMaxTokenBytes - 100;

std::string prefix_of(TokenKind kind) { return kind == TokenKind::kSession ? "v1." : "h1."; }

std::string payload_of(const Session& session) {
  JsonWriter out;
  out.begin_object();
  out.key("sid").text(session.sid);
  if (!session.parent.empty()) out.key("of").text(session.parent);
  if (!session.root.empty()) out.key("root").text(session.root);
  if (!session.vouched_by.empty()) out.key("by").text(session.vouched_by);
  if (session.file) out.key("file").boolean(true);
  out.key("user").text(session.user);
  out.key("role").text(to_text(session.role));
  if (!session.account.empty()) out.key("account").text(session.account);
  if (!session.mounts.empty()) {
    out.key("mounts").begin_array();
    const std::size_t count = std::min(session.mounts.size(), kMaxTokenMounts);
    for (std::size_t i = 0; i < count; ++i) out.text(session.mounts[i]);
    out.end_array();
  }
  if (session.addresses) out.key("addresses").boolean(true);
  out.key("epoch").number(session.epoch);
  out.key("aud").text(session.audience);
  out.key("kid").text(session.kid);
  out.key("login").number(session.login);
  out.key("iat").number(session.issued);
  out.key("exp").number(session.expires);
  out.end_object();
  return out.take();
}

std::optional<Session> read_payload(std::string_view text) {
  const auto json = Json::parse(text, kMaxTokenDepth);
  if (!json || !json->is_object()) return std::nullopt;
  Session session;
  bool good = true;
  const auto word = [&](std::string_view name, std::string& to, bool needed) {
    const auto value = json->at(name).text();
    if (value) to = *value;
    if (needed && (!value || value->empty())) good = false;
  };
  const auto number = [&](std::string_view name, auto& to) {
    const auto value = json->at(name).u64();
    if (value && *value < std::uint64_t{1} << 62)
      to = static_cast<std::remove_reference_t<decltype(to)>>(*value);
    else
      good = false;
  };
  word("sid", session.sid, true);
  word("of", session.parent, false);
  word("root", session.root, false);
  word("by", session.vouched_by, false);
  word("user", session.user, true);
  word("account", session.account, false);
  word("aud", session.audience, true);
  word("kid", session.kid, true);
  number("epoch", session.epoch);
  number("login", session.login);
  number("iat", session.issued);
  number("exp", session.expires);
  session.addresses = json->at("addresses").boolean().value_or(false);
  session.file = json->at("file").boolean().value_or(false);
  const auto role = parse_role(json->at("role").text().value_or(""));
  const Json mounts = json->at("mounts");
  if (!good || !role || mounts.size() > kMaxTokenMounts) return std::nullopt;
  session.role = *role;
  for (std::size_t i = 0; i < mounts.size(); ++i)
    session.mounts.emplace_back(mounts.at(i).text().value_or(""));
  return session;
}

}  // namespace

const std::string& login_root(const Session& session) {
  if (!session.root.empty()) return session.root;
  return session.parent.empty() ? session.sid : session.parent;
}

std::string make_token(TokenKind kind, const Session& session, const SigningKey& key) {
  std::string token = prefix_of(kind) + base64url_encode(payload_of(session));
  for (Session fewer = session; token.size() > kMaxSignedBytes && !fewer.mounts.empty();) {
    fewer.mounts.resize(fewer.mounts.size() / 2);
    token = prefix_of(kind) + base64url_encode(payload_of(fewer));
  }
  const std::string signature = key.sign(token);
  return token + '.' + base64url_encode(signature);
}

std::optional<UnprovenToken> take_token_apart(TokenKind kind, std::string_view text) {
  if (text.size() > kMaxTokenBytes || !text.starts_with(prefix_of(kind))) return std::nullopt;
  const std::size_t point = text.rfind('.');
  if (point < prefix_of(kind).size()) return std::nullopt;
  const auto payload =
      base64url_decode(text.substr(prefix_of(kind).size(), point - prefix_of(kind).size()));
  auto signature = base64url_decode(text.substr(point + 1));
  if (!payload || !signature) return std::nullopt;
  auto session = read_payload(*payload);
  if (!session) return std::nullopt;
  return UnprovenToken{std::move(*session), text.substr(0, point), std::move(*signature)};
}

}  // namespace lb
