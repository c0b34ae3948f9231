// AcmeFailure: the reason why an attempt brought no certificate, in words for the operator, and the
// pause that the authority requires.
// Thread: plain values, pure functions.
// Source: RFC 8555 6.7 (types of problems); doc/https.md lists the messages.
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
    kUnauthorized,  // … or got a wrong answer
    kLimit,         // too many orders
    kUnavailable,   // the authority does not answer, or reports an error of its own
    kRefused,       // the authority will never issue this certificate
    kAccount,       // it does not know the account
    kChain,         // the issued chain cannot be used
    kOwn,           // an error of this server or its hook
    kOther,
  };
  Kind kind = Kind::kOther;
  // A clause: "the CA found no address for a.example (…)"; of kUnavailable the reason: "timeout".
  std::string text;
  std::chrono::seconds retry_after{0};  // 0: not given
  bool operator==(const AcmeFailure&) const = default;
};
// "dns", "connection" …, as in metrics and events.
std::string_view to_text(AcmeFailure::Kind kind) noexcept;

// The question to which a problem is the answer.
struct AcmeQuestion {
  std::string_view name{};  // the name in question; "": none
  bool is_only_name = false;
  bool is_limit = false;  // by the answer's status, whatever the type of the problem
  std::optional<AcmeChallenge> challenge{};  // nullopt: none, so no name can be the cause
  Json records = {};                         // validationRecord: the addresses reached
  std::string not_before = {};               // the end of the required pause; "": not given
};
AcmeFailure failure_of(const Json& problem, const AcmeQuestion& question);
// "urn:ietf:params:acme:error:dns" → "dns".
std::string problem_type(const Json& problem);
// Whether a validation failed, so that the same challenge would fail again.
bool is_validation(AcmeFailure::Kind kind) noexcept;

}  // namespace lb
