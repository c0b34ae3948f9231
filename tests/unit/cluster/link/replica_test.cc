#include "cluster/link/replica.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

// Rows are texts.  What a node says of itself counts before what others say; "?" is not believed.
TEST_GROUP(Replica) {
  using Table = Replica<std::string>;
  static std::optional<int> rank(const RowKey& key, const Table::Heard& heard) {
    if (*heard.row == "?") return std::nullopt;
    return heard.sender == key.node ? 0 : heard.stands ? 2 : 1;
  }
  Table table{rank, {.a_row = 0us}};
  SteadyTime now{1000s};

  static RowKey key(const std::string& node, const std::string& mount = "/m") {
    return {mount, false, node};
  }
  std::string text(const std::string& node) const {
    const auto* const entry = table.find(key(node));
    return entry == nullptr ? "" : *entry->row;
  }
  // In their order; hidden: of these nodes the neighbour is told nothing.
  std::string news(const std::string& neighbour, const std::set<std::string>& hidden = {}) {
    std::string out;
    const auto show = [&](const RowKey& each, const Table::Entry& entry) {
      return hidden.contains(each.node) ? std::nullopt
                                        : std::optional(each.node + "=" + *entry.row + " ");
    };
    for (const std::string& row :
         table.news_for(neighbour, show, [](const RowKey& each) { return "-" + each.node + " "; }))
      out += row;
    return out;
  }
};

TEST(Replica, ARowReplacesTheOneBeforeAndOneThatIsTheSameIsNoNews) {
  table.take("a", key("a"), "1");
  table.take("a", key("a"), "2");
  STRCMP_EQUAL("2", text("a").c_str());
  const auto before = table.version();
  table.take("a", key("a"), "2");
  CHECK_EQUAL(before, table.version());
  table.take("a", key("a"), std::nullopt);
  STRCMP_EQUAL("", text("a").c_str());
  CHECK(table.find(key("a")) == nullptr);
  table.take("b", key("a"), std::nullopt);
}

TEST(Replica, TooManyRowsOfOneNeighbourArePassedOver) {
  Table small(rank, {.most = 2});
  for (const char* mount : {"/1", "/2", "/3"}) small.take("a", key("a", mount), "x");
  small.take("b", key("b"), "x");
  CHECK_EQUAL(3u, small.entries().size());
  CHECK(small.find(key("a", "/3")) == nullptr);
  // There is room again; this node's own are not counted.
  small.take("a", key("a", "/1"), std::nullopt);
  small.take("a", key("a", "/3"), "x");
  CHECK(small.find(key("a", "/3")) != nullptr);
  for (const char* mount : {"/1", "/2", "/3"}) small.set_own(key("self", mount), "x");
  CHECK(small.find(key("self", "/3")) != nullptr);
}

TEST(Replica, TheLowestRankCountsAndItsOwnRowBeforeAll) {
  table.take("master", key("a"), "told");
  table.take("a", key("a"), "itself");
  STRCMP_EQUAL("itself", text("a").c_str());
  table.take("a", key("a"), "?");
  STRCMP_EQUAL("told", text("a").c_str());
  table.set_own(key("a"), "mine");
  STRCMP_EQUAL("mine", text("a").c_str());
  CHECK(table.find(key("a"))->is_own());
}

TEST(Replica, RowsOfALostNeighbourStandForTenSeconds) {
  table.take("master", key("a"), "1");
  table.take("other", key("a"), "2");
  STRCMP_EQUAL("1", text("a").c_str());
  table.left("master", now);
  STRCMP_EQUAL("2", text("a").c_str());  // that stands behind what is told now
  table.left("other", now + 1s);
  STRCMP_EQUAL("1", text("a").c_str());
  table.forget(now + 9s);
  STRCMP_EQUAL("1", text("a").c_str());
  table.forget(now + 10s);
  STRCMP_EQUAL("2", text("a").c_str());
  table.forget(now + 11s);
  CHECK(table.entries().empty());
}

TEST(Replica, ANeighbourThatIsBackKeepsWhatItTellsOnceMore) {
  table.take("master", key("a"), "1");
  table.take("master", key("b"), "1");
  table.left("master", now);
  table.joined("master", now + 5s);
  table.take("master", key("b"), "1");
  table.forget(now + 14s);
  STRCMP_EQUAL("1", text("a").c_str());
  table.forget(now + 15s);
  STRCMP_EQUAL("", text("a").c_str());
  STRCMP_EQUAL("1", text("b").c_str());
}

// Its process has handed over to the next one, which may have less; or there is one link more.
TEST(Replica, WhatIsNotToldOverANewLinkGoesWithoutALossOfTheOldOne) {
  table.take("a", key("a"), "1");
  table.take("a", key("b"), "1");
  table.joined("a", now);
  CHECK_FALSE(table.find(key("a"))->stands);
  table.take("a", key("b"), "1");
  table.forget(now + 9s);
  STRCMP_EQUAL("1", text("a").c_str());
  table.forget(now + 10s);
  STRCMP_EQUAL("", text("a").c_str());
  STRCMP_EQUAL("1", text("b").c_str());
}

