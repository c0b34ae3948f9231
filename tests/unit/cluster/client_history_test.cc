#include "cluster/balance/client_history.h"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;
using enum RedirectOutcome;

TEST_GROUP(ClientHistory) {
  ClientHistory history;
  SteadyTime now{1h};
};

TEST(ClientHistory, TellsClientsApart) {
  CHECK(client_key("192.0.2.1", "VLC", "/a") == client_key("192.0.2.1", "VLC", "/a"));
  CHECK(client_key("192.0.2.1", "VLC", "/a") != client_key("192.0.2.2", "VLC", "/a"));
  CHECK(client_key("192.0.2.1", "VLC", "/a") != client_key("192.0.2.1", "VLC", "/b"));
  CHECK(client_key("ab", "c", "/") != client_key("a", "bc", "/"));
  CHECK(client_key("a", "b", "/") != client_key("b", "a", "/"));
  CHECK(client_key("", "", "") != 0);
}

TEST(ClientHistory, KnowsTheFamilyOfAPlayer) {
  STRCMP_EQUAL("VLC", user_agent_family("VLC/3.0.18 LibVLC/3.0.18").c_str());
  STRCMP_EQUAL("ESP32-audioI2S", user_agent_family(" ESP32-audioI2S (x)").c_str());
  STRCMP_EQUAL("", user_agent_family("").c_str());
  CHECK_EQUAL(32u, user_agent_family(std::string(500, 'x')).size());
}

TEST(ClientHistory, RemembersNothingOfStrangers) {
  const auto verdict = history.returns(1, "VLC", kUnknown, now);
  CHECK(verdict.avoid == 0);
  CHECK_FALSE(verdict.hint);
  CHECK_FALSE(verdict.served_here);
  CHECK(history.last(1, now).node == 0);
}

TEST(ClientHistory, SendsNobodyBackWithinFifteenSeconds) {
  history.redirected(1, "VLC", 77, now);
  CHECK(history.last(1, now + 15s).node == 77);
  CHECK(history.last(1, now + 15s).when == now);
  CHECK(history.last(1, now + 15s + 1ms).node == 0);
  CHECK(history.returns(1, "VLC", kUnknown, now + 15s).avoid == 77);
  CHECK(history.returns(1, "VLC", kUnknown, now + 16s).avoid == 0);
}

TEST(ClientHistory, HintsAgainstANodeThatHasNotConfirmed) {
  history.redirected(1, "VLC", 77, now);
  CHECK_TRUE(history.returns(1, "VLC", kUnknown, now + 10s).hint);
  CHECK_TRUE(history.returns(1, "VLC", kLost, now + 10s).hint);
  const auto arrived = history.returns(1, "VLC", kArrived, now + 10s);
  CHECK_FALSE(arrived.hint);
  CHECK(arrived.avoid == 77);
  CHECK_FALSE(history.returns(1, "VLC", kUnknown, now + 16s).hint);
}

TEST(ClientHistory, ServesHereAfterTwoStrikes) {
  history.redirected(1, "VLC", 77, now);
  now += 4s;
  CHECK_FALSE(history.returns(1, "VLC", kUnknown, now).served_here);
  history.redirected(1, "VLC", 78, now);
  now += 5s;
  CHECK_TRUE(history.returns(1, "VLC", kUnknown, now).served_here);
}

TEST(ClientHistory, StrikesOnlyWhoIsBackWithinFiveSeconds) {
  for (int i = 0; i < 5; ++i) {
    history.redirected(1, "VLC", 77, now);
    now += 12s;
    CHECK_FALSE(history.returns(1, "VLC", kUnknown, now).served_here);
  }
}

TEST(ClientHistory, ForgivesWhoHasArrived) {
  history.redirected(1, "VLC", 77, now);
  now += 1s;
  history.returns(1, "VLC", kUnknown, now);
  history.redirected(1, "VLC", 78, now);
  now += 1s;
  CHECK_FALSE(history.returns(1, "VLC", kArrived, now).served_here);
  history.redirected(1, "VLC", 77, now);
  now += 1s;
  CHECK_FALSE(history.returns(1, "VLC", kUnknown, now).served_here);
}

TEST(ClientHistory, ForgetsStrikesAfterTenMinutes) {
  for (int i = 0; i < 2; ++i) {
    history.redirected(1, "VLC", 77, now);
    history.returns(1, "VLC", kUnknown, now + 1s);
  }
  CHECK_TRUE(history.returns(1, "VLC", kUnknown, now + 60s).served_here);
  CHECK_FALSE(history.returns(1, "VLC", kUnknown, now + 601s).served_here);
}

TEST(ClientHistory, BreaksALoopAtTheThirdRedirectWithinTenSeconds) {
  history.redirected(1, "VLC", 77, now);
  now += 6s;
  CHECK_FALSE(history.returns(1, "VLC", kUnknown, now).served_here);
  history.redirected(1, "VLC", 78, now);
  CHECK_TRUE(history.returns(1, "VLC", kUnknown, now + 4s).served_here);
}

TEST(ClientHistory, LearnsWhichPlayersDoNotFollow) {
  for (ClientKey client = 1; client <= 19; ++client) {
    CHECK_TRUE(history.follows("Deaf", now));
    history.redirected(client, "Deaf", 77, now);
    if (client % 3 == 0) history.returns(client, "Deaf", kLost, now + 1s);
  }
  CHECK_TRUE(history.follows("Deaf", now));
  history.redirected(20, "Deaf", 77, now);
  CHECK_FALSE(history.follows("Deaf", now));
  CHECK_TRUE(history.returns(99, "Deaf", kUnknown, now).served_here);
  CHECK_TRUE(history.follows("VLC", now));
  CHECK_TRUE(history.follows("", now));
  CHECK_FALSE(history.follows("Deaf", now + 23h));
  CHECK_TRUE(history.follows("Deaf", now + 24h));
}

TEST(ClientHistory, DoesNotBlamePlayersForADeadNode) {
  for (ClientKey client = 1; client <= 200; ++client) {
    history.redirected(client, "VLC", 77, now);
    history.returns(client, "VLC", kUnknown, now + 1s);
  }
  CHECK_TRUE(history.follows("VLC", now));
}

TEST(ClientHistory, DoesNotBlameAFamilyForAFifthOfIt) {
  for (ClientKey client = 1; client <= 5000; ++client) {
    history.redirected(client, "Mixed", 77, now);
    history.returns(client, "Mixed", client % 5 == 0 ? kLost : kArrived, now + 1s);
  }
  CHECK_TRUE(history.follows("Mixed", now));
}

TEST(ClientHistory, IsBounded) {
  ClientHistory::Limits limits;
  limits.clients = 100;
  limits.families = 10;
  ClientHistory small(limits);
  small.redirected(1, "first", 77, now);
  for (ClientKey client = 2; client <= 1000; ++client) {
    small.returns(1, "first", kUnknown, now);  // used, so it stays
    small.redirected(client, "family" + std::to_string(client), 77, now);
  }
  CHECK(small.clients() <= 100);
  CHECK(small.families() <= 10);
  CHECK(small.last(1, now).node == 77);
  CHECK(small.last(2, now).node == 0);
  CHECK(small.last(1000, now).node == 77);
}

TEST(ClientHistory, RemembersNobodyWithoutAKey) {
  history.redirected(0, "VLC", 77, now);
  CHECK_EQUAL(0u, history.clients());
  history.redirected(1, "", 77, now);
  CHECK_EQUAL(0u, history.families());
}
