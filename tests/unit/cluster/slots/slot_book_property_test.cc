#include "cluster/slots/slot_book.h"
#include "cluster/slots/slot_net.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

unsigned below(SlotNet& net, unsigned n) { return static_cast<unsigned>(net.rng.below(n)); }

void reset_link(SlotNet& net, unsigned i) {
  const unsigned j = below(net, static_cast<unsigned>(net.members.size()));
  if (!net.linked(i, j)) return;
  net.cut(i, j, false);
  net.later(net.now + std::chrono::milliseconds(net.rng.below(500)),
            [&net, i, j] { net.link(i, j); });
}

void all_slots_can_be_had(SlotNet& net) {
  for (unsigned n = 0; n < 2000 && net.sum < net.limit; ++n) {
    net.arrive(n % static_cast<unsigned>(net.members.size()));
    net.run_for(20ms);
  }
  LONGS_EQUAL(net.limit, net.sum);
}

}  // namespace

TEST_GROUP(SlotBookProperty){};

// Frames take up to 80 ms, links are reset and are back within half a second, nodes are killed and
// start again, pull from others: never more than the limit.
TEST(SlotBookProperty, NeverMoreThanTheLimit) {
  constexpr unsigned kNodes = 6;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SlotNet net(kNodes, 40, seed);
    net.spread = seed % 2 == 0 ? 80 : 5;
    net.run_for(1100ms);
    for (unsigned step = 0; step < 60'000; ++step) {
      const unsigned i = below(net, kNodes);
      const unsigned dice = below(net, 1000);
      if (!net.members[i].book) {
        if (dice < 20) net.start(i, 0);
      } else if (dice < 560) {
        net.arrive(i);
      } else if (dice < 990) {
        net.leave(i);
      } else if (dice < 994) {
        reset_link(net, i);
      } else if (dice < 995 && i != 0) {
        net.kill(i);
      } else if (dice < 998 && i > 2) {
        // Of those that pull from 1 or 2, or from the root.
        net.pull_from(i, below(net, 3));
      }
      net.run_for(std::chrono::milliseconds(net.rng.below(3)));
      if (net.sum > net.limit + net.listeners_cut_off()) LONGS_EQUAL(net.limit, net.sum);
    }
    CHECK(net.peak >= 40);
  }
}

// … nor while processes are replaced, and make their links again.
TEST(SlotBookProperty, NeverMoreThanTheLimitOverHandOvers) {
  constexpr unsigned kNodes = 6;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SlotNet net(kNodes, 40, seed + 300);
    net.spread = seed % 2 == 0 ? 80 : 5;
    net.run_for(1100ms);
    for (unsigned i = 3; i < kNodes; ++i) net.pull_from(i, i % 3);
    std::uint64_t served = 0;
    for (unsigned step = 0; step < 40'000; ++step) {
      const unsigned i = below(net, kNodes);
      const unsigned dice = below(net, 1000);
      if (dice < 560) {
        net.arrive(i);
      } else if (dice < 990) {
        net.leave(i);
      } else if (dice < 996) {
        net.hand_over(i, std::chrono::milliseconds(net.rng.below(400)));
      }
      net.run_for(std::chrono::milliseconds(net.rng.below(3)));
      if (net.sum > net.limit + net.listeners_cut_off()) LONGS_EQUAL(net.limit, net.sum);
    }
    for (const SlotNet::Member& member : net.members) served += member.served;
    CHECK(net.peak >= 30);
    CHECK(served > 1000);
    // At rest nothing is lost: all slots can be had.
    net.run_for(4s);
    all_slots_can_be_had(net);
  }
}

// … and none is lost: once all links stand again and nothing happens, all slots can be had.
TEST(SlotBookProperty, NoneIsLostOverResets) {
  constexpr unsigned kNodes = 6;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SlotNet net(kNodes, 40, seed + 400);
    net.spread = seed % 2 == 0 ? 80 : 5;
    net.run_for(1100ms);
    for (unsigned round = 0; round < 20; ++round) {
      for (unsigned step = 0; step < 1500; ++step) {
        const unsigned i = below(net, kNodes);
        const unsigned dice = below(net, 1000);
        if (dice < 560) {
          net.arrive(i);
        } else if (dice < 980) {
          net.leave(i);
        } else if (dice < 988) {
          reset_link(net, i);
        } else if (dice < 996 && i > 2) {
          net.pull_from(i, below(net, 3));
        }
        net.run_for(std::chrono::milliseconds(net.rng.below(3)));
        if (net.sum > net.limit + net.listeners_cut_off()) LONGS_EQUAL(net.limit, net.sum);
      }
      net.run_for(5s);
      all_slots_can_be_had(net);
    }
  }
}

