#include "api/read_request.h"

#include <algorithm>
#include <utility>

#include "api/audience/audience_plans.h"
#include "api/request/made_answer.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/object_reader.h"
#include "base/strings.h"
#include "media/picture.h"

namespace lb {
namespace {

constexpr std::size_t kShownParameter = 80;

struct BodyRule {
  std::uint64_t most;
  std::string_view type;        // "": the type is found from the bytes
  std::string_view other = {};  // accepted too
};

BodyRule rule_of(const Endpoint& endpoint) {
  if (endpoint.takes_picture()) return {kMaxPictureBytes, ""};
  if (endpoint.takes_csv()) return {kMaxPlayLogBytes, "text/csv"};
  // Each PATCH of JSON follows RFC 7396.
  const bool merges = endpoint.method == Method::kPatch;
  return {kMaxApiBodyBytes, "application/json", merges ? "application/merge-patch+json" : ""};
}

// A missing Content-Type is accepted: forms of foreign pages always send one.
bool says_type(const Headers& headers, std::string_view wanted) {
  const std::string* type = headers.find("content-type");
  return type == nullptr ||
         iequals(trim(std::string_view(*type).substr(0, type->find(';'))), wanted);
}

// Returns "" if the whole query can be decoded.  An unreadable filter must not be ignored.
std::string unreadable_parameter(std::string_view query) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const auto text = percent_decode(pair, true);
    if (!text || text->find('\0') != std::string::npos)
      return std::string(pair.substr(0, std::min(pair.find('='), kShownParameter)));
  }
  return {};
}

// Returns "" if no parameter occurs twice, because the intended value would be unknown.
std::string doubled_parameter(std::string_view query) {
  std::vector<std::string> names;
  for (const std::string_view pair : split(query, '&'))
    if (const std::size_t equals = pair.find('='); equals != std::string_view::npos)
      names.push_back(percent_decode(pair.substr(0, equals), true).value_or(""));
  std::sort(names.begin(), names.end());
  const auto doubled = std::adjacent_find(names.begin(), names.end());
  return doubled == names.end() ? std::string() : doubled->substr(0, kShownParameter);
}

// Whether the query has this name without a value, which query_param() ignores as Icecast does.
bool has_bare_name(std::string_view query, std::string_view name) {
  const auto pairs = split(query, '&');
  return std::any_of(pairs.begin(), pairs.end(),
                     [name](std::string_view pair) { return percent_decode(pair, true) == name; });
}

}  // namespace

std::string_view path_as_sent(const Request& request) {
  const std::string_view target = request.target;
  return target.substr(0, target.find('?'));
}

std::variant<std::uint64_t, Problem> body_bytes(const Request& request, const Endpoint& endpoint) {
  const BodyRule rule = rule_of(endpoint);
  if (request.headers.find("transfer-encoding") != nullptr)
    return Problem{ProblemName::kLengthRequired, "a chunked body is not accepted"};
  const std::string* length = request.headers.find("content-length");
  if (length == nullptr) return std::uint64_t{0};
  const auto bytes = parse_u64(*length);
  if (!bytes || *bytes > rule.most)
    return Problem{ProblemName::kTooLarge,
                   cat({endpoint.takes_picture() ? "art: " : "", "the body has ", *length,
                        " bytes; at most ", rule.most, " are accepted"})};
  if (*bytes > 0 && !rule.type.empty() && !says_type(request.headers, rule.type) &&
      (rule.other.empty() || !says_type(request.headers, rule.other)))
    return Problem{ProblemName::kMediaType, cat({"the body must be ", rule.type,
                                                 rule.other.empty() ? "" : " or ", rule.other})};
  return *bytes;
}

std::variant<ApiRequest, Problem> read_request(const Request& request, FoundEndpoint found,
                                               std::string body) {
  const Endpoint& endpoint = *found.endpoint;
  ApiRequest asked;
  asked.method = endpoint.method;
  asked.path = path_as_sent(request);
  asked.names = std::move(found.names);
  asked.query = request.query;
  if (const std::string name = unreadable_parameter(request.query); !name.empty())
    return wrong_parameter(name,
                           cat({"the value of parameter ", name, " is not percent-encoded text"}));
  if (const std::string name = doubled_parameter(request.query); !name.empty())
    return wrong_parameter(name, cat({"the parameter ", name, " is given twice"}));
  // "dry-run=true" and "dry-run" must not be ignored, or the change would be made.
  for (const std::string_view name : kSwitchNames) {
    if (has_bare_name(request.query, name))
      return wrong_parameter(name, cat({"the parameter ", name, " has no value: 0 or 1"}));
    if (const auto value = query_param(request.query, name); value && value != "0" && value != "1")
      return wrong_parameter(
          name, cat({name, "=", value->substr(0, kShownParameter), " is neither 0 nor 1"}));
  }
  if (auto problem = empty_choice(request.query)) return *std::move(problem);
  asked.body = std::move(body);
  asked.if_match = request.headers.get("if-match");
  asked.only_new = trim(request.headers.get("if-none-match")) == "*";
  if (const std::string* key = request.headers.find("idempotency-key");
      key != nullptr && endpoint.keyed) {
    if (!is_idempotency_key(*key))
      return Problem{ProblemName::kBadRequest,
                     "an Idempotency-Key must have 8 to 128 printable characters"};
    asked.key = *key;
  }
  if (endpoint.body.empty() || endpoint.takes_picture() || endpoint.takes_csv()) return asked;
  auto json = Json::parse(asked.body.empty() ? "{}" : asked.body, Json::kDepth, Json::Names::kOnce);
  if (!json) return Problem{ProblemName::kBadRequest, json.error().what};
  if (endpoint.body == "Empty") {
    std::vector<JsonFault> faults;
    ObjectReader(*json, Form::kNew, faults).finish();
    if (!faults.empty()) return invalid(std::move(faults));
  }
  asked.json = *std::move(json);
  return asked;
}

}  // namespace lb
