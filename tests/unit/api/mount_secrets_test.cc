// Passwords of mounts that have to be sent elsewhere.
#include "api/api_bench.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string body(const std::string& password, const std::string& more = {}) {
  return R"({"mount":"/rock","settings":{"authentication":{"type":"url","option":[
      {"name":"listener_add","value":"http://backend/add"},{"name":"username","value":"lb"},
      {"name":"password","value":)" +
         password + "}" + more + "]}}}";
}

}  // namespace

TEST_GROUP(MountSecrets) {
  ApiBench bench;

  std::string stored() {
    const auto* row = bench.book->mount("/rock");
    return row == nullptr ? "" : mount_record_xml(row->value);
  }
};

TEST(MountSecrets, WithoutAKeyOfTheStoreTheyAreRefusedWithAPointer) {
  LONGS_EQUAL(422, bench.ask(bench.admin, Method::kPost, "/mounts", body("\"hunter2\"")));
  STRCMP_EQUAL("/settings/authentication/option/2/value", bench.first_fault().c_str());
  STRCMP_CONTAINS("<store>", bench.problem.errors.front().detail.c_str());
  CHECK(bench.problem.errors.front().detail.find("hunter2") == std::string::npos);
}
TEST(MountSecrets, AreShownAsTrueAndTrueKeepsThem) {
  bench.world.seals = true;
  LONGS_EQUAL(201, bench.ask(bench.admin, Method::kPost, "/mounts", body("\"hunter2\"")));
  CHECK(bench.answer.body.find("hunter2") == std::string::npos);
  STRCMP_CONTAINS("\"value\":true", bench.answer.body.c_str());
  LONGS_EQUAL(200, bench.ask(bench.admin, Method::kPatch, "/mounts/rock",
                             body("true", R"(,{"name":"timeout","value":"5"})")));
  STRCMP_CONTAINS("hunter2", stored().c_str());
  STRCMP_CONTAINS("timeout", stored().c_str());
  LONGS_EQUAL(200, bench.ask(bench.admin, Method::kPut, "/mounts/rock", body("true")));
  STRCMP_CONTAINS("hunter2", stored().c_str());
  LONGS_EQUAL(200, bench.ask(bench.admin, Method::kPatch, "/mounts/rock", body("\"other\"")));
  CHECK(stored().find("hunter2") == std::string::npos);
  for (const ApiDeed::Change& change : bench.last.deed->changes)
    CHECK(change.after.find("other") == std::string::npos);
}
TEST(MountSecrets, OneThatStaysIsNotJudgedAgain) {
  bench.world.seals = true;
  LONGS_EQUAL(201, bench.ask(bench.admin, Method::kPost, "/mounts", body("\"hunter2\"")));
  bench.world.seals = false;
  LONGS_EQUAL(200, bench.ask(bench.admin, Method::kPatch, "/mounts/rock",
                             R"({"settings":{"genre":"rock"}})"));
  LONGS_EQUAL(422, bench.ask(bench.admin, Method::kPatch, "/mounts/rock", body("\"new\"")));
}
TEST(MountSecrets, WhatCannotBeSealedIsRefused) {
  bench.world.seals = true;
  LONGS_EQUAL(422, bench.ask(bench.admin, Method::kPost, "/mounts",
                             body("\"" + std::string(3001, 'x') + "\"")));
  LONGS_EQUAL(422, bench.ask(bench.admin, Method::kPost, "/mounts", body("\"sealed:v1:AAAA\"")));
  LONGS_EQUAL(422, bench.ask(bench.admin, Method::kPost, "/mounts", body("true")));
}
