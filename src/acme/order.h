// AcmeOrder: one order of a certificate at a certificate authority, from its directory to the
// chain: a machine without a socket and a clock. It says what to do next, and is told how it went.
//
// Thread: one owner.
// Ownership: a value of the owner's; holds copies of all that it needs.
// Shapes: next() is called with what the last step asked for: an answer after Ask; nothing after
// Publish (when the token can be fetched) and Wait (when the time is over). Done and AcmeFailure
// are the last ones.
// Errors: AcmeFailure says whose fault it is, and for how long the authority wants to be left alone.
// Trust: every URL has to be https; texts of the authority are cut to 300 bytes without control
// characters; a request is repeated for a bad nonce at most 32 times; no object is asked about for
// more than 90 s; at most 100 authorizations are read.
// Source: RFC 8555 (7.1.6 has the states), RFC 8738 (addresses).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "acme/certificate.h"
#include "acme/key.h"
#include "base/clock.h"
#include "base/json.h"
#include "net/fetch.h"

namespace lb {

struct AcmeFailure {
  enum class Kind : std::uint8_t {
    kDns,           // the authority finds no address for a name
    kConnection,    // … or cannot connect to it
    kUnauthorized,  // … or got another answer than ours
    kLimit,         // too many orders
    kUnavailable,   // the authority does not answer, or with a fault of its own
    kRefused,       // it will not give this certificate, however often it is asked
    kAccount,       // it does not know the account
    kChain,         // what it gave cannot be used
    kOther,
  };
  Kind kind = Kind::kOther;
  std::string text;                     // a clause: "the CA found no address for a.example (…)"
  std::chrono::seconds retry_after{0};  // 0: not said
  bool operator==(const AcmeFailure&) const = default;
};
// "dns", "connection" …, as in metrics and events.
std::string_view to_text(AcmeFailure::Kind kind) noexcept;

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
  };
  struct Ask {
    std::string url;
    std::optional<std::string> body;  // POST, application/jose+json; nullopt: GET
  };
  struct Publish {  // at http://NAME/.well-known/acme-challenge/TOKEN, until the order ends
    std::string name, token, authorization;
  };
  struct Wait {
    std::chrono::milliseconds time{0};
  };
  struct Done {
    std::string chain;
    CertificateFacts facts;
  };
  using Step = std::variant<Ask, Publish, Wait, Done, AcmeFailure>;

  explicit AcmeOrder(Wanted wanted) : wanted_(std::move(wanted)) {}

  Step begin();
  // REQUIRES: the last step was Ask
  Step next(const Result<FetchAnswer>& answer, WallTime now);
  // REQUIRES: the last step was Publish or Wait
  Step next();

  // Of the account that was used; "" before it is known.
  const std::string& account() const noexcept { return wanted_.account; }
  // Where the authority's terms are; "": it names none.
  const std::string& terms() const noexcept { return terms_; }

  static constexpr int kBadNonces = 32;
  static constexpr std::chrono::seconds kPatience{90};
  static constexpr std::chrono::milliseconds kFirstWait{250}, kLongestWait{5000};

 private:
  enum class State : std::uint8_t {
    kDirectory,
    kAccount,
    kOrder,
    kAuthorization,
    kPublished,
    kChallenge,
    kValidation,
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
  Step on_order(const FetchAnswer& answer, const Json& body);
  Step next_authorization();
  Step on_authorization(const Json& body);
  Step on_validation(const FetchAnswer& answer, const Json& body, WallTime now);
  Step finalize();
  Step on_certificate(const FetchAnswer& answer, const Json& body, WallTime now);
  Step on_chain(const FetchAnswer& answer, WallTime now);
  AcmeFailure other(std::string_view what) const;
  AcmeFailure of_problem(const Json& problem, std::string_view name) const;

  Wanted wanted_;
  State state_ = State::kDirectory;
  std::string new_nonce_, new_account_, new_order_, terms_;  // of the directory
  std::string nonce_;           // the next one; "": it has to be fetched
  bool fetches_nonce_ = false;  // is what was asked last
  std::string url_, payload_;   // of the request under way, to repeat it
  int bad_nonces_ = 0;
  std::string order_, finalize_;
  std::vector<std::string> authorizations_;
  std::size_t authorization_ = 0;                           // the one under way
  std::string name_, challenge_;                            // its
  std::chrono::milliseconds waited_{0}, wait_{kFirstWait};  // for the object that is polled
};

}  // namespace lb
