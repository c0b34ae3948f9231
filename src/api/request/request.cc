#include "api/request/request.h"

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb {

std::optional<Problem> empty_choice(std::string_view query) {
  for (const std::string_view name : kChoiceNames)
    if (query_param(query, name) == "") return wrong_parameter(name, cat({name, "= is empty"}));
  return std::nullopt;
}

std::string mount_name_of(std::string given) {
  if (!given.starts_with('/')) given.insert(0, 1, '/');
  return given;
}

std::string record_key(std::string_view family, std::string_view name) {
  return cat({family, "/", percent_encode(name, false)});
}

void stamp(ApiAnswer& answer, std::uint64_t revision) {
  if (answer.revision != 0) return;
  answer.revision = revision;
  constexpr std::string_view kEnd = "}\n";
  if (!answer.body.ends_with(kEnd)) return;
  answer.body.resize(answer.body.size() - kEnd.size());
  answer.body.append(",\"revision\":\"").append(std::to_string(revision)).append("\"}\n");
}

std::optional<Problem> judge_if_match(const ApiRequest& request, std::uint64_t revision) {
  if (request.if_match.empty() || request.if_match == "*") return std::nullopt;
  for (std::string_view tag : split(request.if_match, ',')) {
    tag = trim(tag);
    if (tag == cat({"\"", revision, "\""})) return std::nullopt;
  }
  return Problem{ProblemName::kChanged, cat({"the record has revision ", revision,
                                             ", If-Match names ", request.if_match})};
}

}  // namespace lb
