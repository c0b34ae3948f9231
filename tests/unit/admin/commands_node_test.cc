#include <string>

#include "admin/fake_station.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(CommandsNode) {
  FakeStation station;
  static bool says(const AdminAnswer& answer, const std::string& words) {
    return answer.body.find(words) != std::string::npos;
  }
};

TEST(CommandsNode, DrainWithoutAModeOnlyReports) {
  station.draining.listeners = 7;
  const AdminAnswer answer = ask(station, "/admin/drain");
  CHECK_EQUAL(200, answer.status);
  CHECK(says(answer, "not draining; 7 listeners are here"));
  CHECK(station.draining.mode.empty());
}
TEST(CommandsNode, DrainReportsItsTime) {
  station.draining = {"move", 3, 41};
  CHECK(says(ask(station, "/admin/drain"), "draining (move); 3 listeners are here, 41 s are left"));
}
TEST(CommandsNode, DrainPassesOnWhatItWasGiven) {
  const AdminAnswer answer = ask(station, "/admin/drain?mode=move&time=90&rate=5%25&exit=1");
  CHECK_EQUAL(200, answer.status);
  const DrainRequest& asked = station.drain_asked;
  CHECK(asked.mode == DrainMode::kMove);
  CHECK(asked.seconds.has_value() && *asked.seconds == 90);
  STRCMP_EQUAL("5%", asked.rate.c_str());
  CHECK(asked.then_exit);
  STRCMP_EQUAL("192.0.2.1", asked.asked_by.c_str());
}
TEST(CommandsNode, WhatIsNotSaidIsAsConfigured) {
  ask(station, "/admin/drain?mode=configured");
  CHECK(!station.drain_asked.mode.has_value());
  CHECK(!station.drain_asked.seconds.has_value());
  CHECK(station.drain_asked.rate.empty());
  CHECK(!station.drain_asked.then_exit);
}
TEST(CommandsNode, DrainKnowsItsModes) {
  ask(station, "/admin/drain?mode=soft");
  CHECK(station.drain_asked.mode == DrainMode::kSoft);
  ask(station, "/admin/drain?mode=hard");
  CHECK(station.drain_asked.mode == DrainMode::kHard);
  for (const char* wrong : {"mode=", "mode=Soft", "mode=off", "mode=soft&time=",
                            "mode=soft&time=-1", "mode=soft&time=9999999999", "mode=soft&time=1h"})
    CHECK_EQUAL_TEXT(400, ask(station, std::string("/admin/drain?") + wrong).status, wrong);
}
TEST(CommandsNode, DrainReportsWhyItIsRefused) {
  station.drain_fault = Error::invalid("rate= is nonsense");
  const AdminAnswer answer = ask(station, "/admin/drain?mode=move&rate=x");
  CHECK_EQUAL(400, answer.status);
  CHECK(says(answer, "rate= is nonsense"));
}
TEST(CommandsNode, UndrainEndsIt) {
  station.draining.mode = "soft";
  CHECK(says(ask(station, "/admin/undrain"), "<return>1</return>"));
  const AdminAnswer again = ask(station, "/admin/undrain");
  CHECK(says(again, "the node does not drain"));
  CHECK(says(again, "<return>0</return>"));
}
TEST(CommandsNode, OnlyTheAdministratorMay) {
  for (const AdminRole role : {AdminRole::kNone, AdminRole::kSource, AdminRole::kRelay}) {
    CHECK_EQUAL(401, ask(station, "/admin/drain?mode=hard", role).status);
    CHECK_EQUAL(401, ask(station, "/admin/undrain", role).status);
  }
}
