#include "acme/revocation.h"

#include "acme/answer.h"
#include "acme/jws.h"
#include "base/cat.h"
#include "base/encoding.h"

namespace lb {
namespace {

using RevocationFailure = AcmeFailure::Kind;

bool is_https(std::string_view url) { return url.starts_with("https://") && is_fetchable(url); }

}  // namespace

AcmeRevocation::Step AcmeRevocation::revoke(std::string_view nonce) {
  if (nonce.empty())
    return AcmeFailure{RevocationFailure::kOther, "the CA's answer has no nonce", {}};
  state_ = State::kRevoke;
  return AcmeOrder::Ask{
      url_,
      jws_body(key_, {url_, std::string(nonce), ""},
               cat({R"({"certificate":")", base64url_encode(certificate_), R"(","reason":1})"}))};
}

AcmeRevocation::Step AcmeRevocation::next(const Result<FetchAnswer>& answer, WallTime now) {
  if (!answer)
    return AcmeFailure{RevocationFailure::kUnavailable, cleaned_text(answer.error().what), {}};
  const auto parsed = Json::parse(answer->body);
  const Json body = parsed ? *parsed : Json();
  if (state_ == State::kDirectory) {
    new_nonce_ = body.at("newNonce").text().value_or("");
    url_ = body.at("revokeCert").text().value_or("");
    if (!is_https(new_nonce_) || !is_https(url_))
      return AcmeFailure{RevocationFailure::kOther, "the CA names no address to revoke at", {}};
    state_ = State::kNonce;
    return AcmeOrder::Ask{new_nonce_, std::nullopt};
  }
  const std::string_view nonce = answer->header("Replay-Nonce");
  if (state_ == State::kNonce) return revoke(nonce);
  if (answer->status < 400) return Done{};
  const std::string type = problem_type(body);
  if (type == "badNonce" && ++bad_nonces_ <= AcmeOrder::kBadNonces) return revoke(nonce);
  if (type == "alreadyRevoked") return Done{};
  AcmeFailure failure = failure_of(body, {});
  failure.retry_after = retry_after_of(*answer, now);
  return failure;
}

}  // namespace lb
