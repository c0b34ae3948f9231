// AcmeFailure: why there is no certificate: whose fault it is, in words for the operator, and for
// how long the authority wants to be left alone.
// Thread: plain values, pure functions.
// Source: RFC 8555 6.7 (types of problems); doc/https.md has the words.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "acme/settings.h"
#include "base/json.h"

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
    kOwn,           // it is this server's or its hook's fault
    kOther,
  };
  Kind kind = Kind::kOther;
  // A clause: "the CA found no address for a.example (…)"; of kUnavailable the reason: "timeout".
  std::string text;
  std::chrono::seconds retry_after{0};  // 0: not said
  bool operator==(const AcmeFailure&) const = default;
};
// "dns", "connection" …, as in metrics and events.
std::string_view to_text(AcmeFailure::Kind kind) noexcept;

// What was asked when a problem came.
struct AcmeQuestion {
  std::string_view name{};  // that it is about; "": none
  bool is_only_name = false;
  bool is_limit = false;  // by the status of the answer, whatever the problem is called
  std::optional<AcmeChallenge> challenge{};  // nullopt: none, and no name can have been the cause
  Json records = {};                         // validationRecord: what the authority has reached
  std::string not_before = {};  // until when the authority wants to be left alone; "": not said
};
AcmeFailure failure_of(const Json& problem, const AcmeQuestion& question);
// "urn:ietf:params:acme:error:dns" → "dns".
std::string problem_type(const Json& problem);
// It would be of no use to ask in the same way again: a name was not shown to be ours.
bool is_validation(AcmeFailure::Kind kind) noexcept;

}  // namespace lb
