#include "acme/failure.h"

#include <algorithm>
#include <array>

#include "acme/answer.h"
#include "base/cat.h"
#include "base/strings.h"
#include "net/address/address.h"

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
    KnownProblem{"tls", FailureKind::kUnauthorized},  // it was connected to something
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

// The address of the authority's last connection; "": not reported.
std::string reached_address(const Json& records) {
  if (records.size() == 0) return {};
  const auto text = records.at(records.size() - 1).at("addressUsed").text();
  const auto address = text ? Address::parse(*text, 0) : std::nullopt;
  return address ? address->ip() : std::string();
}

// Texts about what happened on a connection, so no firewall is in the way.  Source: Boulder.
bool was_connected(std::string_view text) {
  std::string said;  // without addresses, which may contain such words
  for (const std::string_view word : split(text, ' '))
    if (word.find("://") == std::string_view::npos) said += cat({word, " "});
  constexpr std::array<std::string_view, 6> kAfter = {
      "reset by peer", "edirect", "remote error", "tls: ", "after connect", "EOF"};
  return std::ranges::any_of(
      kAfter, [&said](std::string_view part) { return said.find(part) != std::string::npos; });
}

// "DNS: NXDOMAIN" if the text contains a resolver's answer, otherwise the whole text.
std::string dns_reason(std::string_view said) {
  for (const std::string_view answer : {"NXDOMAIN", "SERVFAIL", "REFUSED"})
    if (said.find(answer) != std::string_view::npos) return cat({"DNS: ", answer});
  constexpr std::string_view kBefore = "DNS problem: ";
  return cat({"DNS: ", said.starts_with(kBefore) ? said.substr(kBefore.size()) : said});
}

// An isolated HTTP status, not a part of an address, a port or a token.
std::string_view status_in(std::string_view said) {
  const auto is_part = [](char c) { return is_plain_char(c, ".:/-_"); };
  for (std::size_t i = 0; i + 3 <= said.size(); ++i) {
    const std::string_view three = said.substr(i, 3);
    if (three[0] < '2' || three[0] > '5' || !std::ranges::all_of(three, is_digit)) continue;
    const char after = i + 3 < said.size() ? said[i + 3] : ' ';
    if ((i == 0 || !is_part(said[i - 1])) && !is_alphanumeric(after) && after != '.') return three;
  }
  return {};
}

// "404 from nginx" if the text contains status and program, otherwise the whole text.
std::string answered_by(std::string_view said) {
  constexpr std::array<std::string_view, 7> kPrograms = {
      "nginx", "Apache", "Caddy", "HAProxy", "LiteSpeed", "cloudflare", "Microsoft-IIS"};
  const std::string lower = to_lower(said);
  const std::string_view status = status_in(said);
  for (const std::string_view program : kPrograms)
    if (lower.find(to_lower(program)) != std::string::npos)
      return cat({status, status.empty() ? "" : " ", "from ", program});
  return std::string(status.empty() ? said : status);
}

// The object of a limit: 'already issued for "example.org"'; "": not given.
std::string limited_name(std::string_view said) {
  constexpr std::string_view kBefore = "for \"";
  const std::size_t at = said.find(kBefore);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = said.substr(at + kBefore.size());
  return std::string(rest.substr(0, std::min(rest.find('"'), rest.size())));
}

// "too many failed authorizations" of the text about a limit.
std::string limit_of(std::string_view said) {
  constexpr std::string_view kMany = "too many ";
  std::size_t at = to_lower(said).find(kMany);
  if (at == std::string::npos) at = said.size();
  std::string_view what = said.substr(std::min(at + kMany.size(), said.size()));
  for (const std::string_view end : {" (", " for ", " from ", " already ", " in ", ":", ",", "."})
    what = what.substr(0, what.find(end));
  const bool is_clause = !what.empty() && what.find_first_of("\"<>") == std::string_view::npos &&
                         !what.starts_with("for ");
  return cat({kMany, is_clause ? what : "requests"});
}

}  // namespace

std::string_view to_text(FailureKind kind) noexcept {
  return word_of<AcmeFailure::Kind::kOther>(
      kind, {"dns", "connection", "unauthorized", "limit", "unavailable", "refused", "account",
             "chain", "own", "other"});
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
  // Pebble reports "unauthorized" when it cannot connect by TLS.
  if (kind == FailureKind::kUnauthorized && detail.find("Failed to connect") != std::string::npos)
    kind = FailureKind::kConnection;
  // Without a challenge the problem is about an account or a failed lookup of CAA.
  if (!question.challenge && is_validation(kind)) kind = FailureKind::kOther;
  if (question.is_limit) kind = FailureKind::kLimit;
  const std::string said = detail.empty() ? cleaned_text(type) : detail;
  const std::string_view name = question.name.empty() ? "this server" : question.name;
  const std::string_view it = question.is_only_name ? "it" : name;
  const std::string address = reached_address(question.records);
  const bool by_dns = question.challenge == AcmeChallenge::kDns;
  const int port = question.challenge == AcmeChallenge::kTls ? 443 : 80;
  std::string text;
  switch (kind) {
    case FailureKind::kDns:
      if (said.find("looking up CAA") != std::string::npos)
        text = cat({"the CA could not look up CAA of ", it, " (", dns_reason(said), ")"});
      else
        text = by_dns ? cat({"the CA found no record _acme-challenge.", name, " (", said, ")"})
                      : cat({"the CA found no address for ", it, " (", dns_reason(said), ")"});
      break;
    case FailureKind::kConnection:
      if (was_connected(said))
        text = cat({"the CA could not read the answer of port ", port, " of ",
                    address.empty() ? name : address, " (", said, ")"});
      else
        text = cat({"the CA could not connect to port ", port, " of ",
                    address.empty() ? cat({name, " (", said, ")"}) : address,
                    "; is it open in the firewall?"});
      break;
    case FailureKind::kUnauthorized:
      text = by_dns ? cat({"the CA found another record than ours at _acme-challenge.", name, " (",
                           said, ")"})
                    : cat({"the CA reached ",
                           address.empty() ? cat({"another server for ", it, " than this one"})
                                           : cat({address, ", which is not this server"}),
                           " (", answered_by(said), "); does the name lead here?"});
      break;
    case FailureKind::kLimit: {
      const std::string counted = limited_name(detail);
      const std::string_view limited = counted.empty() ? question.name : counted;
      text = cat({limit_of(detail), limited.empty() ? "" : " for ", limited, " (CA: ",
                  question.not_before.empty() ? said : cat({"retry after ", question.not_before}),
                  ")"});
      break;
    }
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
