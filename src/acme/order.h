// AcmeOrder: one order of a certificate at a certificate authority, from its directory to the
// chain: a machine without a socket and a clock. It says what to do next, and is told how it went.
//
// Thread: one owner.
// Ownership: a value of the owner's; holds copies of all that it needs.
// Shapes: next() is called with what the last step asked for: an answer after Ask; nothing after
// Publish (when the answer can be asked for), Keep (when it is kept), OtherWay, and Wait (when the
// time is over). Done and AcmeFailure are the last ones.
// Errors: AcmeFailure says whose fault it is, and for how long the authority wants to be left alone.
// Trust: every URL has to be https; texts of the authority are cut to 300 bytes without control
// characters; a request is repeated for a bad nonce at most 32 times; no object is asked about for
// more than 90 s; at most 100 authorizations are read.
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
    // An account that the operator has with the authority already; "": none.
    std::string external_id = {}, external_secret = {};
    // How a name is shown to be ours: the first that the authority offers, then the next.
    std::vector<AcmeChallenge> challenges = {AcmeChallenge::kHttp};
    std::string profile = {};   // "": the authority's own choice
    std::string replaces = {};  // the id of the certificate that this one renews; "": none
    // The URL of an order of these names that was begun with this account and this key; "": none.
    std::string begun = {};
  };
  struct Ask {
    std::string url;
    std::optional<std::string> body;  // POST, application/jose+json; nullopt: GET
  };
  // Until the order ends: at http://NAME/.well-known/acme-challenge/TOKEN, in a handshake by
  // acme-tls/1, or dns_value() as TXT of _acme-challenge.NAME.
  struct Publish {
    AcmeChallenge challenge = AcmeChallenge::kHttp;
    std::string name, token, authorization;
  };
  // All names were shown: this order, with its key, is worth to be gone on with after a restart.
  struct Keep {
    std::string order;  // its URL
  };
  // A name was not shown to be ours, and is tried in another way, in a new order.
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
  // It could not be shown: the next way is tried, as after a validation that failed.
  // REQUIRES: the last step was Publish
  Step not_published(AcmeFailure failure);

  // Of the account that was used; "" before it is known.
  const std::string& account() const noexcept { return wanted_.account; }
  // Where the authority's terms are; "": it names none.
  const std::string& terms() const noexcept { return terms_; }
  // Where it says when certificates are to be renewed; "": nowhere.
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
  Step on_certificate(const FetchAnswer& answer, const Json& body, WallTime now);
  Step on_chain(const FetchAnswer& answer, WallTime now);
  AcmeFailure other(std::string_view what) const;
  AcmeFailure of_problem(const Json& problem, std::string_view name) const;

  Wanted wanted_;
  State state_ = State::kDirectory;
  std::string new_nonce_, new_account_, new_order_, terms_, renewal_info_;  // of the directory
  std::string nonce_;           // the next one; "": it has to be fetched
  bool fetches_nonce_ = false;  // is what was asked last
  std::string url_, payload_;   // of the request under way, to repeat it
  int bad_nonces_ = 0;
  std::string order_, finalize_;
  std::vector<std::string> authorizations_;
  std::size_t authorization_ = 0;  // the one under way
  std::string name_, challenge_;   // its
  AcmeChallenge way_ = AcmeChallenge::kHttp;
  // Of which a name was not shown to be ours: the name as authorizations have it, "*." before that
  // of a wildcard.
  std::vector<std::pair<std::string, AcmeChallenge>> failed_;
  std::chrono::seconds clock_ahead_{0};
  std::chrono::milliseconds waited_{0}, wait_{kFirstWait};  // for the object that is polled
};

}  // namespace lb
