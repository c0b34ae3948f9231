#include "cluster/nodes/carriers.h"

#include <ctime>
#include <string>
#include <vector>

#include "base/cat.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(CarrierTable) {
  CarrierTable table;
  const SteadyTime now{1h};
};

TEST(CarrierTable, ForgetsAMountWithItsLastCarrier) {
  table.see(3, {"/a", 5});
  table.see(4, {"/a", 6});
  table.see(3, {"/a", 0, false});
  CHECK_EQUAL(1u, table.find("/a")->carriers.size());
  table.see(4, {"/a", 0, false});
  POINTERS_EQUAL(nullptr, table.find("/a"));
  table.see(4, {"/a", 0, false});
  table.forget_mount("/a");
  CHECK_EQUAL(0u, table.size());
}

TEST(CarrierTable, KeepsWhatANodeCouldEnforceThoughItDoesNotCarry) {
  table.see(3, {"/a", 5, false, 2});
  CHECK_EQUAL(1u, table.find("/a")->carriers.size());
  CHECK_FALSE(table.find("/a")->carriers[0].carries);
  CHECK_EQUAL(0u, table.find("/a")->carriers[0].listeners);
  CHECK_EQUAL(2, table.find("/a")->carriers[0].enforces);
}

TEST(CarrierTable, ReplacesAllThatANodeSaid) {
  table.see(3, {"/a", 5});
  table.see(4, {"/a", 7});
  table.sent(3, "/a", now, now - 1s);
  table.see_all(3, {{"/b", 1}});
  const MountNodes& row = *table.find("/a");
  CHECK_EQUAL(2u, row.carriers.size());
  CHECK_FALSE(row.carriers[0].carries);
  CHECK_EQUAL(0u, row.carriers[0].listeners);
  CHECK_EQUAL(1u, row.carriers[0].recent);
  CHECK_EQUAL(7u, row.carriers[1].listeners);
}

TEST(CarrierTable, KnowsWhichMountsAreHeard) {
  using Names = CarrierTable::Names;
  table.see(3, {"/silent", 0});
  table.see(3, {"/a", 5});
  table.see(4, {"/a", 1});
  table.see(4, {.mount = "/behind", .below = 2});
  CHECK(table.heard() == (Names{"/a", "/behind"}));
  CHECK(table.tiered() == Names{"/behind"});
  table.see(3, {"/a", 0});
  CHECK(table.heard() == (Names{"/a", "/behind"}));
  table.see(4, {"/a", 0, false});
  table.see(4, {.mount = "/behind", .listeners = 1, .from = {{"far"}}});
  CHECK(table.tiered() == Names{"/behind"});
  table.see(4, {.mount = "/behind", .listeners = 1});
  CHECK(table.tiered().empty());
  table.see(4, {.mount = "/behind"});
  CHECK(table.heard().empty());
  table.see_all(3, {{"/b", 1}, {"/c", 1}});
  table.see_all(3, {{.mount = "/c", .listeners = 2, .below = 1}});
  CHECK(table.heard() == Names{"/c"});
  CHECK(table.tiered() == Names{"/c"});
  table.forget_node(3);
  CHECK(table.heard().empty());
  CHECK(table.tiered().empty());
}

TEST(CarrierTable, CountsRedirectsSinceTheLastSample) {
  table.sent(3, "/a", now, now - 1s);
  table.sent(3, "/a", now + 1s, now - 1s);
  CHECK_EQUAL(2u, table.find("/a")->carriers[0].recent);
  table.sent(3, "/a", now + 2s, now + 1s);
  CHECK_EQUAL(1u, table.find("/a")->carriers[0].recent);
  table.see(3, {"/a", 3});
  CHECK_EQUAL(0u, table.find("/a")->carriers[0].recent);
}

TEST(CarrierTable, OneNodeTakesTheRowsOfNoOther) {
  for (std::size_t i = 0; i < CarrierTable::kMaxOfNode; ++i)
    CHECK(table.see(1, {"/m" + std::to_string(i), 1}));
  CHECK_FALSE(table.see(1, {"/one-more", 1}));
  POINTERS_EQUAL(nullptr, table.find("/one-more"));
  CHECK(table.see(1, {"/m7", 2}));
  CHECK_EQUAL(2u, table.find("/m7")->carriers[0].listeners);
  CHECK(table.see(2, {"/honest", 5, true, 2}));
  CHECK_EQUAL(1u, table.find("/honest")->carriers.size());
  table.sent(1, "/honest", now, now);
  table.set_kbps("/other", 64);
  CHECK(table.find("/other") != nullptr);
  // What goes makes room.
  table.see(1, {"/m0", 0, false});
  table.see(1, {"/m1", 0, false});
  CHECK(table.see(1, {"/one-more", 1}));
  table.forget_node(1);
  CHECK_EQUAL(2u, table.size());
  CHECK(table.see(1, {"/one-more", 1}));
}

TEST(CarrierTable, ManyNodesAreForgottenInOneWalkAndThoseWithoutRowsInNone) {
  for (std::size_t i = 0; i < CarrierTable::kMaxOfNode; ++i) table.see(1, {cat({"/m", i}), 1});
  for (NodeSlot node = 2; node < 6; ++node) table.see_all(node, {{"/m0", 1}, {"/own", 1}});
  const std::clock_t begin = std::clock();  // of the processor: others may use it, too
  for (NodeSlot node = 6; node < 3000; ++node) {
    table.see_all(node, {});
    table.forget_node(node);
  }
  CHECK(std::clock() - begin < CLOCKS_PER_SEC / 4);
  table.forget_nodes({false, false, true, true, false, true});
  CHECK_EQUAL(2u, table.find("/m0")->carriers.size());
  CHECK_EQUAL(4u, table.find("/own")->carriers.front().node);
  CHECK_EQUAL(1u, table.find("/own")->carriers.size());
  table.forget_nodes({false, true, false, false, true, false});
  CHECK_EQUAL(0u, table.size());
  CHECK(table.heard().empty());
}

TEST(CarrierTable, KeepsAMountWhoseBitrateIsKnown) {
  table.set_kbps("/a", 128);
  table.see(1, {"/a", 1});
  table.forget_node(1);
  CHECK(table.find("/a") != nullptr);
  CHECK_EQUAL(0u, table.mounts().size());
}
