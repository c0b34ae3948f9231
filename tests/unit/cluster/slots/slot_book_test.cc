#include "cluster/slots/slot_book.h"

#include "cluster/slots/slot_net.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

// One client at each node asks again and again, a new one when the last was answered; whoever is
// let in leaves at once, and none waits for more than 300 ms (SlotService).  Until when some were
// refused.
SteadyTime::duration probe(SlotNet& net, std::chrono::milliseconds time) {
  const SteadyTime began = net.now;
  SteadyTime refused_at = began;
  std::vector<std::uint64_t> served, refused;
  std::vector<SteadyTime> came(net.members.size(), began);
  for (const SlotNet::Member& member : net.members) {
    served.push_back(member.served);
    refused.push_back(member.refused);
  }
  for (unsigned step = 0; net.now < began + time; ++step) {
    const unsigned asked = 1 + step % static_cast<unsigned>(net.members.size() - 1);
    if (net.members[asked].waiting == 0) {
      came[asked] = net.now;
      net.arrive(asked);
    }
    net.run_for(4ms);
    for (unsigned i = 1; i < net.members.size(); ++i) {
      for (; served[i] < net.members[i].served; ++served[i]) net.leave(i);
      if (net.members[i].waiting > 0 && net.now - came[i] > 300ms) {
        net.members[i].waiting = 0;
        ++net.members[i].refused;
        net.settle(i);
      }
      if (std::exchange(refused[i], net.members[i].refused) != net.members[i].refused)
        refused_at = net.now;
    }
  }
  return refused_at - began;
}

// Lowered below those that listen for a second, and raised again; until when some are refused.
std::chrono::milliseconds refused_after_a_raise(SlotNet::Count limit, unsigned delay) {
  constexpr unsigned kNodes = 8;
  SlotNet net(1 + kNodes, limit, 11);
  net.least_delay = delay;
  net.run_for(1100ms);
  const auto stay = static_cast<unsigned>(limit * 6 / 10);
  for (unsigned i = 0; i < stay; ++i) {
    net.come(1 + i % kNodes, 1, 5ms);
  }
  net.run_for(400ms);
  LONGS_EQUAL(stay, net.sum);
  net.set_limit(limit / 5);
  probe(net, 1s);
  LONGS_EQUAL(stay, net.sum);
  net.set_limit(limit);
  return std::chrono::duration_cast<std::chrono::milliseconds>(probe(net, 12s));
}

}  // namespace

TEST_GROUP(SlotBook){};

TEST(SlotBook, OneNodeAloneHasTheLimit) {
  SlotNet net(1, 3, 1);
  net.place(0, true);
  net.run_for(1100ms);
  net.come(0, 5);
  LONGS_EQUAL(3, net.inside(0));
  LONGS_EQUAL(2, net.members[0].refused);
}

TEST(SlotBook, ARootThatDoesNotKnowAllClaimsGivesNothingForASecond) {
  SlotNet net(2, 10, 1);
  net.come(1, 1, 900ms);
  LONGS_EQUAL(0, net.sum);
  net.run_for(200ms);
  net.come(1, 1, 10ms);
  CHECK(net.inside(1) > 0);
}

TEST(SlotBook, TheLimitIsReachedAndNotExceeded) {
  SlotNet net(4, 100, 2, 1100ms);
  for (int i = 0; i < 300; ++i) {
    net.come(1U + static_cast<unsigned>(i) % 3, 1, 7ms);
    CHECK(net.sum <= 100);
  }
  LONGS_EQUAL(100, net.sum);
  LONGS_EQUAL(100, net.peak);
}

TEST(SlotBook, FarAwayToo) {
  SlotNet net(4, 100, 2);
  net.least_delay = 40;
  net.run_for(1100ms);
  for (int i = 0; i < 300; ++i) {
    net.come(i % 10 == 0 ? 2 : i % 10 == 1 ? 3 : 1, 1, 1ms);
  }
  net.run_for(500ms);
  net.come(2, 20, 300ms);
  LONGS_EQUAL(100, net.sum);
  LONGS_EQUAL(100, net.peak);
}

TEST(SlotBook, WhatIsLeftAtOneNodeIsTakenAtAnother) {
  SlotNet net(4, 10, 3, 1100ms);
  for (int i = 0; i < 10; ++i) {
    net.come(1, 1, 10ms);
  }
  LONGS_EQUAL(10, net.inside(1));
  net.run_for(300ms);
  net.leave(1);
  net.come(2, 1, 10ms);
  LONGS_EQUAL(9, net.inside(1));
  LONGS_EQUAL(1, net.inside(2));
  // … also below another node.
  net.pull_from(3, 1);
  net.run_for(50ms);
  net.leave(1);
  net.come(3, 1, 20ms);
  LONGS_EQUAL(1, net.inside(3));
  net.leave(2);
  net.come(3, 1, 20ms);
  LONGS_EQUAL(2, net.inside(3));
  LONGS_EQUAL(10, net.sum);
}