// … nor when it changes: once the root has back what is too many, the lowered one holds.
// The stream goes to another node and back, and others pull from here and there, also in a ring.
TEST(SlotBookProperty, NoneIsLostWhileAStreamMoves) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SlotNet net(4, 10, seed);
    Rng rng(seed);
    net.run_for(1100ms);
    for (int step = 0; step < 40; ++step) {
      const auto node = static_cast<unsigned>(rng.below(4));
      const std::uint64_t what = rng.below(10);
      if (what < 5) {
        net.arrive(node);
      } else if (what < 8) {
        if (net.inside(node) > 0) net.leave(node);
      } else if (node == 0) {
        const bool is_root = net.members[0].parent == SlotNet::kNobody;
        net.pull_from(0, is_root ? 1 + static_cast<unsigned>(rng.below(3)) : SlotNet::kNobody);
      } else if (const auto parent = static_cast<unsigned>(rng.below(4)); parent != node) {
        net.pull_from(node, parent);
      }
      net.run_for(std::chrono::milliseconds(rng.below(60)));
    }
    net.pull_from(0, SlotNet::kNobody);
    for (unsigned i = 1; i < 4; ++i) net.pull_from(i, 0);
    for (unsigned node = 0; node < 4; ++node) {
      net.run_for(2s);
      for (unsigned i = 0; i < 4; ++i)
        while (net.inside(i) > 0) net.leave(i);
      for (SlotNet::Member& member : net.members) member.waiting = 0;
      net.run_for(2s);
      net.come(node, 10, 2500ms);
      LONGS_EQUAL(10, net.sum);
    }
  }
}

TEST(SlotBookProperty, NeverMoreThanALimitThatChanges) {
  constexpr unsigned kNodes = 6;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SlotNet net(kNodes, 40, seed + 200);
    net.spread = seed % 2 == 0 ? 80 : 5;
    net.run_for(1100ms);
    SlotNet::Count bound = net.limit;
    for (unsigned step = 0; step < 40'000; ++step) {
      const unsigned i = below(net, kNodes);
      const unsigned dice = below(net, 1000);
      if (dice < 560) {
        net.arrive(i);
      } else if (dice < 990) {
        net.leave(i);
      } else if (dice < 994 && i > 2) {
        net.pull_from(i, below(net, 3));
      } else if (dice < 996) {
        net.set_limit(static_cast<SlotNet::Count>(net.rng.below(60)));
        bound = std::max(bound, net.limit);
      }
      net.run_for(std::chrono::milliseconds(net.rng.below(3)));
      const SlotBook::Picture all = net.members[0].book->picture();
      if (all.used + all.idle + all.given + all.held <= net.limit) bound = net.limit;
      if (net.sum > bound) LONGS_EQUAL(bound, net.sum);
    }
  }
}

// Partitions of any length, the root's death too: at most the limit, and those that listened at
// nodes that were cut off, which only become fewer.
TEST(SlotBookProperty, AfterPartitionsAtMostThoseThatWereCutOff) {
  constexpr unsigned kNodes = 5;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SlotNet net(kNodes, 40, seed + 100);
    net.spread = 20;
    net.run_for(1100ms);
    SlotNet::Count excused = 0;
    for (unsigned step = 0; step < 40'000; ++step) {
      const unsigned i = below(net, kNodes);
      const unsigned dice = below(net, 10'000);
      if (!net.members[i].book) {
        if (dice < 1000) net.start(i, i == 0 ? SlotNet::kNobody : 0);
      } else if (dice < 5500) {
        net.arrive(i);
      } else if (dice < 9950) {
        net.leave(i);
      } else if (dice < 9970) {
        const unsigned j = below(net, kNodes);
        if (net.linked(i, j)) {
          net.cut(i, j, net.rng.below(2) == 0);
          net.later(net.now + std::chrono::milliseconds(net.rng.below(40'000)),
                    [&net, i, j] { net.link(i, j); });
        }
      } else if (dice < 9972) {
        net.kill(i);
      }
      net.run_for(std::chrono::milliseconds(net.rng.below(10)));
      const auto cut_off = net.listeners_cut_off();
      excused = net.sum <= net.limit && cut_off == 0 ? 0 : std::max(excused, cut_off);
      if (net.sum > net.limit + excused) LONGS_EQUAL(net.limit + excused, net.sum);
    }
  }
}
