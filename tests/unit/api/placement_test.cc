#include "api/request/placement.h"

#include <map>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Placement) {
  std::vector<PlaceCandidate> nodes;
  std::string place(const std::string& mount, std::uint64_t kbps = kUsualKbps) {
    PlaceWish wish;
    wish.mount = mount;
    wish.kbps = kbps;
    const Placed placed = place_mount(wish, nodes);
    for (PlaceCandidate& node : nodes)
      if (node.node == placed.node) {
        ++node.reserved_mounts;
        node.reserved_kbps += kbps;
      }
    return placed.node;
  }
  PlaceCandidate node(const std::string& name, std::uint64_t sources, std::uint64_t kbps = 0) {
    PlaceCandidate candidate;
    candidate.node = name;
    candidate.max_sources = sources;
    candidate.max_ingest_kbps = kbps;
    return candidate;
  }
};

TEST(Placement, EqualMountsFollowTheCapacitiesExactly) {
  nodes = {node("a", 1000, 1'000'000), node("b", 500, 500'000), node("c", 100, 100'000)};
  std::map<std::string, int> count;
  for (int i = 0; i < 160; ++i) ++count[place("/m" + std::to_string(i))];
  LONGS_EQUAL(100, count["a"]);
  LONGS_EQUAL(50, count["b"]);
  LONGS_EQUAL(10, count["c"]);
}
TEST(Placement, TheScarcerOfBothCounts) {
  nodes = {node("many", 1000, 1000), node("fast", 10, 1'000'000)};
  STRCMP_EQUAL("fast", place("/m", 900).c_str());
}
TEST(Placement, ATieIsTheSameForAllMastersAndSpreadOverMounts) {
  nodes = {node("a", 10), node("b", 10)};
  std::map<std::string, int> count;
  for (int i = 0; i < 100; ++i) {
    PlaceWish wish;
    wish.mount = "/m" + std::to_string(i);
    const std::string first = place_mount(wish, nodes).node;
    std::swap(nodes[0], nodes[1]);
    STRCMP_EQUAL(first.c_str(), place_mount(wish, nodes).node.c_str());
    ++count[first];
  }
  CHECK(count["a"] > 25);
  CHECK(count["b"] > 25);
}
TEST(Placement, ReasonsOfThoseThatMayNot) {
  nodes = {node("down", 10), node("drains", 10), node("full", 1), node("tagless", 10)};
  nodes[0].state = NodeState::kDead;
  nodes[1].state = NodeState::kDraining;
  nodes[2].reserved_mounts = 1;
  nodes[2].tags = {"eu"};
  PlaceWish wish;
  wish.mount = "/m";
  wish.tags = {"eu"};
  const Placed placed = place_mount(wish, nodes);
  STRCMP_EQUAL("", placed.node.c_str());
  LONGS_EQUAL(4, placed.reasons.size());
  std::map<std::string, std::string> why;
  for (const PlaceReason& reason : placed.reasons) why[reason.node] = reason.refused;
  STRCMP_EQUAL("it is not up", why["down"].c_str());
  STRCMP_EQUAL("it drains", why["drains"].c_str());
  STRCMP_EQUAL("its 1 sources are reserved", why["full"].c_str());
  STRCMP_EQUAL("it does not have the tag eu", why["tagless"].c_str());
}
TEST(Placement, NearBeforeFarAndSpread) {
  nodes = {node("far", 1000), node("near", 10), node("unsaid", 100)};
  nodes[0].countries = {"FR"};
  nodes[1].countries = {"AT", "DE"};
  PlaceWish wish;
  wish.mount = "/m";
  wish.country = "DE";
  STRCMP_EQUAL("near", place_mount(wish, nodes).node.c_str());
  nodes[1].spreads = {"twins"};
  wish.spread = "twins";
  STRCMP_EQUAL("unsaid", place_mount(wish, nodes).node.c_str());
  nodes[2].state = NodeState::kSuspect;
  STRCMP_EQUAL("far", place_mount(wish, nodes).node.c_str());
}
TEST(Placement, ANodeThatTakesNoMountsIsNoHome) {
  nodes = {node("router", 0), node("old", 10)};
  nodes[1].unable = "its version takes no mounts";
  PlaceWish wish;
  wish.mount = "/m";
  const Placed placed = place_mount(wish, nodes);
  STRCMP_EQUAL("", placed.node.c_str());
  std::map<std::string, std::string> why;
  for (const PlaceReason& reason : placed.reasons) why[reason.node] = reason.refused;
  STRCMP_EQUAL("its max-sources is 0", why["router"].c_str());
  STRCMP_EQUAL("its version takes no mounts", why["old"].c_str());
}
TEST(Placement, AMoveAsksForNoTagsButForRoom) {
  nodes = {node("a", 1)};
  PlaceWish wish;
  wish.mount = "/m";
  wish.tags = {"eu"};
  STRCMP_EQUAL("", refuse_move(wish, nodes[0]).c_str());
  nodes[0].reserved_mounts = 1;
  STRCMP_EQUAL("its 1 sources are reserved", refuse_move(wish, nodes[0]).c_str());
}
TEST(Placement, ANamedNodeOrNone) {
  nodes = {node("a", 10), node("b", 10)};
  PlaceWish wish;
  wish.mount = "/m";
  wish.node = "b";
  STRCMP_EQUAL("b", place_mount(wish, nodes).node.c_str());
  wish.node = "c";
  STRCMP_EQUAL("", place_mount(wish, nodes).node.c_str());
}
