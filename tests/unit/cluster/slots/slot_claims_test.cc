// What SlotBook makes of claims that cannot be right.
#include "cluster/slots/slot_book.h"
#include "cluster/slots/slot_net.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(SlotClaims){};

// A node may say anything: it ends none of the listeners elsewhere, and keeps none out.
TEST(SlotClaims, AClaimAboveTheLimitIsTheClaimantsOwn) {
  for (const std::uint64_t claim : {std::uint64_t{21}, std::uint64_t{1000}, kMaxSlotCount}) {
    for (const bool ends : {false, true}) {
      SlotNet net(3, 20, 17);
      net.members[0].book->set_ends_excess(ends);
      net.run_for(1100ms);
      net.come(2, 10, 300ms);
      SlotRow row;
      row.mount = "/m";
      row.life = std::uint64_t{1} << 60;
      row.claim = claim;
      net.members[0].book->take("n1", row, net.now);
      net.settle(0);
      const auto noted = net.members[0].book->take_disbelieved();
      LONGS_EQUAL(1, noted.size());
      STRCMP_EQUAL("n1", noted.front().node.c_str());
      net.run_for(8s);
      LONGS_EQUAL(10, net.inside(2));
      LONGS_EQUAL(0, net.members[2].ended);
      net.come(2, 5, 300ms);
      LONGS_EQUAL(15, net.inside(2));
    }
  }
}

// A stream that has moved there and back at once: what each claimed of the other was its own claim.
TEST(SlotClaims, TwoThatWereParentsOfEachOtherLoseNone) {
  SlotNet net(3, 10, 5, 1100ms);
  net.come(0, 2);
  net.come(1, 3, 300ms);
  net.pull_from(0, 1);
  net.run_for(500ms);
  net.pull_from(0, SlotNet::kNobody);
  net.run_for(1500ms);
  LONGS_EQUAL(5, net.sum);
  for (int i = 0; i < 2; ++i) net.leave(0);
  for (int i = 0; i < 3; ++i) net.leave(1);
  net.run_for(1500ms);
  for (unsigned node : {0U, 1U, 2U, 1U}) {
    net.come(node, 10, 2500ms);
    LONGS_EQUAL(10, net.sum);
    for (int i = 0; i < 10; ++i) net.leave(node);
    net.run_for(1500ms);
  }
}

TEST(SlotClaims, AClaimWithinTheLimitEndsTheClaimantsExcess) {
  SlotNet net(3, 20, 18);
  net.members[0].book->set_ends_excess(true);
  net.run_for(1100ms);
  net.come(2, 10, 300ms);
  for (std::uint64_t life = 1; life <= 5; ++life) {
    SlotRow row;
    row.mount = "/m";
    row.life = (std::uint64_t{1} << 60) + life;
    row.claim = 20;
    net.members[0].book->take("n1", row, net.now);
    net.settle(0);
    net.run_for(5s);
  }
  LONGS_EQUAL(10, net.inside(2));
  LONGS_EQUAL(0, net.members[2].ended);
}

// Another link to it stood all the time: the process that has taken its place knows no life of this
// node, and what the one before gave would be given once more.
TEST(SlotClaims, WhatAParentHasGivenIsClaimedFromTheProcessThatTakesItsPlace) {
  SteadyTime now(1h);
  std::uint64_t life = 0;
  const auto gate = std::make_shared<SlotGate>();
  SlotBook book(
      "/m", gate, SlotTiming{}, [&life] { return ++life; }, now);
  book.joined("m", false, now);
  book.set_place("m", 4, false, now);
  (void)book.take_outgoing();
  SlotRow row;
  row.mount = "/m";
  row.down = true;
  row.life = life;
  row.given = 3;
  book.set_waiting(2, now);
  book.take("m", row, now);
  book.parent_was_there(now, now);
  CHECK(gate->try_enter(now) && gate->try_enter(now));
  book.replaced("m", now);
  const auto told = book.take_outgoing();
  CHECK(!told.empty());
  LONGS_EQUAL(2, told.back().row.life);
  LONGS_EQUAL(2, told.back().row.claim);
  LONGS_EQUAL(2, book.picture().have);
}

