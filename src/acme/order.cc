#include "acme/order.h"

#include <algorithm>
#include <utility>

#include "acme/answer.h"
#include "acme/jws.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "http/message.h"

namespace lb {
namespace {

using Kind = AcmeFailure::Kind;

constexpr std::size_t kAuthorizations = 100, kMaxChallenges = 20, kTokenBytes = 128,
                      kNonceBytes = 512;
// Let's Encrypt issues certificates for addresses only with this profile.
constexpr std::string_view kAddressProfile = "shortlived";
std::string text_of(const Json& value) { return std::string(value.text().value_or("")); }

bool is_url(std::string_view text) { return text.starts_with("https://") && is_fetchable(text); }

bool is_challenge_token(std::string_view text) {
  return !text.empty() && text.size() <= kTokenBytes && is_plain_text(text, "-_");
}

}  // namespace

AcmeFailure AcmeOrder::other(std::string_view what) const {
  return {Kind::kOther, cat({"the CA's answer about ", shown_url(url_), " ", what}), {}};
}

AcmeFailure AcmeOrder::of_problem(const Json& problem, std::string_view name) const {
  return failure_of(problem, {.name = name, .is_only_name = wanted_.names.size() == 1});
}

AcmeOrder::Step AcmeOrder::begin() {
  state_ = State::kDirectory;
  url_ = wanted_.directory;
  if (!is_url(url_))
    return AcmeFailure{Kind::kRefused, cat({url_, " is not an https URL of a directory"}), {}};
  return Ask{url_, std::nullopt};
}

AcmeOrder::Step AcmeOrder::post(State state, const std::string& url, std::string payload) {
  if (!is_url(url)) return other("names no https URL to go on with");
  state_ = state;
  url_ = url;
  payload_ = std::move(payload);
  bad_nonces_ = 0;
  return ask();
}

// Sends the pending request with an unused nonce, or first fetches a nonce.
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
  if (state_ == State::kOtherWay) return order();
  if (state_ == State::kKept) return finalize();
  return ask();
}

AcmeOrder::Step AcmeOrder::next(const Result<FetchAnswer>& answer, WallTime now) {
  if (!answer)
    return AcmeFailure{Kind::kUnavailable,
                       answer.error().code == Error::Code::kTimeout
                           ? std::string("timeout")
                           : cleaned_text(answer.error().what),
                       {}};
  const std::string_view nonce = answer->header("Replay-Nonce");
  if (const auto date = parse_http_date(answer->header("Date")))
    clock_ahead_ = std::chrono::duration_cast<std::chrono::seconds>(now - *date);
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
  const std::string type = problem_type(problem);
  if (type == "badNonce" && ++bad_nonces_ <= kBadNonces) return ask();
  // The validations have not reached the order yet: it is finalized again when it is ready.
  // Source: RFC 8555 7.4.
  if (type == "orderNotReady" && state_ == State::kFinalize)
    return poll(State::kUnready, order_, answer, now);
  // The authority rejects `replaces`, so the order becomes an ordinary one.
  if ((type == "alreadyReplaced" || type == "malformed") && state_ == State::kOrder &&
      !wanted_.replaces.empty()) {
    wanted_.replaces.clear();
    return order();
  }
  // The kept order is unknown to the authority or belongs to another account.
  if (state_ == State::kBegun && answer.status < 500 && answer.status != 429 &&
      type != "accountDoesNotExist")
    return order();
  const std::chrono::seconds retry_after = retry_after_of(answer, now - clock_ahead_);
  if (answer.status >= 500 || (type.empty() && answer.status != 429)) {
    const std::string said = cleaned_text(problem.at("detail").text().value_or(""));
    return AcmeFailure{Kind::kUnavailable, cat({answer.status, said.empty() ? "" : ": ", said}),
                       retry_after};
  }
  AcmeQuestion question;
  question.is_only_name = wanted_.names.size() == 1;
  question.is_limit = answer.status == 429;
  if (state_ == State::kOrder || state_ == State::kFinalize) question.name = wanted_.names.front();
  if (retry_after.count() > 0) question.not_before = utc_text(now + retry_after, UtcForm::kMinute);
  AcmeFailure failure = failure_of(problem, question);
  failure.retry_after = retry_after;
  return failure;
}

AcmeOrder::Step AcmeOrder::received(const FetchAnswer& answer, WallTime now) {
  if (state_ == State::kChain) return on_chain(answer, now);
  auto parsed = Json::parse(answer.body);
  if (!parsed || !parsed->is_object()) return other("is not a JSON object");
  switch (state_) {
    case State::kDirectory:
      return on_directory(*parsed);
    case State::kAccount:
      return on_account(answer);
    case State::kOrder:
      return on_order(answer, *parsed);
    case State::kBegun:
      return on_begun(answer, *parsed, now);
    case State::kAuthorization:
      return on_authorization(*parsed);
    case State::kChallenge:
      return poll(State::kValidation, authorizations_[authorization_], answer, now);
    case State::kValidation:
      return on_validation(answer, *parsed, now);
    case State::kUnready:
      return on_unready(answer, *parsed, now);
    default:
      return on_certificate(answer, *parsed, now);
  }
}

