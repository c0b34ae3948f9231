#include "api/endpoints.h"

#include <set>

#include "api/openapi.h"
#include "api/request/problem.h"
#include "base/cat.h"
#include "base/strings.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Endpoints){};

TEST(Endpoints, NamesArePartsOfThePathAsAWhole) {
  auto found = find_endpoint(Method::kGet, "/api/v1/mounts/%2Flive%2Fa.mp3");
  STRCMP_EQUAL("readMount", std::string(found.endpoint->name).c_str());
  STRCMP_EQUAL("/live/a.mp3", found.names.at(0).c_str());
  found = find_endpoint(Method::kPost, "/api/v1/mounts/live.mp3/suspend");
  STRCMP_EQUAL("suspendMount", std::string(found.endpoint->name).c_str());
  found = find_endpoint(Method::kPatch, "/api/v1/mounts");
  POINTERS_EQUAL(nullptr, found.endpoint);
  STRCMP_EQUAL("GET, POST", found.allow.c_str());
  found = find_endpoint(Method::kGet, "/api/v1/mounts/a/b/c");
  STRCMP_EQUAL("", found.allow.c_str());
  found = find_endpoint(Method::kGet, "/api/v1/mounts/%zz");
  STRCMP_EQUAL("", found.allow.c_str());
  CHECK(find_endpoint(Method::kHead, "/api/v1/mounts").endpoint != nullptr);
}
TEST(Endpoints, EachHasItsPlanOrIsAnsweredByAStage) {
  const std::set<std::string_view> by_stages{"openapi",  "logIn",        "readSession",    "logOut",
                                             "handOver", "readExternal", "confirmExternal"};
  std::set<std::string_view> names, rows;
  for (const Endpoint& endpoint : endpoints()) {
    CHECK(names.insert(endpoint.name).second);
    CHECK_EQUAL(endpoint.plan == nullptr, by_stages.contains(endpoint.name));
    CHECK_EQUAL(endpoint.status == 204, endpoint.answer.empty());
    CHECK(!endpoint.summary.empty());
    CHECK_EQUAL(endpoint.least == Role::kNone,
                endpoint.name == "openapi" || endpoint.name == "logIn");
  }
}
TEST(Endpoints, TheDescriptionIsWholeJson) {
  const auto parsed = Json::parse(openapi_json(), 64);
  CHECK_TEXT(parsed.has_value(), openapi_json().substr(0, 400).c_str());
  const Json schemas = parsed->at("components").at("schemas");
  for (const Endpoint& endpoint : endpoints()) {
    if (!endpoint.body.empty()) CHECK(!schemas.at(endpoint.body).missing());
    if (!endpoint.answer.empty()) CHECK(!schemas.at(endpoint.answer).missing());
    CHECK(!parsed->at("paths").at(endpoint.path).missing());
  }
  const std::string text = openapi_json();
  for (std::size_t at = text.find("\"$ref\":\""); at != std::string::npos;
       at = text.find("\"$ref\":\"", at + 1))
    CHECK(text.compare(at + 8, 13, "#/components/") == 0);
}
// "with ?ban=1 (?until=)", "?of=&from=": each such word is a parameter of its operation.
TEST(Endpoints, TheParametersOfASummaryAreDescribed) {
  const auto parsed = Json::parse(openapi_json(), 64);
  for (const Endpoint& endpoint : endpoints()) {
    const Json operation =
        parsed->at("paths").at(endpoint.path).at(to_lower(method_word(endpoint.method)));
    std::set<std::string> described;
    const Json parameters = operation.at("parameters");
    for (std::size_t i = 0; i < parameters.size(); ++i)
      if (parameters.at(i).at("in").text() == "query")
        CHECK(described.emplace(*parameters.at(i).at("name").text()).second);
    const std::string_view text = endpoint.summary;
    for (std::size_t at = 0; (at = text.find_first_of("?&", at)) != text.npos; ++at) {
      const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at + 1);
      if (end == text.npos || text[end] != '=') continue;
      const std::string name(text.substr(at + 1, end - at - 1));
      CHECK_TEXT(described.contains(name), cat({endpoint.name, ": ", name}).c_str());
    }
  }
  const Json paths = parsed->at("paths");
  const auto types = [&paths](const char* path) {
    return paths.at(path).at("get").at("responses").at("200").at("content");
  };
  CHECK(!types("/audience/hours").at("text/csv").missing());
  CHECK(!types("/audience/hours").at("application/json").missing());
  CHECK(!types("/audience/reports/npr").at("text/tab-separated-values").missing());
  CHECK(types("/mounts").at("text/csv").missing());
  const Json schemas = parsed->at("components").at("schemas");
  CHECK(!schemas.at("Problem").at("properties").at("parameter").missing());
  for (const char* member : {"made", "suspended-by-admin"})
    CHECK(!schemas.at("Mount").at("properties").at(member).missing());
}
TEST(Endpoints, ProblemsHaveNames) {
  std::set<std::string_view> names;
  for (const ProblemKind& kind : problem_kinds()) CHECK(names.insert(kind.name).second);
  const std::string json =
      problem_json({ProblemName::kInvalid, "one member is wrong", {{"/mount", "it is reserved"}}},
                   "/api/v1/mounts");
  const auto parsed = Json::parse(json);
  STRCMP_EQUAL("/api/problems#invalid", std::string(*parsed->at("type").text()).c_str());
  LONGS_EQUAL(422, *parsed->at("status").u64());
}