// What one node says is passed on in numbers that the frame of another one may have: else its link
// would end.
TEST(SlotClaims, WhatALiarSaysIsPassedOnWithinTheBoundsOfAFrame) {
  for (const std::string parent : {"", "up"}) {
    SteadyTime now{1h};
    std::uint64_t lives = 0, asked = 0;
    SlotBook book(
        "/m", std::make_shared<SlotGate>(), SlotTiming{}, [&lives] { return ++lives; }, now);
    if (!parent.empty()) book.joined(parent, false, now);
    book.set_place(parent, 10, true, now);
    book.joined("honest", false, now);
    book.joined("liar", false, now);
    SlotRow uses;
    uses.mount = "/m";
    uses.life = 1;
    uses.claim = 10;
    book.take("honest", uses, now);
    for (std::uint64_t life = 1; life <= 4; ++life) {
      SlotRow row;
      row.mount = "/m";
      row.life = life;
      row.claim = row.got = kMaxSlotCount;
      row.want = kMaxSlotsAtOnce;
      if (life % 2 == 0) row.claim = 0;
      book.take("liar", row, now);
      for (const auto& [to, said] : book.take_outgoing()) {
        if (to == "liar") continue;
        CHECK(said.claim <= kMaxSlotCount && said.back <= kMaxSlotCount);
        CHECK(said.want <= kMaxSlotsAtOnce && said.recall <= kMaxSlotsAtOnce);
        asked = std::max({asked, said.want, said.recall});
      }
      now += 1s;
      book.tick(now);
    }
    CHECK(asked == kMaxSlotsAtOnce);
  }
}

// A child has claimed all that a count may be, and its parent gives as much, in one life after the
// other.
TEST(SlotClaims, WhatAParentGivesStaysANumber) {
  SteadyTime now{1h};
  std::uint64_t lives = 0;
  SlotBook book(
      "/m", std::make_shared<SlotGate>(), SlotTiming{}, [&lives] { return ++lives; }, now);
  book.joined("up", false, now);
  book.set_place("up", 10, false, now);
  book.joined("below", false, now);
  SlotRow claim;
  claim.mount = "/m";
  claim.life = 1;
  claim.claim = kMaxSlotCount;
  book.take("below", claim, now);
  SlotRow gift;
  gift.mount = "/m";
  gift.down = true;
  gift.life = lives;
  gift.given = kMaxSlotCount;
  book.take("up", gift, now);
  CHECK(book.picture().have <= static_cast<SlotBook::Count>(kMaxSlotCount));
}

// A node is believed to have as many listeners as its <node> allows: it takes no more slots than
// that from the others, whatever it wants or claims.
TEST(SlotClaims, ANodeHasNoMoreSlotsThanItsListenersMayBe) {
  for (const std::string parent : {"", "up"}) {
    SteadyTime now{1h};
    std::uint64_t lives = 0;
    SlotBook book(
        "/m", std::make_shared<SlotGate>(), SlotTiming{}, [&lives] { return ++lives; }, now);
    if (!parent.empty()) book.joined(parent, false, now);
    book.set_place(parent, 20, true, now);
    if (!parent.empty()) {
      SlotRow gift;
      gift.mount = "/m";
      gift.down = true;
      gift.life = lives;
      gift.given = 20;
      book.take(parent, gift, now);
    }
    book.joined("liar", false, now);
    const auto say = [&](std::uint64_t life, std::uint64_t claim, std::uint64_t want) {
      SlotRow row;
      row.mount = "/m";
      row.life = life;
      row.claim = claim;
      row.want = want;
      book.take("liar", row, now, 5);
    };
    say(1, 0, 1000);
    LONGS_EQUAL(5, book.picture().given);
    const auto letters = book.take_outgoing();
    CHECK(letters.back().to == "liar" && letters.back().row.word == SlotWord::kUsed);
    CHECK(!book.busy());
    const auto noted = book.take_disbelieved();
    LONGS_EQUAL(1, noted.size());
    CHECK(noted.front().of_node);
    LONGS_EQUAL(5, noted.front().limit);
    // All others are free.
    book.set_waiting(15, now);
    LONGS_EQUAL(15, book.gate()->idle());
    CHECK(book.gate()->take(15) == 15);
    say(2, 20, 0);
    book.set_waiting(15, now);
    LONGS_EQUAL(15, book.gate()->idle());
  }
}