// What a node owed while there were too many is not asked of the slots that it gets afterwards.
TEST(SlotBook, ARaisedLimitIsThereAtOnceForAllNodes) {
  CHECK(refused_after_a_raise(100, 1) <= 1s);
  CHECK(refused_after_a_raise(100, 40) <= 1s);
  CHECK(refused_after_a_raise(1000, 10) <= 1s);
}

// It had asked for some when the one above it lost its own link.
TEST(SlotBook, ANodeBehindOneThatWasResetGetsSlotsAgain) {
  SlotNet net(3, 10, 12);
  net.pull_from(2, 1);
  net.run_for(1100ms);
  net.come(2, 10, 300ms);
  net.come(2, 10, 300ms);
  LONGS_EQUAL(10, net.inside(2));
  net.come(2, 1, 2ms);
  net.cut(0, 1, false);
  net.run_for(50ms);
  net.link(0, 1);
  net.run_for(1500ms);
  for (int i = 0; i < 3; ++i) net.leave(2);
  net.run_for(300ms);
  net.come(2, 3, 300ms);
  LONGS_EQUAL(10, net.inside(2));
}

// Each node ends its part of those that are too many, and not one more.
TEST(SlotBook, TheExcessEndsWhereTheRootSaysSo) {
  for (const unsigned delay : {1U, 40U}) {
    SlotNet net(5, 40, 13);
    net.least_delay = delay;
    net.pull_from(4, 3);
    net.run_for(1100ms);
    net.come(0, 5);
    for (const auto& [node, listeners] : {std::pair(1U, 5U), {2U, 10U}, {3U, 10U}, {4U, 10U}}) {
      net.come(node, listeners, 300ms);
    }
    LONGS_EQUAL(40, net.sum);
    net.run_for(3s);
    net.set_limit(20);
    net.run_for(5s);
    LONGS_EQUAL(40, net.sum);  // they stay where nothing is said
    net.members[0].book->set_ends_excess(true);
    net.run_for(1s);
    LONGS_EQUAL(20, net.sum);
    CHECK(net.members[1].ended >= 2 && net.members[1].ended <= 3);
    CHECK(net.members[3].ended + net.members[4].ended >= 9);
    net.run_for(5s);
    LONGS_EQUAL(20, net.sum);
    net.set_limit(40);
    net.come(1, 20, 300ms);
    LONGS_EQUAL(40, net.sum);
  }
}

TEST(SlotBook, ALowerNumberEndsNoneWhileIdleSlotsDo) {
  SlotNet net(3, 100, 14);
  net.members[0].book->set_ends_excess(true);
  net.run_for(1100ms);
  net.come(1, 40, 300ms);
  for (int i = 0; i < 30; ++i) net.leave(1);
  net.set_limit(10);
  net.run_for(10s);
  LONGS_EQUAL(10, net.inside(1));
  LONGS_EQUAL(0, net.members[1].ended);
}

TEST(SlotBook, ALinkThatIsResetEndsNoListener) {
  SlotNet net(4, 30, 15);
  for (const auto& member : net.members) member.book->set_ends_excess(true);
  net.pull_from(3, 1);
  net.run_for(1100ms);
  for (unsigned i = 0; i < 30; ++i) {
    net.come(i % 4, 1, 10ms);
  }
  LONGS_EQUAL(30, net.sum);
  for (int turn = 0; turn < 10; ++turn) {
    net.cut(0, 1, false);
    net.run_for(100ms);
    net.link(0, 1);
    net.run_for(4s);
    net.pull_from(3, 2);
    net.run_for(4s);
    net.pull_from(3, 1);
    net.run_for(4s);
  }
  LONGS_EQUAL(30, net.sum);
}

// Silence for so long that others have its slots.
TEST(SlotBook, AfterAPartitionTheExcessEndsOnceLinksHaveSettled) {
  SlotNet net(3, 10, 16);
  net.members[0].book->set_ends_excess(true);
  net.run_for(1100ms);
  net.come(1, 5, 50ms);
  net.cut(0, 1, true);
  net.run_for(16s);
  net.come(2, 10, 300ms);
  LONGS_EQUAL(15, net.sum);
  net.link(0, 1);
  net.run_for(2900ms);
  LONGS_EQUAL(15, net.sum);
  net.run_for(2s);
  LONGS_EQUAL(10, net.sum);
  // Those that came while it was cut off were given their slots.
  LONGS_EQUAL(10, net.inside(2));
}

