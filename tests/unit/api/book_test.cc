#include "api/request/made_answer.h"
#include "api/request/record_book.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(RecordBook) { std::vector<std::string> complaints; };

TEST(RecordBook, ARecordThatCannotBeReadKeepsItsLastGoodForm) {
  RegistryContent content;
  content.revision = 7;
  content.records = {{"accounts/acme", R"({"name":"Acme"})", 3},
                     {"accounts/bad", "no JSON", 4},
                     {"format", "1", 1}};
  auto book = RecordBook::make(content, complaints);
  LONGS_EQUAL(1, complaints.size());
  LONGS_EQUAL(1, book->accounts().size());
  LONGS_EQUAL(4, book->revision_of("accounts/bad"));
  RegistryChange change;
  change.set = {{"accounts/acme", "{\"name\":7}", 8}};
  change.revision = 8;
  const auto next = book->after(change, complaints);
  LONGS_EQUAL(2, complaints.size());
  STRCMP_EQUAL("Acme", next->account("acme")->value.name.c_str());
  LONGS_EQUAL(8, next->account("acme")->revision);
  LONGS_EQUAL(3, book->account("acme")->revision);
}

TEST_GROUP(MadeAnswer) {
  ApiRequest request;
  ApiCaller caller;
  ApiAnswer answer;
  RandomBytes random = [](std::size_t n) { return std::string(n, 'x'); };
  void setup() override {
    request.method = Method::kPost;
    request.path = "/api/v1/mounts";
    request.body = "{}";
    request.key = "0123456789";
    caller.name = "anna";
    answer = {201, "{\"password\":\"tell-nobody\"}\n", 0, "/api/v1/mounts/%2Fa"};
  }
};

TEST(MadeAnswer, OnlyTheKeyOpensIt) {
  const std::string kept = seal_answer(request, caller, answer, random);
  CHECK(kept.find("tell-nobody") == std::string::npos);
  const auto opened = open_answer(request, caller, kept);
  STRCMP_EQUAL(answer.body.c_str(), std::get<ApiAnswer>(opened).body.c_str());
  STRCMP_EQUAL(answer.location.c_str(), std::get<ApiAnswer>(opened).location.c_str());
  LONGS_EQUAL(201, std::get<ApiAnswer>(opened).status);
  ApiCaller other = caller;
  other.name = "eve";
  CHECK(std::holds_alternative<Problem>(open_answer(request, other, kept)));
  CHECK(made_key(request, other) != made_key(request, caller));
  ApiCaller later = caller;
  later.account = "acme";
  CHECK(std::holds_alternative<Problem>(open_answer(request, later, kept)));
  CHECK(made_key(request, later) != made_key(request, caller));
  CHECK(is_registry_key(made_key(request, caller)));
  request.body = "{\"mount\":\"/b\"}";
  const auto reused = open_answer(request, caller, kept);
  CHECK(std::get<Problem>(reused).name == ProblemName::kKeyReused);
}
TEST(MadeAnswer, WhatIsAKey) {
  CHECK(is_idempotency_key("12345678"));
  CHECK(!is_idempotency_key("1234567"));
  CHECK(!is_idempotency_key("1234 5678"));
  CHECK(!is_idempotency_key(std::string(129, 'a')));
}
TEST(MadeAnswer, TheRevisionIsStampedAfterTheWrite) {
  stamp(answer, 412);
  STRCMP_EQUAL("{\"password\":\"tell-nobody\",\"revision\":\"412\"}\n", answer.body.c_str());
  stamp(answer, 500);
  LONGS_EQUAL(412, answer.revision);
}
