// AcmeOrder: one order of a certificate at a certificate authority, from its directory to the
// chain, as a machine without socket and clock.  It returns the next step and receives the step's
// result.
//
// Thread: one owner.
// Ownership: a value; it holds copies of all inputs.
// Shapes: next() takes the result of the last step: an answer after Ask; nothing after Publish
// (once the answer is available), Keep (once it is stored), OtherWay, and Wait (once the time is
// over).  Done and AcmeFailure are final.
// Errors: AcmeFailure has the reason and the pause that the authority requires.
// Trust: every URL must be https; texts of the authority are cut to 300 bytes without control
// characters; a request is repeated for a bad nonce at most 32 times; an object is polled for at
// most 90 s; at most 100 authorizations are read.
// Source: RFC 8555 (7.1.6 has the states), RFC 8737 (tls-alpn-01), RFC 8738 (addresses), RFC 9773
// (replaces).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "acme/certificate.h"
#include "acme/failure.h"
#include "acme/key.h"
#include "acme/settings.h"
#include "base/clock.h"
#include "base/json.h"
#include "net/fetch/fetch.h"

namespace lb {

class AcmeOrder {
 public:
  struct Wanted {
    std::string directory;           // its URL
    std::vector<std::string> names;  // not empty; names in A-labels, addresses
    std::string email;               // "": no contact
    std::string account;             // its URL; "": a new one is made, or found by its key
    AcmeKey account_key;
    AcmeKey key;  // of the certificate
    // The operator's existing account at the authority; "": none.
    std::string external_id = {}, external_secret = {};
    // The challenges to try, in this order.
    std::vector<AcmeChallenge> challenges = {AcmeChallenge::kHttp};
    std::string profile = {};   // "": the authority's own choice
    std::string replaces = {};  // the id of the certificate to renew; "": none
    // The URL of an order for these names, begun with this account and this key; "": none.
    std::string begun = {};
  };
  struct Ask {
    std::string url;
    std::optional<std::string> body;  // POST, application/jose+json; nullopt: GET
  };
  // Until the order ends, the answer must be at http://NAME/.well-known/acme-challenge/TOKEN, in
  // handshakes by acme-tls/1, or dns_value() as TXT of _acme-challenge.NAME.
  struct Publish {
    AcmeChallenge challenge = AcmeChallenge::kHttp;
    std::string name, token, authorization;
  };
  // All names are validated: this order can be continued with its key after a restart.
  struct Keep {
    std::string order;  // its URL
  };
  // A validation failed; the next challenge follows in a new order.
  struct OtherWay {
    AcmeFailure failure;
    AcmeChallenge next = AcmeChallenge::kHttp;
  };
  struct Wait {
    std::chrono::milliseconds time{0};
  };
  struct Done {
    std::string chain;
    CertificateFacts facts;
  };
  using Step = std::variant<Ask, Publish, Keep, OtherWay, Wait, Done, AcmeFailure>;

  explicit AcmeOrder(Wanted wanted) : wanted_(std::move(wanted)) {}

  Step begin();
  // REQUIRES: the last step was Ask
  Step next(const Result<FetchAnswer>& answer, WallTime now);
  // REQUIRES: the last step was Publish, Keep, OtherWay or Wait
  Step next();
  // The answer could not be published; the next challenge is tried, as after a failed validation.
  // REQUIRES: the last step was Publish
  Step not_published(AcmeFailure failure);

  // The URL of the account; "": not known yet.
  const std::string& account() const noexcept { return wanted_.account; }
  // The URL of the authority's terms; "": none.
  const std::string& terms() const noexcept { return terms_; }
  // The URL for renewal times (ARI); "": none.
  const std::string& renewal_info() const noexcept { return renewal_info_; }
  // How far our clock is ahead of the authority's, by the last answer with a date.
  std::chrono::seconds clock_ahead() const noexcept { return clock_ahead_; }

  static constexpr int kBadNonces = 32;
  static constexpr std::chrono::seconds kPatience{90};
  static constexpr std::chrono::milliseconds kFirstWait{250}, kLongestWait{5000};

 private:
  enum class State : std::uint8_t {
    kDirectory,
    kAccount,
    kOrder,
    kBegun,
    kAuthorization,
    kPublished,
    kOtherWay,
    kChallenge,
    kValidation,
    kKept,
    kFinalize,
    kUnready,
    kCertificate,
    kChain,
  };

  Step post(State state, const std::string& url, std::string payload);
  Step read(State state, const std::string& url) { return post(state, url, {}); }
  Step ask();
  Step poll(State state, const std::string& url, const FetchAnswer& answer, WallTime now);
  Step refused(const FetchAnswer& answer, WallTime now);
  Step received(const FetchAnswer& answer, WallTime now);
  Step on_directory(const Json& body);
  Step on_account(const FetchAnswer& answer);
  Step order();
  Step order_or_begun();
  Step on_begun(const FetchAnswer& answer, const Json& body, WallTime now);
  Step keep();
  Step on_order(const FetchAnswer& answer, const Json& body);
  Step next_authorization();
  Step on_authorization(const Json& body);
  Step not_validated(AcmeFailure failure);
  Step other_way(AcmeFailure failure);
  std::optional<AcmeChallenge> next_challenge(const std::string& name) const;
  Step on_validation(const FetchAnswer& answer, const Json& body, WallTime now);
  Step finalize();
  Step on_unready(const FetchAnswer& answer, const Json& body, WallTime now);
  Step on_certificate(const FetchAnswer& answer, const Json& body, WallTime now);
  Step on_chain(const FetchAnswer& answer, WallTime now);
  AcmeFailure other(std::string_view what) const;
  AcmeFailure of_problem(const Json& problem, std::string_view name) const;

  Wanted wanted_;
  State state_ = State::kDirectory;
  std::string new_nonce_, new_account_, new_order_, terms_, renewal_info_;  // of the directory
  std::string nonce_;           // the next one; "": must be fetched
  bool fetches_nonce_ = false;  // the last request fetches a nonce
  std::string url_, payload_;   // of the pending request, for repeating it
  int bad_nonces_ = 0;
  std::string order_, finalize_;
  std::vector<std::string> authorizations_;
  std::size_t authorization_ = 0;  // the one in progress
  std::string name_, challenge_;   // of that authorization
  AcmeChallenge way_ = AcmeChallenge::kHttp;
  // Failed challenges by name; the name as in authorizations, with "*." for a wildcard.
  std::vector<std::pair<std::string, AcmeChallenge>> failed_;
  std::chrono::seconds clock_ahead_{0};
  std::chrono::milliseconds waited_{0}, wait_{kFirstWait};  // for the object that is polled
  bool was_unready_ = false;                                // the order, when it was finalized
};

}  // namespace lb