TEST(SlotBook, WhatIsIdleGoesBack) {
  SlotNet net(2, 100, 3, 1100ms);
  for (int i = 0; i < 40; ++i) {
    net.come(1, 1, 5ms);
  }
  for (int i = 0; i < 40; ++i) net.leave(1);
  CHECK(net.members[0].book->picture().given >= 40);
  net.run_for(10s);
  CHECK(net.members[0].book->picture().given <= 1);
}

TEST(SlotBook, AResetNodeThatIsBackClaimsWhatItUses) {
  SlotNet net(3, 10, 4, 1100ms);
  net.come(1, 6);
  net.come(2, 4, 50ms);
  LONGS_EQUAL(10, net.sum);
  net.cut(0, 1, false);
  net.leave(1);
  net.run_for(100ms);
  net.link(0, 1);
  net.run_for(300ms);
  // The one that had left meanwhile is free at once.
  net.come(2, 3, 50ms);
  LONGS_EQUAL(5, net.inside(1));
  LONGS_EQUAL(5, net.inside(2));
}

TEST(SlotBook, SlotsOfADeadNodeAreHeldForASecond) {
  SlotNet net(3, 10, 4, 1100ms);
  net.come(1, 6);
  net.come(2, 4, 50ms);
  net.kill(1);
  net.come(2, 3, 900ms);
  LONGS_EQUAL(4, net.inside(2));
  net.run_for(200ms);
  net.come(2, 7, 50ms);
  LONGS_EQUAL(10, net.inside(2));
}

TEST(SlotBook, ARestartedNodeHasNothing) {
  SlotNet net(3, 10, 4, 1100ms);
  net.come(1, 6);
  net.come(2, 4, 50ms);
  net.kill(1);
  net.start(1, 0);
  // There may be others behind it, that claim theirs.
  net.run_for(500ms);
  net.come(2, 1, 50ms);
  LONGS_EQUAL(4, net.inside(2));
  net.run_for(600ms);
  net.come(2, 6, 50ms);
  LONGS_EQUAL(10, net.inside(2));
}

TEST(SlotBook, ACutOffNodeLetsNoneInAfterTwelveSeconds) {
  SlotNet net(3, 10, 5, 1100ms);
  net.come(1, 2, 50ms);
  CHECK(net.members[1].gate->idle() >= 0);
  net.cut(0, 1, true);
  net.run_for(12100ms);
  net.come(1, 1, 50ms);
  LONGS_EQUAL(2, net.inside(1));
  LONGS_EQUAL(0, net.members[1].gate->idle());
  // Its slots are held for 15 s; then others have them, and who listens goes on.
  net.come(2, 10, 1s);
  CHECK(net.inside(2) <= 8);
  net.run_for(2s);
  net.come(2, 10, 50ms);
  LONGS_EQUAL(10, net.inside(2));
  LONGS_EQUAL(12, net.sum);
  // Once it is back none comes in until the excess has left.
  net.link(0, 1);
  net.run_for(300ms);
  net.leave(2);
  net.run_for(30ms);
  net.come(2, 1);
  net.come(1, 1, 300ms);
  LONGS_EQUAL(11, net.sum);
  net.leave(1);
  net.leave(1);
  net.come(2, 1, 300ms);
  LONGS_EQUAL(10, net.sum);
}

TEST(SlotBook, AStoppedProcessLetsNoneInWhenItWakes) {
  SlotNet net(2, 10, 5, 1100ms);
  net.come(1, 2, 50ms);
  net.members[1].gate->add(0);
  // No tick, no word of the link: only the clock has gone on.
  net.now += 13s;
  CHECK(!net.members[1].gate->try_enter(net.now));
}

TEST(SlotBook, ANodeThatPullsFromAnotherTakesItsSlotsAlong) {
  SlotNet net(4, 12, 6, 1100ms);
  net.pull_from(3, 1);
  net.run_for(20ms);
  net.come(3, 5);
  net.come(2, 5, 50ms);
  net.come(2, 5, 50ms);
  LONGS_EQUAL(12, net.sum);
  net.pull_from(3, 2);
  for (int i = 0; i < 50; ++i) {
    net.come(1, 1);
    net.come(2, 1, 10ms);
    LONGS_EQUAL(12, net.sum);
  }
  net.leave(3);
  net.run_for(300ms);
  net.come(1, 1, 50ms);
  LONGS_EQUAL(12, net.sum);
  LONGS_EQUAL(1, net.inside(1));
}

