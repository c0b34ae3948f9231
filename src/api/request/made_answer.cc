#include "api/request/made_answer.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "net/crypto/digest.h"
#include "net/crypto/seal.h"

namespace lb {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::string_view kPurpose = "icecast-lb made answer 1";

// The separator NUL occurs in none of the parts.
std::string join(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out.append(part).push_back('\0');
  return out;
}

std::string digest_of(const ApiRequest& request) {
  return hex_encode(
      sha256(join({method_word(request.method), request.path, request.query, request.body})));
}

// The account is included, because the name may later belong to a user of another account.
std::string whose(const ApiRequest& request, const ApiCaller& caller) {
  return caller.account.empty() ? join({caller.name, *request.key})
                                : join({caller.name, *request.key, caller.account});
}

std::string seal_key(const ApiRequest& request, const ApiCaller& caller, std::string_view salt) {
  return hkdf_sha256(whose(request, caller), salt, kPurpose, kSealKeyBytes);
}

std::string answer_text(const ApiAnswer& answer) {
  JsonWriter json;
  json.begin_object();
  json.key("status").number(answer.status);
  json.key("revision").number(answer.revision);
  json.key("location").text(answer.location);
  json.key("body").text(answer.body);
  json.end_object();
  return json.take();
}

std::optional<ApiAnswer> read_answer(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json) return std::nullopt;
  const auto status = json->at("status").u64();
  const auto body = json->at("body").text();
  if (!status || !body) return std::nullopt;
  ApiAnswer answer;
  answer.status = static_cast<int>(*status);
  answer.revision = json->at("revision").u64().value_or(0);
  answer.location = json->at("location").text().value_or("");
  answer.body = *body;
  return answer;
}

}  // namespace

bool is_idempotency_key(std::string_view key) noexcept {
  return key.size() >= kLeastIdempotencyKey && key.size() <= kMaxIdempotencyKey &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string made_key(const ApiRequest& request, const ApiCaller& caller) {
  return "made/" + hex_encode(sha256(whose(request, caller)));
}

std::string seal_answer(const ApiRequest& request, const ApiCaller& caller, const ApiAnswer& answer,
                        const RandomBytes& random) {
  const std::string salt = random(kSaltBytes);
  const std::string digest = digest_of(request);
  JsonWriter json;
  json.begin_object();
  json.key("request").text(digest);
  json.key("salt").text(base64_encode(salt));
  json.key("answer").text(
      base64_encode(seal(seal_key(request, caller, salt), answer_text(answer), digest)));
  json.end_object();
  return json.take();
}

ApiOutcome open_answer(const ApiRequest& request, const ApiCaller& caller, std::string_view kept) {
  const std::string digest = digest_of(request);
  if (const auto json = Json::parse(kept); json && json->at("request").text() == digest) {
    const auto salt = base64_decode(json->at("salt").text().value_or(""));
    const auto sealed = base64_decode(json->at("answer").text().value_or(""));
    const auto text = salt && sealed ? open_seal(seal_key(request, caller, *salt), *sealed, digest)
                                     : std::nullopt;
    if (text)
      if (auto answer = read_answer(*text)) return *std::move(answer);
  }
  return Problem{ProblemName::kKeyReused,
                 "the Idempotency-Key was used for another request in the last 24 hours"};
}

}  // namespace lb
