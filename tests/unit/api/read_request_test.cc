#include "api/read_request.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

Request request_of(std::string target, std::vector<std::pair<std::string, std::string>> headers) {
  Request request;
  const std::size_t query = target.find('?');
  request.query = query == std::string::npos ? "" : target.substr(query + 1);
  request.target = std::move(target);
  for (auto& [name, value] : headers) request.headers.add(std::move(name), std::move(value));
  return request;
}

const Endpoint& endpoint_of(Method method, std::string_view path) {
  return *find_endpoint(method, path).endpoint;
}

const Problem* problem_of(const auto& outcome) { return std::get_if<Problem>(&outcome); }

}  // namespace

TEST_GROUP(ReadRequest) {
  const Endpoint& create = endpoint_of(Method::kPost, "/api/v1/mounts");
  const Endpoint& art = endpoint_of(Method::kPut, "/api/v1/mounts/a/art");
};

TEST(ReadRequest, ABodyIsJsonOfAKnownLength) {
  const auto of = [&](std::vector<std::pair<std::string, std::string>> headers) {
    return body_bytes(request_of("/api/v1/mounts", std::move(headers)), create);
  };
  UNSIGNED_LONGS_EQUAL(0, std::get<std::uint64_t>(of({})));
  UNSIGNED_LONGS_EQUAL(2, std::get<std::uint64_t>(of({{"content-length", "2"}})));
  UNSIGNED_LONGS_EQUAL(2, std::get<std::uint64_t>(of({{"content-length", "2"},
                                                      {"content-type", "Application/JSON; a=b"}})));
  CHECK(problem_of(of({{"transfer-encoding", "chunked"}}))->name == ProblemName::kLengthRequired);
  CHECK(problem_of(of({{"content-length", "x"}}))->name == ProblemName::kTooLarge);
  CHECK(problem_of(of({{"content-length", std::to_string(kMaxApiBodyBytes + 1)}}))->name ==
        ProblemName::kTooLarge);
  CHECK(problem_of(of({{"content-length", "2"}, {"content-type", "text/plain"}}))->name ==
        ProblemName::kMediaType);
}

TEST(ReadRequest, APictureIsLargerAndOfAnyType) {
  const auto bytes =
      body_bytes(request_of("/", {{"content-length", std::to_string(kMaxApiBodyBytes + 1)},
                                  {"content-type", "image/png"}}),
                 art);
  UNSIGNED_LONGS_EQUAL(kMaxApiBodyBytes + 1, std::get<std::uint64_t>(bytes));
}

TEST(ReadRequest, WhatCannotBeReadNamesItsParameter) {
  const auto asked = read_request(request_of("/api/v1/mounts?dry-run=%zz", {}),
                                  find_endpoint(Method::kPost, "/api/v1/mounts"), "{}");
  CHECK(problem_of(asked)->name == ProblemName::kBadRequest);
  STRCMP_EQUAL("dry-run", problem_of(asked)->members.at(0).second.c_str());
}

TEST(ReadRequest, ASwitchIsOneOrNothing) {
  const auto of = [](const std::string& query) {
    return read_request(request_of("/api/v1/mounts?" + query, {}),
                        find_endpoint(Method::kPost, "/api/v1/mounts"), "{}");
  };
  CHECK_TRUE(std::get<ApiRequest>(of("dry-run=1")).dry_run());
  CHECK_FALSE(std::get<ApiRequest>(of("dry-run=0")).dry_run());
  CHECK_FALSE(std::get<ApiRequest>(of("")).dry_run());
  for (const std::string_view name : kSwitchNames)
    for (const char* value : {"2", "true", "yes", "", "01", "1%20"}) {
      const auto asked = of(std::string(name) + "=" + value);
      CHECK(problem_of(asked) != nullptr);
      CHECK(problem_of(asked)->name == ProblemName::kBadRequest);
      CHECK(problem_of(asked)->members.at(0).second == name);
    }
}

TEST(ReadRequest, AnEmptyChoiceIsNotAll) {
  const auto of = [](const std::string& query) {
    return read_request(request_of("/api/v1/audience/summary?" + query, {}),
                        find_endpoint(Method::kGet, "/api/v1/audience/summary"), "");
  };
  for (const std::string_view name : kChoiceNames) {
    const auto asked = of("from=0&" + std::string(name) + "=&to=9");
    CHECK(problem_of(asked) != nullptr);
    CHECK(problem_of(asked)->members.at(0).second == name);
    CHECK(problem_of(of(std::string(name) + "=x")) == nullptr);
  }
}

TEST(ReadRequest, AKeyIsOfEndpointsThatTakeOne) {
  const Request request =
      request_of("/api/v1/mounts", {{"idempotency-key", "short"}, {"if-match", "\"3\""}});
  CHECK(problem_of(read_request(request, find_endpoint(Method::kPost, "/api/v1/mounts"), "{}")));
  const auto listed = read_request(request, find_endpoint(Method::kGet, "/api/v1/mounts"), "");
  CHECK_FALSE(std::get<ApiRequest>(listed).key.has_value());
  STRCMP_EQUAL("\"3\"", std::get<ApiRequest>(listed).if_match.c_str());
}

TEST(ReadRequest, AMemberThatComesTwiceIsNoJson) {
  const auto asked =
      read_request(request_of("/api/v1/mounts", {}), find_endpoint(Method::kPost, "/api/v1/mounts"),
                   R"({"a":1,"a":2})");
  CHECK(problem_of(asked)->name == ProblemName::kBadRequest);
}
