#include "cluster/balance/client_history.h"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;
using enum RedirectOutcome;

TEST_GROUP(ClientHistory) {
  ClientHistory history;
  SteadyTime now{1h};
  static constexpr ClientHistory::Way kTold{.confirms = true};
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
  CHECK(user_agent_family("VLC/3.0.18 LibVLC/3.0.18") == "VLC");
  CHECK(user_agent_family(" ESP32-audioI2S (x)") == "ESP32-audioI2S");
  CHECK(user_agent_family("").empty());
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
  const ClientHistory::Way peer{.confirms = true, .redirects = true};
  history.redirected(1, "VLC", 77, now, peer);
  now += 100ms;
  CHECK_FALSE(history.returns(1, "VLC", kUnknown, now).served_here);
  history.redirected(1, "VLC", 78, now, peer);
  CHECK_TRUE(history.returns(1, "VLC", kUnknown, now + 100ms).served_here);
  history.arrived(1);  // one that keeps the parameter
  CHECK_FALSE(history.returns(1, "VLC", kUnknown, now + 200ms).served_here);
}

// -- nodes that tell which clients arrive ---------------------------------------------------------

TEST(ClientHistory, SharesOutACrowdOfOneClientThatArrives) {
  for (int i = 0; i < 2000; ++i) {
    const auto verdict = history.returns(1, "VLC", kUnknown, now);
    CHECK_FALSE(verdict.served_here);
    CHECK(i < 3 || verdict.avoid == 0);
    history.redirected(1, "VLC", 77 + static_cast<NodeKey>(i % 2), now, kTold);
    now += 10ms;
    if (i % 25 == 24)
      for (int k = 0; k < 25; ++k) history.arrived(1);
  }
}

TEST(ClientHistory, CountsARedirectAsLostAfterASecond) {
  history.redirected(1, "VLC", 77, now, kTold);
  history.redirected(1, "VLC", 78, now, kTold);
  CHECK_FALSE(history.returns(1, "VLC", kUnknown, now + 700ms).served_here);
  CHECK_TRUE(history.returns(1, "VLC", kUnknown, now + 1s).served_here);
  history.arrived(1);
  CHECK_FALSE(history.returns(1, "VLC", kUnknown, now + 2s).served_here);
}

TEST(ClientHistory, ServesOneHereThatNeverArrives) {
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(history.returns(1, "VLC", kUnknown, now).served_here);
    history.redirected(1, "VLC", 77, now, kTold);
    now += 1s;
  }
  for (int i = 0; i < 10; ++i, now += 30s) {
    CHECK_TRUE(history.returns(1, "VLC", kUnknown, now).served_here);
    history.served(1, now);
  }
}

// An administrator asks by `curl -I`, and then by `curl -L`.
TEST(ClientHistory, TriesAnotherOneBehindAPlayerThatDoesNotFollow) {
  for (int i = 0; i < 2; ++i, now += 2s) {
    CHECK_FALSE(history.returns(1, "curl", kUnknown, now).served_here);
    history.redirected(1, "curl", 77, now, kTold);
  }
  CHECK_TRUE(history.returns(1, "curl", kUnknown, now).served_here);
  history.served(1, now);
  for (int i = 0; i < 20; ++i, now += 100ms) {
    CHECK_FALSE(history.returns(1, "curl", kUnknown, now).served_here);
    history.redirected(1, "curl", 77, now, kTold);
    if (i > 4) history.arrived(1);
  }
}

TEST(ClientHistory, ServesHereOneForTwoThatAreLostAmongMany) {
  int here = 0, lost = 0;
  for (int i = 0; i < 3000; ++i, now += 50ms) {
    if (history.returns(1, "VLC", kUnknown, now).served_here) {
      history.served(1, now);
      ++here;
      continue;
    }
    history.redirected(1, "VLC", 77, now, kTold);
    if (i % 5 == 0)
      ++lost;
    else
      history.arrived(1);
  }
  CHECK(here <= lost / 2);
  CHECK(here >= lost / 2 - 20);
}

TEST(ClientHistory, OwesNothingForConfirmationsThatALinkHasLost) {
  for (int i = 0; i < 300; ++i, now += 10ms) {
    history.redirected(1, "VLC", 77, now, kTold);
    if (i < 100) history.arrived(1);
  }
  now += 5s;
  int here = 0;
  for (int i = 0; i < 100; ++i) {
    if (!history.returns(1, "VLC", kUnknown, now).served_here) continue;
    history.served(1, now);
    ++here;
  }
  LONGS_EQUAL(4, here);
}

TEST(ClientHistory, AClientThatArrivesIsNoneOfItsFamily) {
  for (ClientKey client = 1; client <= 40; ++client) {
    history.redirected(client, "Deaf", 77, now);
    history.returns(client, "Deaf", kLost, now + 1s);
  }
  CHECK_FALSE(history.follows("Deaf", now));
  history.redirected(99, "Deaf", 77, now, kTold);
  CHECK_TRUE(history.returns(99, "Deaf", kUnknown, now).served_here);
  history.arrived(99);
  CHECK_FALSE(history.returns(99, "Deaf", kUnknown, now).served_here);
}

// -- nodes that tell nothing ----------------------------------------------------------------------

TEST(ClientHistory, ServesFewOfACrowdThatMayFollow) {
  int here = 0;
  for (int i = 0; i < 600; ++i, now += 100ms) {
    if (history.returns(1, "VLC", kUnknown, now).served_here) {
      history.served(1, now);
      ++here;
    } else {
      history.redirected(1, "VLC", 77, now);
    }
  }
  CHECK(here >= 1);
  CHECK(here <= 25);
}

TEST(ClientHistory, ServesALonelyOneAgainAfterAWhile) {
  for (int i = 0; i < 2; ++i, now += 1s) {
    CHECK_FALSE(history.returns(1, "VLC", kUnknown, now).served_here);
    history.redirected(1, "VLC", 77, now);
  }
  for (int i = 0; i < 3; ++i, now += 60s) {
    CHECK_TRUE(history.returns(1, "VLC", kUnknown, now).served_here);
    history.served(1, now);
  }
}

TEST(ClientHistory, TellsBeforehandWhatItWillSay) {
  std::uint32_t noise = 1;
  for (int i = 0; i < 3000; ++i) {
    noise = noise * 1664525 + 1013904223;
    const ClientKey client = 1 + (noise >> 28) % 3;
    const auto outcome = (noise >> 20) % 5 == 0 ? kLost : kUnknown;
    const auto told = history.judge(client, "VLC", outcome, now);
    const auto said = history.returns(client, "VLC", outcome, now);
    CHECK(told.avoid == said.avoid);
    CHECK(told.hint == said.hint);
    CHECK(told.served_here == said.served_here);
    if (said.served_here)
      history.served(client, now);
    else
      history.redirected(client, "VLC", 77 + noise % 3, now, {.confirms = (noise >> 15) % 2 == 0});
    if ((noise >> 10) % 3 == 0) history.arrived(client);
    now += std::chrono::milliseconds((noise >> 5) % (i % 100 == 0 ? 40'000 : 800));
  }
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
