#include "acme/order.h"

#include <algorithm>
#include <array>
#include <utility>

#include "acme/answer.h"
#include "acme/jws.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

using Kind = AcmeFailure::Kind;

constexpr std::size_t kAuthorizations = 100, kTokenBytes = 128, kNonceBytes = 512;
constexpr std::string_view kProblem = "urn:ietf:params:acme:error:";

struct KnownProblem {
  std::string_view type;
  Kind kind;
};
constexpr std::array kProblems = {
    KnownProblem{"dns", Kind::kDns},
    KnownProblem{"connection", Kind::kConnection},
    KnownProblem{"tls", Kind::kConnection},
    KnownProblem{"unauthorized", Kind::kUnauthorized},
    KnownProblem{"incorrectResponse", Kind::kUnauthorized},
    KnownProblem{"rateLimited", Kind::kLimit},
    KnownProblem{"serverInternal", Kind::kUnavailable},
    KnownProblem{"accountDoesNotExist", Kind::kAccount},
    KnownProblem{"caa", Kind::kRefused},
    KnownProblem{"rejectedIdentifier", Kind::kRefused},
    KnownProblem{"unsupportedIdentifier", Kind::kRefused},
    KnownProblem{"externalAccountRequired", Kind::kRefused},
    KnownProblem{"userActionRequired", Kind::kRefused},
    KnownProblem{"invalidContact", Kind::kRefused},
    KnownProblem{"unsupportedContact", Kind::kRefused},
};

std::string text_of(const Json& value) { return std::string(value.text().value_or("")); }

bool is_url(std::string_view text) { return text.starts_with("https://") && is_fetchable(text); }

bool is_challenge_token(std::string_view text) {
  return !text.empty() && text.size() <= kTokenBytes && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

}  // namespace

std::string_view to_text(Kind kind) noexcept {
  constexpr std::array<std::string_view, 9> names = {"dns",     "connection",  "unauthorized",
                                                     "limit",   "unavailable", "refused",
                                                     "account", "chain",       "other"};
  return names[static_cast<std::size_t>(kind)];
}

AcmeFailure AcmeOrder::other(std::string_view what) const {
  return {Kind::kOther, cat({"the CA's answer about ", shown_url(url_), " ", what}), {}};
}

AcmeFailure AcmeOrder::of_problem(const Json& problem, std::string_view name) const {
  std::string type = text_of(problem.at("type"));
  const std::string detail = cleaned_text(problem.at("detail").text().value_or(""));
  if (type.starts_with(kProblem)) type.erase(0, kProblem.size());
  Kind kind = Kind::kOther;
  for (const KnownProblem& known : kProblems)
    if (known.type == type) kind = known.kind;
  const std::string said = detail.empty() ? cleaned_text(type) : detail;
  const std::string_view whom = name.empty() ? "this server" : name;
  std::string text;
  switch (kind) {
    case Kind::kDns:
      text = cat({"the CA found no address for ", whom, " (", said, ")"});
      break;
    case Kind::kConnection:
      text = cat({"the CA could not connect to ", whom, " (", said,
                  "); is port 80 open in the firewall?"});
      break;
    case Kind::kUnauthorized:
      text = cat({"the CA reached another server than this one at ", whom, " (", said,
                  "); does the name lead here?"});
      break;
    case Kind::kLimit:
      text = cat({"too many orders (", said, ")"});
      break;
    case Kind::kUnavailable:
      text = cat({"the CA has a fault (", said, ")"});
      break;
    case Kind::kAccount:
      text = cat({"the CA does not know the account (", said, ")"});
      break;
    default:
      text = cat({"the CA refuses it (", said, ")"});
      break;
  }
  return {kind, std::move(text), {}};
}

AcmeOrder::Step AcmeOrder::begin() {
  state_ = State::kDirectory;
  url_ = wanted_.directory;
  if (!is_url(url_))
    return AcmeFailure{Kind::kRefused, cat({url_, " is no https URL of a directory"}), {}};
  return Ask{url_, std::nullopt};
}

AcmeOrder::Step AcmeOrder::post(State state, const std::string& url, std::string payload) {
  state_ = state;
  url_ = url;
  payload_ = std::move(payload);
  bad_nonces_ = 0;
  if (!is_url(url)) return other("names no https URL to go on with");
  return ask();
}

// The request under way, with a nonce that has not been used; one is fetched where there is none.
AcmeOrder::Step AcmeOrder::ask() {
  fetches_nonce_ = nonce_.empty();
  if (fetches_nonce_) return Ask{new_nonce_, std::nullopt};
  const std::string nonce = std::exchange(nonce_, {});
  const bool is_by_key = state_ == State::kAccount;
  return Ask{url_, jws_body(wanted_.account_key, {url_, nonce, is_by_key ? "" : wanted_.account},
                            payload_)};
}

