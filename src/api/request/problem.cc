#include "api/request/problem.h"

#include <array>

#include "base/cat.h"

namespace lb {
namespace {

// Limits the faults in an answer, because a body may have thousands.
constexpr std::size_t kMaxFaults = 50;

// In the order of ProblemName.
constexpr std::array<ProblemKind, 39> kKinds{{
    {"bad-request", 400, "The request cannot be read"},
    {"unauthorised", 401, "The login is missing or wrong"},
    {"login", 401, "The session is missing or has ended"},
    {"wrong-login", 401, "The user name or the password is wrong"},
    {"forbidden", 403, "The login has no right to do this"},
    {"other-site", 403, "The request comes from a page of another site"},
    {"plain-http", 403, "Passwords are not accepted over plain http"},
    {"not-found", 404, "The resource does not exist"},
    {"no-such-node", 404, "No such node is linked"},
    {"api-off", 404, "The API is off"},
    {"method", 405, "The resource does not support this method"},
    {"exists", 409, "The name is taken"},
    {"mount-exists", 409, "The mount exists"},
    {"in-file", 409, "The configuration file already uses this name"},
    {"external", 409, "The mount belongs to the external configuration"},
    {"no-room", 409, "No node may take the mount"},
    {"quota", 409, "The account's quota is used up"},
    {"busy", 409, "A request with the same key is in progress"},
    {"no-store", 409, "This server has no store"},
    {"not-empty", 409, "Other records belong to it"},
    {"no-source", 409, "The mount has no source"},
    {"handed-over", 409, "The session belongs to another master"},
    {"origin", 409, "Nodes do not know the address of this page"},
    {"refused", 409, "The server or the node refuses the request"},
    {"length-required", 411, "The body needs a Content-Length"},
    {"changed", 412, "The record has changed"},
    {"too-large", 413, "The body is too large"},
    {"address-too-long", 414, "The address is too long"},
    {"media-type", 415, "The body is of another media type"},
    {"range", 416, "The requested part is no longer available, or not yet"},
    {"not-here", 421, "Another server has the store"},
    {"invalid", 422, "The body breaks a rule"},
    {"key-reused", 422, "The key belongs to another request"},
    {"slowed", 429, "Too many attempts, or an attempt too soon"},
    {"head-too-large", 431, "The head of the request is too large"},
    {"unknown-method", 501, "The method is unknown"},
    {"read-only", 503, "The store takes no changes"},
    {"overloaded", 503, "Too many requests wait"},
    {"version", 505, "The version of HTTP is not supported"},
}};
static_assert(kKinds.size() == static_cast<std::size_t>(ProblemName::kVersion) + 1);

}  // namespace

std::span<const ProblemKind> problem_kinds() noexcept { return kKinds; }

const ProblemKind& problem_kind(ProblemName name) noexcept {
  return kKinds[static_cast<std::size_t>(name)];
}

ProblemName problem_of_status(int status) noexcept {
  using enum ProblemName;
  for (const ProblemName name :
       {kUnauthorised, kForbidden, kNotFound, kMethod, kLengthRequired, kTooLarge, kAddressTooLong,
        kMediaType, kRange, kSlowed, kHeadTooLarge, kUnknownMethod, kVersion})
    if (problem_kind(name).status == status) return name;
  return status >= 500 ? kOverloaded : kBadRequest;
}

Problem invalid(std::vector<JsonFault> faults) {
  Problem problem{ProblemName::kInvalid};
  problem.detail =
      faults.size() == 1 ? "one member is wrong" : cat({faults.size(), " members are wrong"});
  if (faults.size() > kMaxFaults) {
    problem.detail += cat({"; the first ", kMaxFaults, " are named"});
    faults.resize(kMaxFaults);
  }
  problem.errors = std::move(faults);
  return problem;
}

Problem invalid_at(std::string pointer, std::string detail) {
  return invalid({{std::move(pointer), std::move(detail)}});
}

Problem at_parameter(Problem problem, std::string_view parameter) {
  problem.members.emplace_back("parameter", parameter);
  return problem;
}

Problem wrong_parameter(std::string_view parameter, std::string detail) {
  return at_parameter({ProblemName::kBadRequest, std::move(detail)}, parameter);
}

std::string problem_json(const Problem& problem, std::string_view instance) {
  const ProblemKind& kind = problem_kind(problem.name);
  JsonWriter json;
  json.begin_object();
  json.key("type").text(cat({"/api/problems#", kind.name}));
  json.key("title").text(kind.title);
  json.key("status").number(kind.status);
  if (!problem.detail.empty()) json.key("detail").text(problem.detail);
  json.key("instance").text(instance);
  if (!problem.errors.empty()) {
    json.key("errors").begin_array();
    for (const JsonFault& fault : problem.errors)
      json.begin_object()
          .key("pointer")
          .text(fault.pointer)
          .key("detail")
          .text(fault.detail)
          .end_object();
    json.end_array();
  }
  for (const auto& [name, text] : problem.members) json.key(name).text(text);
  for (const auto& [name, texts] : problem.lists) {
    json.key(name).texts(texts);
  }
  json.end_object();
  return json.take() + "\n";
}

}  // namespace lb
