#include "api/problem.h"

#include <array>

#include "base/json.h"

namespace lb {
namespace {

// In the order of ProblemName.
constexpr std::array<ProblemKind, 24> kKinds{{
    {"bad-request", 400, "The request cannot be read"},
    {"unauthorised", 401, "No login, or a wrong one"},
    {"forbidden", 403, "The login has no right to this"},
    {"not-found", 404, "There is nothing of this name"},
    {"method", 405, "The resource has no such method"},
    {"exists", 409, "The name is taken"},
    {"mount-exists", 409, "The mount exists"},
    {"in-file", 409, "The configuration file has this name"},
    {"external", 409, "The mount is one of the external configuration"},
    {"no-room", 409, "No node may take the mount"},
    {"quota", 409, "The account's quota is used up"},
    {"busy", 409, "A request with the same key is under way"},
    {"no-store", 409, "This server has no store"},
    {"not-empty", 409, "Other records belong to it"},
    {"no-source", 409, "The mount has no source"},
    {"refused", 409, "The server or the node does not do this"},
    {"length-required", 411, "The body needs a Content-Length"},
    {"changed", 412, "The record has changed"},
    {"too-large", 413, "The body is too large"},
    {"not-here", 421, "Another server has the store"},
    {"invalid", 422, "The body breaks a rule"},
    {"key-reused", 422, "The key belongs to another request"},
    {"read-only", 503, "The store takes no changes"},
    {"overloaded", 503, "Too many changes wait"},
}};
static_assert(kKinds.size() == static_cast<std::size_t>(ProblemName::kOverloaded) + 1);

}  // namespace

std::span<const ProblemKind> problem_kinds() noexcept { return kKinds; }

const ProblemKind& problem_kind(ProblemName name) noexcept {
  return kKinds[static_cast<std::size_t>(name)];
}

std::string problem_json(const Problem& problem, std::string_view instance) {
  const ProblemKind& kind = problem_kind(problem.name);
  JsonWriter json;
  json.begin_object();
  json.key("type").text("/api/problems#" + std::string(kind.name));
  json.key("title").text(kind.title);
  json.key("status").number(kind.status);
  if (!problem.detail.empty()) json.key("detail").text(problem.detail);
  json.key("instance").text(instance);
  if (!problem.errors.empty()) {
    json.key("errors").begin_array();
    for (const ProblemFault& fault : problem.errors)
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
    json.key(name).begin_array();
    for (const std::string& text : texts) json.text(text);
    json.end_array();
  }
  json.end_object();
  return json.take() + "\n";
}

}  // namespace lb