TEST(SlotBook, ANodeBecomesTheRoot) {
  SlotNet net(3, 10, 7, 1100ms);
  net.come(1, 5);
  net.come(2, 5, 50ms);
  // The encoder goes to node 1.
  net.pull_from(1, SlotNet::kNobody);
  net.pull_from(0, 1);
  net.pull_from(2, 1);
  net.run_for(50ms);
  net.come(0, 3);
  net.come(1, 3, 1500ms);
  LONGS_EQUAL(10, net.sum);
  net.leave(2);
  net.run_for(300ms);
  net.come(0, 1, 50ms);
  LONGS_EQUAL(10, net.sum);
  LONGS_EQUAL(1, net.inside(0));
}

// Players that the end of the stream has thrown out come back at once, everywhere.  The nodes
// behind the root before claim their slots at the next one, and it is told so before it pulls from
// there.
TEST(SlotBook, TheStreamGoesToAnotherNodeAndTheLimitAlong) {
  for (const unsigned delay : {1U, 40U}) {
    for (const auto& late : {100ms, 700ms}) {
      SlotNet net(4, 20, 19);
      net.least_delay = delay;
      net.pull_from(2, 1);
      net.pull_from(3, 1);
      net.run_for(1100ms);
      for (const auto& [node, listeners] : {std::pair(0U, 4U), {1U, 5U}, {2U, 5U}, {3U, 4U}}) {
        net.come(node, listeners, 300ms);
      }
      LONGS_EQUAL(18, net.sum);
      const SteadyTime began = net.now;
      const auto crowd_until = [&](std::chrono::milliseconds after) {
        while (net.now < began + after) {
          for (unsigned i = 0; i < 4; ++i)
            if (net.members[i].waiting == 0) net.arrive(i);
          net.run_for(5ms);
          CHECK(net.sum <= 20);
        }
      };
      net.has_no_stream(0);
      net.begins_at(2);
      crowd_until(50ms);
      net.pull_from(1, 2);
      crowd_until(late);
      net.pull_from(0, 1);
      crowd_until(9s);
      LONGS_EQUAL(20, net.sum);
    }
  }
}

// … or the stream is back at the root before.
TEST(SlotBook, ARootWhoseStreamIsBackGivesAgain) {
  for (const bool is_back : {false, true}) {
    SlotNet net(3, 10, 20, 1100ms);
    net.come(1, 5, 300ms);
    net.has_no_stream(0);
    net.pull_from(1, 2);
    net.begins_at(2);
    net.run_for(2s);
    net.come(0, 1, 300ms);
    LONGS_EQUAL(5, net.sum);
    net.members[0].waiting = 0;
    net.pull_from(1, 0);
    net.pull_from(2, 0);
    if (is_back) net.begins_at(0);
    net.run_for(is_back ? 1100ms : 15s);
    net.come(0, 8, 400ms);
    LONGS_EQUAL(10, net.sum);
  }
}

// It is the root for a moment, and the parent before never pulls from it.
TEST(SlotBook, ANodeWithoutAParentForAMomentLeavesNoneAtTheOneBefore) {
  SlotNet net(3, 10, 7, 1100ms);
  net.pull_from(2, 1);
  net.run_for(20ms);
  net.come(2, 5, 50ms);
  net.pull_from(2, SlotNet::kNobody);
  net.run_for(4ms);
  CHECK_FALSE(net.members[2].book->is_moving());
  net.pull_from(2, 0);
  net.run_for(1500ms);
  for (int i = 0; i < 5; ++i) net.leave(2);
  net.run_for(300ms);
  net.come(0, 10, 400ms);
  LONGS_EQUAL(10, net.sum);
}

TEST(SlotBook, AParentWithoutALimitLeavesItToTheNode) {
  SlotNet net(3, 4, 8);
  net.members[0].book->set_place("", SlotBook::kNoLimit, true, net.now);
  net.settle(0);
  net.run_for(1500ms);
  net.come(1, 6);
  net.come(2, 3, 1500ms);
  net.come(1, 6, 50ms);
  LONGS_EQUAL(4, net.inside(1));
  // Once it has one, it holds for all.
  net.members[0].book->set_place("", 4, false, net.now);
  net.settle(0);
  net.run_for(1500ms);
  const auto before = net.sum;
  net.come(2, 3, 300ms);
  CHECK(net.sum <= before);
}

TEST(SlotBook, CountsThatCannotBeAreBounded) {
  SlotNet net(2, 10, 9, 1100ms);
  SlotRow row;
  row.mount = "/m";
  row.life = std::uint64_t{1} << 60;
  row.back = kMaxSlotCount;
  row.moved = kMaxSlotCount;
  row.want = kMaxSlotsAtOnce;
  net.members[0].book->take("n1", row, net.now);
  net.settle(0);
  LONGS_EQUAL(10, net.members[0].book->picture().given);
  row.claim = kMaxSlotCount;
  net.members[0].book->take("n1", row, net.now);
  net.settle(0);
  CHECK(net.members[0].book->picture().given >= 0);
}