// Polls an unchanged object again after the authority's Retry-After, or after our own pause where
// that would be too long: ZeroSSL names a day for what it decides in seconds.
// Source: RFC 8555 7.4 and 7.5.1, where Retry-After is a suggestion.
AcmeOrder::Step AcmeOrder::poll(State state, const std::string& url, const FetchAnswer& answer,
                                WallTime now) {
  // However often it is finalized meanwhile, an order has one time to become ready.
  const bool is_again = state == State::kUnready && std::exchange(was_unready_, true);
  if (state_ != state && !is_again) {
    waited_ = {};
    wait_ = kFirstWait;
  }
  state_ = state;
  url_ = url;
  payload_.clear();
  bad_nonces_ = 0;
  std::chrono::milliseconds time = retry_after_of(answer, now - clock_ahead_);
  if (time == time.zero() || waited_ + time > kPatience) {
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
  renewal_info_ = text_of(body.at("renewalInfo"));
  terms_ = cleaned_text(body.at("meta").at("termsOfService").text().value_or(""));
  if (!is_url(new_nonce_)) return other("is not an ACME directory");
  if (!is_url(renewal_info_)) renewal_info_.clear();
  const Json profiles = body.at("meta").at("profiles");
  if (wanted_.profile.empty() && profiles.at(kAddressProfile).text() &&
      std::ranges::any_of(wanted_.names, is_address_name))
    wanted_.profile = kAddressProfile;
  if (!wanted_.profile.empty() && profiles.is_object() && !profiles.at(wanted_.profile).text())
    return AcmeFailure{
        Kind::kRefused, cat({"the CA has no profile \"", wanted_.profile, "\""}), {}};
  if (body.at("meta").at("externalAccountRequired").boolean().value_or(false) &&
      wanted_.external_id.empty())
    return AcmeFailure{Kind::kRefused, "the CA wants an external account (eab-kid, eab-key)", {}};
  if (!wanted_.account.empty()) return order_or_begun();
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
  return order_or_begun();
}

AcmeOrder::Step AcmeOrder::order_or_begun() {
  if (!is_url(wanted_.begun)) return order();
  order_ = wanted_.begun;
  return read(State::kBegun, order_);
}

// Continues a kept order; if it has failed meanwhile, a new one is made.
AcmeOrder::Step AcmeOrder::on_begun(const FetchAnswer& answer, const Json& body, WallTime now) {
  const std::string status = text_of(body.at("status"));
  finalize_ = text_of(body.at("finalize"));
  if (status == "ready") return finalize();
  if (status == "valid" || status == "processing") return on_certificate(answer, body, now);
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
  payload.end_array();
  if (!wanted_.profile.empty()) payload.key("profile").text(wanted_.profile);
  if (!wanted_.replaces.empty() && !renewal_info_.empty())
    payload.key("replaces").text(wanted_.replaces);
  payload.end_object();
  return post(State::kOrder, new_order_, payload.take());
}

AcmeOrder::Step AcmeOrder::on_order(const FetchAnswer& answer, const Json& body) {
  order_ = answer.header("Location");
  was_unready_ = false;
  finalize_ = text_of(body.at("finalize"));
  const Json list = body.at("authorizations");
  if (!is_url(order_) || list.size() == 0 || list.size() > kAuthorizations)
    return other("is not a readable order");
  authorizations_.clear();
  for (std::size_t i = 0; i < list.size(); ++i) authorizations_.push_back(text_of(list.at(i)));
  authorization_ = 0;
  return read(State::kAuthorization, authorizations_.front());
}

AcmeOrder::Step AcmeOrder::next_authorization() {
  if (++authorization_ < authorizations_.size())
    return read(State::kAuthorization, authorizations_[authorization_]);
  return keep();
}

// The first challenge for a name that has not failed yet.
std::optional<AcmeChallenge> AcmeOrder::next_challenge(const std::string& name) const {
  for (const AcmeChallenge each : wanted_.challenges) {
    if (name.starts_with("*.") && each != AcmeChallenge::kDns) continue;
    if (is_address_name(name) && each == AcmeChallenge::kDns) continue;
    if (std::ranges::find(failed_, std::pair(name, each)) == failed_.end()) return each;
  }
  return std::nullopt;
}

AcmeOrder::Step AcmeOrder::on_authorization(const Json& body) {
  const std::string value = text_of(body.at("identifier").at("value"));
  name_ = cat({body.at("wildcard").boolean().value_or(false) ? "*." : "", value});
  if (std::ranges::find(wanted_.names, name_) == wanted_.names.end())
    return other("is about a name that was not ordered");
  const std::string status = text_of(body.at("status"));
  if (status == "valid") return next_authorization();  // valid from an earlier order
  if (status != "pending") return other(cat({"is ", cleaned_text(status), " for ", name_}));
  const Json challenges = body.at("challenges");
  while (const auto way = next_challenge(name_)) {
    for (std::size_t i = 0; i < std::min(challenges.size(), kMaxChallenges); ++i) {
      const Json one = challenges.at(i);
      if (one.at("type").text() != to_text(*way)) continue;
      const std::string token = text_of(one.at("token"));
      if (!is_challenge_token(token)) return other("has a token that cannot be one");
      challenge_ = text_of(one.at("url"));
      way_ = *way;
      state_ = State::kPublished;
      return Publish{way_, value, token, cat({token, ".", wanted_.account_key.thumbprint()})};
    }
    failed_.emplace_back(name_, *way);  // the authority does not offer it
  }
  return AcmeFailure{
      Kind::kRefused, cat({"the CA offers no challenge for ", name_, " that is in use here"}), {}};
}

// Tries the next challenge in a new order, because a failed authorization ends its order.
AcmeOrder::Step AcmeOrder::not_validated(AcmeFailure failure) {
  if (!is_validation(failure.kind)) return failure;
  return other_way(std::move(failure));
}

AcmeOrder::Step AcmeOrder::not_published(AcmeFailure failure) {
  return other_way(std::move(failure));
}

AcmeOrder::Step AcmeOrder::other_way(AcmeFailure failure) {
  failed_.emplace_back(name_, way_);
  const auto next = next_challenge(name_);
  if (!next) return failure;
  state_ = State::kOtherWay;
  return OtherWay{std::move(failure), *next};
}

AcmeOrder::Step AcmeOrder::on_validation(const FetchAnswer& answer, const Json& body,
                                         WallTime now) {
  const std::string status = text_of(body.at("status"));
  if (status == "valid") return next_authorization();
  if (status == "pending") return poll(State::kValidation, url_, answer, now);
  const Json challenges = body.at("challenges");
  for (std::size_t i = 0; i < std::min(challenges.size(), kMaxChallenges); ++i)
    if (const Json problem = challenges.at(i).at("error"); problem.is_object())
      return not_validated(
          failure_of(problem, {.name = name_,
                               .is_only_name = wanted_.names.size() == 1,
                               .challenge = way_,
                               .records = challenges.at(i).at("validationRecord")}));
  return not_validated(
      {Kind::kUnauthorized, cat({"the CA did not find that ", name_, " is this server's"}), {}});
}

AcmeOrder::Step AcmeOrder::keep() {
  state_ = State::kKept;
  return Keep{order_};
}

AcmeOrder::Step AcmeOrder::finalize() {
  const auto request = certificate_request(wanted_.key, wanted_.names);
  if (!request) return AcmeFailure{Kind::kOther, request.error().what, {}};
  return post(State::kFinalize, finalize_,
              cat({R"({"csr":")", base64url_encode(*request), R"("})"}));
}

AcmeOrder::Step AcmeOrder::on_unready(const FetchAnswer& answer, const Json& body, WallTime now) {
  const std::string status = text_of(body.at("status"));
  if (status == "ready") return finalize();
  if (status == "pending") return poll(State::kUnready, order_, answer, now);
  return on_certificate(answer, body, now);
}

AcmeOrder::Step AcmeOrder::on_certificate(const FetchAnswer& answer, const Json& body,
                                          WallTime now) {
  const std::string status = text_of(body.at("status"));
  if (status == "valid") return read(State::kChain, text_of(body.at("certificate")));
  if (status == "processing" || status == "ready" || status == "pending")
    return poll(State::kCertificate, order_, answer, now);
  const Json problem = body.at("error");
  return problem.is_object()
             ? of_problem(problem, wanted_.names.front())
             : other(status.empty() ? "has no status" : cat({"is ", cleaned_text(status)}));
}

AcmeOrder::Step AcmeOrder::on_chain(const FetchAnswer& answer, WallTime now) {
  auto chain = plain_chain(answer.body);
  // The chain is checked by the authority's clock: if this machine's clock is wrong, players' are
  // not.
  const WallTime its_now = now - clock_ahead_;
  auto facts = chain ? check_chain(*chain, wanted_.key, wanted_.names, its_now) : chain.error();
  if (!facts)
    return AcmeFailure{
        Kind::kChain, cat({"what the CA gave cannot be used: ", facts.error().what}), {}};
  return Done{std::move(*chain), std::move(*facts)};
}

}  // namespace lb
