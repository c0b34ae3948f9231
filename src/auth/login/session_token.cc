#include "auth/login/session_token.h"

#include <array>
#include <utility>

#include "auth/login/user_fields.h"
#include "base/encoding.h"
#include "base/json.h"

namespace lb {
namespace {

constexpr std::size_t kMaxTokenDepth = 3;

using Word = JsonText<kMaxTokenBytes, 1>;
using Seconds = JsonNumber<0, (std::uint64_t{1} << 62) - 1>;

constexpr auto kSessionFields = std::to_array(
    {member<Word, &Session::sid>("sid").needed(),
     member<Word, &Session::parent>("of").sparse(Form::kAll),
     member<Word, &Session::root>("root").sparse(Form::kAll),
     member<Word, &Session::vouched_by>("by").sparse(Form::kAll),
     member<JsonFlag, &Session::file>("file").sparse(Form::kAll),
     member<Word, &Session::user>("user").needed(),
     member<RoleWord, &Session::role>("role").needed(),
     member<Word, &Session::account>("account").sparse(Form::kAll),
     member<JsonTexts<kMaxTokenMounts, kMaxTokenBytes>, &Session::mounts>("mounts").sparse(
         Form::kAll),
     member<JsonFlag, &Session::addresses>("addresses").sparse(Form::kAll),
     member<Seconds, &Session::epoch>("epoch").needed(),
     member<Word, &Session::audience>("aud").needed(), member<Word, &Session::kid>("kid").needed(),
     member<Seconds, &Session::login>("login").needed(),
     member<Seconds, &Session::issued>("iat").needed(),
     member<Seconds, &Session::expires>("exp").needed()});

// Leaves room for the signature.
constexpr std::size_t kMaxSignedBytes = kMaxTokenBytes - 100;

std::string prefix_of(TokenKind kind) { return kind == TokenKind::kSession ? "v1." : "h1."; }

std::string signed_part_of(TokenKind kind, const Session& session) {
  return prefix_of(kind) + base64url_encode(object_json<kSessionFields>(Form::kRecord, session));
}

}  // namespace

const std::string& login_root(const Session& session) {
  if (!session.root.empty()) return session.root;
  return session.parent.empty() ? session.sid : session.parent;
}

std::string make_token(TokenKind kind, const Session& session, const SigningKey& key) {
  Session fewer = session;
  if (fewer.mounts.size() > kMaxTokenMounts) fewer.mounts.resize(kMaxTokenMounts);
  std::string token = signed_part_of(kind, fewer);
  while (token.size() > kMaxSignedBytes && !fewer.mounts.empty()) {
    fewer.mounts.resize(fewer.mounts.size() / 2);
    token = signed_part_of(kind, fewer);
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
  const auto json = Json::parse(*payload, kMaxTokenDepth);
  Session session;
  if (!json || record_fault<kSessionFields>("token", "", *json, session)) return std::nullopt;
  return UnprovenToken{std::move(session), text.substr(0, point), std::move(*signature)};
}

}  // namespace lb