AcmeOrder::Step AcmeOrder::next() {
  if (state_ == State::kPublished) return post(State::kChallenge, challenge_, "{}");
  return ask();
}

AcmeOrder::Step AcmeOrder::next(const Result<FetchAnswer>& answer, WallTime now) {
  if (!answer)
    return AcmeFailure{Kind::kUnavailable,
                       cat({"the CA does not answer (", cleaned_text(answer.error().what), ")"}),
                       {}};
  const std::string_view nonce = answer->header("Replay-Nonce");
  if (!nonce.empty() && nonce.size() <= kNonceBytes && base64url_decode(nonce)) nonce_ = nonce;
  if (std::exchange(fetches_nonce_, false)) {
    if (answer->status >= 400) return refused(*answer, now);
    return nonce_.empty() ? Step(other("has no nonce")) : ask();
  }
  return answer->status >= 400 ? refused(*answer, now) : received(*answer, now);
}

AcmeOrder::Step AcmeOrder::refused(const FetchAnswer& answer, WallTime now) {
  const auto parsed = Json::parse(answer.body);
  const Json problem = parsed ? *parsed : Json();
  const std::string type = text_of(problem.at("type"));
  if (type == cat({kProblem, "badNonce"}) && ++bad_nonces_ <= kBadNonces) return ask();
  AcmeFailure failure = of_problem(problem, {});
  if (answer.status >= 500 || (type.empty() && answer.status != 429)) {
    failure = {Kind::kUnavailable,
               cat({"the CA answers ", answer.status, " (",
                    type.empty() ? std::string("without a reason") : failure.text, ")"}),
               {}};
  } else if (answer.status == 429) {
    failure.kind = Kind::kLimit;
  }
  failure.retry_after = retry_after_of(answer, now);
  return failure;
}

AcmeOrder::Step AcmeOrder::received(const FetchAnswer& answer, WallTime now) {
  if (state_ == State::kChain) return on_chain(answer, now);
  auto parsed = Json::parse(answer.body);
  if (!parsed || !parsed->is_object()) return other("is no JSON object");
  switch (state_) {
    case State::kDirectory:
      return on_directory(*parsed);
    case State::kAccount:
      return on_account(answer);
    case State::kOrder:
      return on_order(answer, *parsed);
    case State::kAuthorization:
      return on_authorization(*parsed);
    case State::kChallenge:
      return poll(State::kValidation, authorizations_[authorization_], answer, now);
    case State::kValidation:
      return on_validation(answer, *parsed, now);
    default:
      return on_certificate(answer, *parsed, now);
  }
}

// An object that has not changed yet is asked about again, by the authority's time or by ours.
AcmeOrder::Step AcmeOrder::poll(State state, const std::string& url, const FetchAnswer& answer,
                                WallTime now) {
  if (state_ != state) {
    waited_ = {};
    wait_ = kFirstWait;
  }
  state_ = state;
  url_ = url;
  payload_.clear();
  bad_nonces_ = 0;
  std::chrono::milliseconds time = retry_after_of(answer, now);
  if (time == time.zero()) {
    time = wait_;
    wait_ = std::min(2 * wait_, kLongestWait);
  }
  waited_ += time;
  if (waited_ > kPatience)
    return AcmeFailure{
        Kind::kUnavailable, cat({"the CA did not decide within ", kPatience.count(), " s"}), {}};
  return Wait{time};
}

AcmeOrder::Step AcmeOrder::on_directory(const Json& body) {
  new_nonce_ = text_of(body.at("newNonce"));
  new_account_ = text_of(body.at("newAccount"));
  new_order_ = text_of(body.at("newOrder"));
  terms_ = cleaned_text(body.at("meta").at("termsOfService").text().value_or(""));
  if (!is_url(new_nonce_)) return other("is no directory of ACME");
  if (body.at("meta").at("externalAccountRequired").boolean().value_or(false) &&
      wanted_.external_id.empty())
    return AcmeFailure{Kind::kRefused, "the CA wants an external account (eab-kid, eab-key)", {}};
  if (!wanted_.account.empty()) return order();
  std::string payload = R"({"termsOfServiceAgreed":true)";
  if (!wanted_.email.empty()) {
    payload += R"(,"contact":[)";
    append_json_text(payload, cat({"mailto:", wanted_.email}));
    payload += ']';
  }
  if (!wanted_.external_id.empty())
    payload += cat(
        {R"(,"externalAccountBinding":)", jws_binding(wanted_.external_id, wanted_.external_secret,
                                                      new_account_, wanted_.account_key)});
  return post(State::kAccount, new_account_, payload + '}');
}

