// What was, for whom.
#include "admin/metrics/history.h"
#include "api/api_bench.h"
#include "base/cat.h"
#include "config/mounts/mount_record.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(HistoryPlans) {
  ApiBench api;
  History history;
  std::int64_t now = 0;

  void setup() override {
    now = unix_seconds(api.now);
    if (now < 100'000) api.now += std::chrono::seconds(1'800'000'000);
    now = unix_seconds(api.now);
    HistorySample sample;
    sample.all = {30, 300};
    sample.mounts["/acme-1"] = {10, 100};
    sample.mounts["/file.mp3"] = {20, 200};
    sample.nodes["m1"] = {30, 300};
    for (std::int64_t at = now - 60; at < now; at += 10) history.take(at, sample);
    api.world.history = &history;
  }
  int ask(const ApiCaller& who, const char* target) { return api.ask(who, Method::kGet, target); }
  double last() {
    const Json row = api.json().at("rows").at(0).at("mean");
    return row.at(row.size() - 2).number().value_or(-1);
  }
};

TEST(HistoryPlans, WithoutAQuestionItIsTheLastHour) {
  LONGS_EQUAL(200, ask(api.admin, "/history"));
  STRCMP_EQUAL("listeners", api.text("of").c_str());
  DOUBLES_EQUAL(30, last(), 0);
  CHECK(api.json().at("rows").at(0).at("mean").at(0).is_null());
  LONGS_EQUAL(200, ask(api.admin, "/history?of=kbps&by=node&points=600"));
  DOUBLES_EQUAL(300, last(), 0);
  LONGS_EQUAL(200, ask(api.admin, "/history?by=node&node=m1"));
  DOUBLES_EQUAL(30, last(), 0);
  LONGS_EQUAL(200, ask(api.admin, "/history?by=node&node=m2"));
  LONGS_EQUAL(0, api.json().at("rows").size());
}
TEST(HistoryPlans, ALoginSeesItsMounts) {
  LONGS_EQUAL(200, ask(api.operator_, "/history"));
  DOUBLES_EQUAL(10, last(), 0);
  LONGS_EQUAL(200, ask(api.operator_, "/history?by=mount"));
  LONGS_EQUAL(1, api.json().at("rows").size());
  LONGS_EQUAL(403, ask(api.operator_, "/history?by=node"));
  LONGS_EQUAL(404, ask(api.operator_, "/history?mount=/file.mp3"));
  LONGS_EQUAL(404, ask(api.operator_, "/mounts/file.mp3/history"));
  LONGS_EQUAL(200, ask(api.operator_, "/mounts/acme-1/history"));
  DOUBLES_EQUAL(10, last(), 0);
}
TEST(HistoryPlans, WhatWasHeardOfANameBeforeItsRecordIsNotShown) {
  MountRecord record;
  record.mount = "/acme-1";
  record.account = "acme";
  record.made = now - 30;
  RegistryWrite write;
  write.put("accounts/acme", R"({"name":"Acme"})", 0);
  write.put("mounts/%2Facme-1", mount_record_xml(record), 0);
  CHECK(api.commit(write));
  for (const ApiCaller* who : {&api.owner, &api.operator_})
    for (const char* target : {"/mounts/acme-1/history", "/history?mount=/acme-1"}) {
      LONGS_EQUAL(200, ask(*who, target));
      DOUBLES_EQUAL(10, last(), 0);
      CHECK(api.json().at("t").at(0).number().value_or(0) > static_cast<double>(now - 60));
    }
  LONGS_EQUAL(200, ask(api.owner, "/history?by=mount"));
  LONGS_EQUAL(0, api.json().at("rows").size());
  LONGS_EQUAL(200, ask(api.admin, "/mounts/acme-1/history"));
  CHECK(api.json().at("t").at(0).number().value_or(0) < static_cast<double>(now - 3000));
}
TEST(HistoryPlans, WhatIsWrongIsNamed) {
  const auto fault = [this](const char* target) {
    LONGS_EQUAL(400, ask(api.admin, target));
    return api.wrong_parameter();
  };
  STRCMP_EQUAL("of", fault("/history?of=bytes").c_str());
  STRCMP_EQUAL("by", fault("/history?by=city").c_str());
  STRCMP_EQUAL("points", fault("/history?points=601").c_str());
  STRCMP_EQUAL("points", fault("/history?points=0").c_str());
  STRCMP_EQUAL("points", fault("/history?points=-1").c_str());
  STRCMP_EQUAL("from", fault("/history?from=yesterday").c_str());
  STRCMP_EQUAL("from", fault("/history?from=99999999999999999999").c_str());
  STRCMP_EQUAL("from", fault(cat({"/history?from=", now - 5, "&to=", now - 10}).c_str()).c_str());
  STRCMP_EQUAL("to", fault("/history?from=1&to=100").c_str());
  STRCMP_EQUAL("node", fault("/history?node=m1").c_str());
  STRCMP_EQUAL("mount", fault("/history?by=node&mount=/file.mp3").c_str());
  LONGS_EQUAL(404, ask(api.admin, "/mounts/nothing/history"));
  LONGS_EQUAL(404, ask(api.admin, "/history?mount=/nothing"));
  STRCMP_EQUAL("mount", api.problem.members.at(0).second.c_str());
}
TEST(HistoryPlans, WithoutAHistoryItIsNotThere) {
  api.world.history = nullptr;
  LONGS_EQUAL(404, ask(api.admin, "/history"));
}