// A neighbour sends its rows at a rate.
TEST(Replica, RowsOfANewLinkHaveTheTimeThatAllOfThemTake) {
  Table many(rank, {.a_row = 5ms});
  for (int i = 0; i < 4000; ++i) many.take("a", key("a", "/" + std::to_string(i)), "1");
  many.joined("a", now);
  CHECK(many.forget(now + 29s).empty());
  LONGS_EQUAL(4000, many.forget(now + 30s).size());
  for (int i = 0; i < 1000; ++i) many.take("a", key("a", "/" + std::to_string(i)), "1");
  many.hold("a", now + 2s);
  CHECK(many.forget(now + 6s).empty());
  CHECK(many.holds_rows());
  LONGS_EQUAL(1000, many.forget(now + 7s).size());
  many.forget(now + 8s);
  CHECK_FALSE(many.holds_rows());
}
// What was sent over the other one of two links may be lost with it.
TEST(Replica, RowsAreSentAgainWithoutALossOfWhatWasHeard) {
  table.set_own(key("a"), "1");
  table.take("b", key("b"), "2");
  STRCMP_EQUAL("a=1 b=2 ", news("b").c_str());
  STRCMP_EQUAL("", news("b").c_str());
  table.resend("b");
  STRCMP_EQUAL("a=1 b=2 ", news("b").c_str());
  CHECK_FALSE(table.holds_rows());
}

TEST(Replica, WhereRowsEndWithTheLinkThoseOfLostNodesGoAtOnce) {
  Table ends(rank, {.ends_with_link = true});
  ends.take("a", key("a"), "1");
  ends.take("master", key("a"), "2");
  ends.take("master", key("b"), "3");
  ends.left("a", now);
  STRCMP_EQUAL("2", ends.find(key("a"))->row->c_str());  // it is there, says the master
  ends.left("master", now);
  CHECK(ends.find(key("a")) == nullptr);
  CHECK(ends.find(key("b")) != nullptr);
}

TEST(Replica, ANeighbourIsToldEverythingAndThenWhatChanges) {
  table.set_own(key("self"), "1");
  table.take("b", key("b"), "1");
  STRCMP_EQUAL("self=1 b=1 ", news("x").c_str());
  STRCMP_EQUAL("", news("x").c_str());
  table.set_own(key("self"), "2");
  table.take("b", key("b"), std::nullopt);
  table.take("c", key("c"), "1");
  table.take("c", key("c"), std::nullopt);
  STRCMP_EQUAL("self=2 -b ", news("x").c_str());
  STRCMP_EQUAL("self=2 ", news("y").c_str());
  // The link was lost, or there is one more.
  table.joined("x", now);
  STRCMP_EQUAL("self=2 ", news("x").c_str());
  table.left("x", now);
  table.joined("x", now);
  STRCMP_EQUAL("self=2 ", news("x").c_str());
}

TEST(Replica, WhatANeighbourIsNotToKnowAnyMoreIsGoneForIt) {
  table.set_own(key("self"), "1");
  table.take("b", key("b"), "1");
  STRCMP_EQUAL("self=1 ", news("b", {"b"}).c_str());
  table.take("b", key("b"), "2");
  STRCMP_EQUAL("", news("b", {"b"}).c_str());
  table.take("b", key("b"), "3");
  STRCMP_EQUAL("b=3 ", news("b").c_str());
  table.take("b", key("b"), "4");
  STRCMP_EQUAL("-b ", news("b", {"b"}).c_str());
}

TEST(Replica, WhatIsGoneIsForgottenWhenAllHaveBeenTold) {
  table.take("b", key("b"), "1");
  news("x");
  news("y");
  table.take("b", key("b"), std::nullopt);
  news("x");
  table.forget(now);
  CHECK_EQUAL(1u, table.entries().size());
  STRCMP_EQUAL("-b ", news("y").c_str());
  table.forget(now);
  CHECK(table.entries().empty());
  table.take("b", key("b"), "2");
  STRCMP_EQUAL("b=2 ", news("x").c_str());
}

TEST(Replica, OfAMountTheTwoKindsAreApart) {
  table.take("a", {"/m", false, "a"}, "1");
  table.take("a", {"/m", true, "a"}, "2");
  table.take("a", {"/m", true, "b"}, "3");
  table.take("a", {"/m2", false, "a"}, "4");
  const auto count = [this](bool second) {
    const auto [begin, end] = table.of_mount("/m", second);
    return std::distance(begin, end);
  };
  CHECK_EQUAL(1, count(false));
  CHECK_EQUAL(2, count(true));
}

TEST(Replica, WhatIsBelievedLaterCountsThen) {
  bool believed = false;
  Table doubts([&](const RowKey&,
                   const Table::Heard&) { return believed ? std::optional(0) : std::nullopt; },
               {});
  doubts.take("a", key("a"), "1");
  CHECK(doubts.find(key("a")) == nullptr);
  believed = true;
  doubts.rank_again();
  CHECK(doubts.find(key("a")) != nullptr);
}