AcmeOrder::Step AcmeOrder::on_account(const FetchAnswer& answer) {
  const std::string_view location = answer.header("Location");
  if (!is_url(location)) return other("names no account");
  wanted_.account = location;
  return order();
}

AcmeOrder::Step AcmeOrder::order() {
  JsonWriter payload;
  payload.begin_object().key("identifiers").begin_array();
  for (const std::string& name : wanted_.names)
    payload.begin_object()
        .key("type")
        .text(is_address_name(name) ? "ip" : "dns")
        .key("value")
        .text(name)
        .end_object();
  payload.end_array().end_object();
  return post(State::kOrder, new_order_, payload.take());
}

AcmeOrder::Step AcmeOrder::on_order(const FetchAnswer& answer, const Json& body) {
  order_ = answer.header("Location");
  finalize_ = text_of(body.at("finalize"));
  const Json list = body.at("authorizations");
  if (!is_url(order_) || list.size() == 0 || list.size() > kAuthorizations)
    return other("is no order that can be read");
  for (std::size_t i = 0; i < list.size(); ++i) authorizations_.push_back(text_of(list.at(i)));
  authorization_ = 0;
  return read(State::kAuthorization, authorizations_.front());
}

AcmeOrder::Step AcmeOrder::next_authorization() {
  if (++authorization_ < authorizations_.size())
    return read(State::kAuthorization, authorizations_[authorization_]);
  return finalize();
}

AcmeOrder::Step AcmeOrder::on_authorization(const Json& body) {
  name_ = text_of(body.at("identifier").at("value"));
  if (std::ranges::find(wanted_.names, name_) == wanted_.names.end())
    return other("is about a name that was not ordered");
  const std::string status = text_of(body.at("status"));
  if (status == "valid") return next_authorization();  // of an earlier order
  if (status != "pending") return other(cat({"is ", cleaned_text(status), " for ", name_}));
  const Json challenges = body.at("challenges");
  for (std::size_t i = 0; i < challenges.size(); ++i) {
    const Json one = challenges.at(i);
    if (one.at("type").text() != "http-01") continue;
    const std::string token = text_of(one.at("token"));
    if (!is_challenge_token(token)) return other("has a token that cannot be one");
    challenge_ = text_of(one.at("url"));
    state_ = State::kPublished;
    return Publish{name_, token, cat({token, ".", wanted_.account_key.thumbprint()})};
  }
  return AcmeFailure{Kind::kRefused, cat({"the CA offers no http-01 for ", name_}), {}};
}

AcmeOrder::Step AcmeOrder::on_validation(const FetchAnswer& answer, const Json& body,
                                         WallTime now) {
  const std::string status = text_of(body.at("status"));
  if (status == "valid") return next_authorization();
  if (status == "pending") return poll(State::kValidation, url_, answer, now);
  const Json challenges = body.at("challenges");
  for (std::size_t i = 0; i < challenges.size(); ++i)
    if (const Json problem = challenges.at(i).at("error"); problem.is_object())
      return of_problem(problem, name_);
  return AcmeFailure{
      Kind::kUnauthorized, cat({"the CA did not find that ", name_, " is this server's"}), {}};
}

AcmeOrder::Step AcmeOrder::finalize() {
  const auto request = certificate_request(wanted_.key, wanted_.names);
  if (!request) return AcmeFailure{Kind::kOther, request.error().what, {}};
  return post(State::kFinalize, finalize_,
              cat({R"({"csr":")", base64url_encode(*request), R"("})"}));
}

AcmeOrder::Step AcmeOrder::on_certificate(const FetchAnswer& answer, const Json& body,
                                          WallTime now) {
  const std::string status = text_of(body.at("status"));
  if (status == "valid") return read(State::kChain, text_of(body.at("certificate")));
  if (status == "processing" || status == "ready" || status == "pending")
    return poll(State::kCertificate, order_, answer, now);
  const Json problem = body.at("error");
  return problem.is_object() ? of_problem(problem, wanted_.names.front())
                             : other(cat({"is ", cleaned_text(status)}));
}

AcmeOrder::Step AcmeOrder::on_chain(const FetchAnswer& answer, WallTime now) {
  auto facts = check_chain(answer.body, wanted_.key, wanted_.names, now);
  if (!facts)
    return AcmeFailure{
        Kind::kChain, cat({"what the CA gave cannot be used: ", facts.error().what}), {}};
  return Done{answer.body, std::move(*facts)};
}

}  // namespace lb
