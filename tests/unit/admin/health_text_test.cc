#include "admin/metrics/health_text.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(HealthText) {
  NodeHealth health;
  void setup() override {
    health.listeners = 12;
    health.use = 0.3749;
    health.version = "0.1.0";
    health.most_listeners = 5000;
  }
};

TEST(HealthText, TheJsonIsShort) {
  STRCMP_EQUAL(
      "{\"state\":\"up\",\"listeners\":12,\"capacity_used\":0.375,\"version\":\"0.1.0\"}\n",
      health_json(health).c_str());
  CHECK(health.takes_listeners());
}
TEST(HealthText, TheJsonNamesTheWayItDrains) {
  health.condition = NodeCondition::kDraining;
  health.drain = "move";
  STRCMP_EQUAL(
      "{\"state\":\"draining\",\"drain\":\"move\",\"listeners\":12,\"capacity_used\":0.375,"
      "\"version\":\"0.1.0\"}\n",
      health_json(health).c_str());
  CHECK(!health.takes_listeners());
}
TEST(HealthText, TheJsonWarnsOfACertificateAndTheNodeStaysUp) {
  health.certificate = "expired";
  STRCMP_EQUAL(
      "{\"state\":\"up\",\"listeners\":12,\"capacity_used\":0.375,\"certificate\":\"expired\","
      "\"warnings\":[\"certificate\"],\"version\":\"0.1.0\"}\n",
      health_json(health).c_str());
  CHECK(health.takes_listeners());
}
TEST(HealthText, TheJsonWarnsOfDisksThatTakeNothing) {
  health.archive_paused = health.log_fails = true;
  STRCMP_EQUAL(
      "{\"state\":\"up\",\"listeners\":12,\"capacity_used\":0.375,"
      "\"warnings\":[\"archive\",\"log\"],\"version\":\"0.1.0\"}\n",
      health_json(health).c_str());
}
TEST(HealthText, HaproxyIsToldWhatIsFree) {
  STRCMP_EQUAL("up ready 63% maxconn:5000\n", agent_line(health).c_str());
  health.most_listeners = 0;
  STRCMP_EQUAL("up ready 63%\n", agent_line(health).c_str());
}
TEST(HealthText, AFullNodeIsNotToldToDrain) {
  health.most_listeners = 0;
  for (const double use : {0.995, 1.0, 1.7}) {
    health.use = use;
    health.condition = use >= 1 ? NodeCondition::kFull : NodeCondition::kUp;
    STRCMP_EQUAL("up ready 1%\n", agent_line(health).c_str());
  }
}
TEST(HealthText, HaproxyIsToldOfADrainAndOfAStart) {
  health.condition = NodeCondition::kDraining;
  STRCMP_EQUAL("drain\n", agent_line(health).c_str());
  health.condition = NodeCondition::kStarting;
  STRCMP_EQUAL("down\n", agent_line(health).c_str());
}
TEST(HealthText, ADatagramIsCutToTheSizeOfTheQuestion) {
  STRCMP_EQUAL("edge1 up 37%\n", datagram_answer(health, "edge1", 100).c_str());
  STRCMP_EQUAL("edge1 up", datagram_answer(health, "edge1", 8).c_str());
  STRCMP_EQUAL("", datagram_answer(health, "edge1", 0).c_str());
  health.condition = NodeCondition::kFull;
  health.use = 1;
  STRCMP_EQUAL("- full 100%\n", datagram_answer(health, "", 100).c_str());
}
