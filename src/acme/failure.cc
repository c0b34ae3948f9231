#include "acme/failure.h"

#include <array>

#include "acme/answer.h"
#include "base/cat.h"
#include "net/address.h"

namespace lb {
namespace {

using FailureKind = AcmeFailure::Kind;

constexpr std::string_view kProblem = "urn:ietf:params:acme:error:";

struct KnownProblem {
  std::string_view type;
  FailureKind kind;
};
constexpr std::array kProblems = {
    KnownProblem{"dns", FailureKind::kDns},
    KnownProblem{"connection", FailureKind::kConnection},
    KnownProblem{"tls", FailureKind::kConnection},
    KnownProblem{"unauthorized", FailureKind::kUnauthorized},
    KnownProblem{"incorrectResponse", FailureKind::kUnauthorized},
    KnownProblem{"rateLimited", FailureKind::kLimit},
    KnownProblem{"serverInternal", FailureKind::kUnavailable},
    KnownProblem{"accountDoesNotExist", FailureKind::kAccount},
    KnownProblem{"caa", FailureKind::kRefused},
    KnownProblem{"rejectedIdentifier", FailureKind::kRefused},
    KnownProblem{"unsupportedIdentifier", FailureKind::kRefused},
    KnownProblem{"externalAccountRequired", FailureKind::kRefused},
    KnownProblem{"userActionRequired", FailureKind::kRefused},
    KnownProblem{"invalidContact", FailureKind::kRefused},
    KnownProblem{"unsupportedContact", FailureKind::kRefused},
};

// Of the last attempt, as the authority tells it; "" where it does not.
std::string reached_address(const Json& records) {
  if (records.size() == 0) return {};
  const auto text = records.at(records.size() - 1).at("addressUsed").text();
  const auto address = text ? Address::parse(*text, 0) : std::nullopt;
  return address ? address->ip() : std::string();
}

}  // namespace

std::string_view to_text(FailureKind kind) noexcept {
  constexpr std::array<std::string_view, 9> names = {"dns",     "connection",  "unauthorized",
                                                     "limit",   "unavailable", "refused",
                                                     "account", "chain",       "other"};
  return names[static_cast<std::size_t>(kind)];
}

std::string problem_type(const Json& problem) {
  std::string type(problem.at("type").text().value_or(""));
  if (type.starts_with(kProblem)) type.erase(0, kProblem.size());
  return type;
}

bool is_validation(AcmeFailure::Kind kind) noexcept {
  return kind == FailureKind::kDns || kind == FailureKind::kConnection ||
         kind == FailureKind::kUnauthorized;
}

AcmeFailure failure_of(const Json& problem, const AcmeQuestion& question) {
  const std::string type = problem_type(problem);
  const std::string detail = cleaned_text(problem.at("detail").text().value_or(""));
  FailureKind kind = FailureKind::kOther;
  for (const KnownProblem& known : kProblems)
    if (known.type == type) kind = known.kind;
  const std::string said = detail.empty() ? cleaned_text(type) : detail;
  const std::string_view name = question.name.empty() ? "this server" : question.name;
  const std::string_view it = question.is_only_name ? "it" : name;
  const std::string address = reached_address(question.records);
  const bool by_dns = question.challenge == AcmeChallenge::kDns;
  std::string text;
  switch (kind) {
    case FailureKind::kDns:
      text = by_dns ? cat({"the CA found no record _acme-challenge.", name, " (", said, ")"})
                    : cat({"the CA found no address for ", it, " (", said, ")"});
      break;
    case FailureKind::kConnection:
      text = cat({"the CA could not connect to port ",
                  question.challenge == AcmeChallenge::kTls ? 443 : 80, " of ",
                  address.empty() ? cat({name, " (", said, ")"}) : address,
                  "; is it open in the firewall?"});
      break;
    case FailureKind::kUnauthorized:
      text = by_dns ? cat({"the CA found another record than ours at _acme-challenge.", name, " (",
                           said, ")"})
                    : cat({"the CA reached ",
                           address.empty() ? cat({"another server for ", it, " than this one"})
                                           : cat({address, ", which is not this server"}),
                           " (", said, "); does the name lead here?"});
      break;
    case FailureKind::kLimit:
      text = cat({"too many certificates", question.name.empty() ? "" : " for ", question.name,
                  " (CA: ", said, ")"});
      break;
    case FailureKind::kUnavailable:
      text = cat({"the CA has a fault (", said, ")"});
      break;
    case FailureKind::kAccount:
      text = cat({"the CA does not know the account (", said, ")"});
      break;
    default:
      text = cat({"the CA refuses it (", said, ")"});
      break;
  }
  return {kind, std::move(text), {}};
}

}  // namespace lb
