#include <map>

#include "api/api_bench.h"
#include "api/records/mount_places.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(MountMoves) {
  ApiBench api;
  void setup() override {
    api.world.nodes = {node("m1", 100), node("edge1", 100), node("edge2", 100)};
    LONGS_EQUAL(201, create(R"({"mount":"/a","place":{"node":"edge1"}})"));
  }
  static PlaceCandidate node(const std::string& name, std::uint64_t sources) {
    PlaceCandidate out;
    out.node = name;
    out.url = "http://" + name + ":8000";
    out.max_sources = sources;
    return out;
  }
  int create(const std::string& body) { return api.ask(api.admin, Method::kPost, "/mounts", body); }
  int move(const std::string& body) {
    return api.ask(api.admin, Method::kPost, "/mounts/a/move", body);
  }
  const MountRecord& record() { return api.book->mount("/a")->value; }
  std::string url() { return std::string(api.json().at("source").at("url").text().value_or("?")); }
};

TEST(MountMoves, TheAnswerNamesTheHomesAddressAndItsState) {
  STRCMP_EQUAL("http://edge1:8000/a", url().c_str());
  STRCMP_EQUAL("http://m1:8000/a", std::string(*api.json().at("listen").at("http").text()).c_str());
  STRCMP_EQUAL("up", api.text("home-state").c_str());
  api.world.nodes[1].state = NodeState::kDead;
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/mounts/a"));
  STRCMP_EQUAL("down", api.text("home-state").c_str());
  api.world.nodes.erase(api.world.nodes.begin() + 1);
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/mounts/a"));
  STRCMP_EQUAL("unknown", api.text("home-state").c_str());
}
TEST(MountMoves, BothHomesTakeItsSourceUntilTheMoveIsOver) {
  LONGS_EQUAL(200, move(R"({"to":"edge2"})"));
  STRCMP_EQUAL("moving", api.text("state").c_str());
  STRCMP_EQUAL("edge1", api.text("home").c_str());
  STRCMP_EQUAL("http://edge2:8000/a", url().c_str());
  STRCMP_EQUAL("edge1", record().place.from.c_str());
  STRCMP_EQUAL("edge2", record().place.to.c_str());
  // What is reserved: at both ends.
  std::map<std::string, std::uint64_t> reserved;
  for (const PlaceCandidate& each :
       candidates({ApiRequest(), api.admin, *api.book, api.file, api.world, api.now}))
    reserved[each.node] = each.reserved_mounts;
  LONGS_EQUAL(1, reserved["edge1"]);
  LONGS_EQUAL(1, reserved["edge2"]);
  LONGS_EQUAL(0, reserved["m1"]);
  // Settings may be changed meanwhile.
  LONGS_EQUAL(200,
              api.ask(api.admin, Method::kPatch, "/mounts/a", R"({"limits":{"listeners":9}})"));
  CHECK(record().state == RecordState::kMoving);
  const MountRecord after = moved(record());
  CHECK(after.state == RecordState::kActive);
  STRCMP_EQUAL("edge2", after.home.c_str());
  STRCMP_EQUAL("", (after.place.from + after.place.to).c_str());
}
TEST(MountMoves, ToItsHomeCallsTheMoveOff) {
  LONGS_EQUAL(200, move(R"({"to":"edge2"})"));
  LONGS_EQUAL(200, move(R"({"to":"edge1"})"));
  STRCMP_EQUAL("active", api.text("state").c_str());
  STRCMP_EQUAL("edge1", record().home.c_str());
  STRCMP_EQUAL("", (record().place.from + record().place.to).c_str());
  const std::uint64_t before = api.revision;
  LONGS_EQUAL(200, move(R"({"to":"edge1"})"));
  LONGS_EQUAL(before, api.revision);
}
TEST(MountMoves, WhereThereIsNoNodeOrNoRoom) {
  LONGS_EQUAL(422, move(R"({})"));
  STRCMP_EQUAL("/to", api.first_fault().c_str());
  LONGS_EQUAL(422, move(R"({"to":"edge9"})"));
  STRCMP_EQUAL("/to", api.first_fault().c_str());
  api.world.nodes[2].state = NodeState::kDraining;
  LONGS_EQUAL(409, move(R"({"to":"edge2"})"));
  STRCMP_EQUAL("no-room", api.name().c_str());
  api.world.nodes[2] = node("edge2", 1);
  LONGS_EQUAL(201, create(R"({"mount":"/b","place":{"node":"edge2"}})"));
  LONGS_EQUAL(409, move(R"({"to":"edge2"})"));
  LONGS_EQUAL(403, api.ask(api.owner, Method::kPost, "/mounts/a/move", R"({"to":"m1"})"));
  LONGS_EQUAL(422, api.ask(api.admin, Method::kPatch, "/mounts/a", R"({"place":{"to":"m1"}})"));
}
TEST(MountMoves, ForceAfterLeavesOneHome) {
  LONGS_EQUAL(200, move(R"({"to":"edge2","force-after":60})"));
  const std::int64_t at = unix_seconds(api.now) + 60;
  CHECK(record().place.force_at == at);
  CHECK(next_step(record(), false, at - 1) == MoveStep::kWait);
  CHECK(next_step(record(), false, at) == MoveStep::kForce);
  CHECK(next_step(record(), true, at) == MoveStep::kEnd);
  const MountRecord now = forced(record());
  STRCMP_EQUAL("edge2", now.home.c_str());
  CHECK(now.state == RecordState::kMoving);
  // It is forced once.
  CHECK(next_step(now, false, at + 100) == MoveStep::kWait);
  STRCMP_EQUAL("edge2", moved(now).home.c_str());
}
TEST(MountMoves, ASuspendedMountMovesAtOnceAndASuspensionEndsAMove) {
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPost, "/mounts/a/suspend"));
  LONGS_EQUAL(200, move(R"({"to":"edge2"})"));
  STRCMP_EQUAL("suspended", api.text("state").c_str());
  STRCMP_EQUAL("edge2", record().home.c_str());
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPost, "/mounts/a/resume"));
  LONGS_EQUAL(200, move(R"({"to":"edge1"})"));
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPost, "/mounts/a/suspend"));
  STRCMP_EQUAL("edge1", record().home.c_str());
  STRCMP_EQUAL("", record().place.to.c_str());
}
TEST(MountMoves, OfTwoMastersThatPlaceAtOnceOneCountsTheOther) {
  for (int i = 0; i < 30; ++i) {
    int others = 0;
    // Another master places one there in the same moment.
    api.before_commit = [&] {
      if (++others > 1) return;
      ApiBench other;
      other.world.nodes = api.world.nodes;
      other.book = api.book;
      other.revision = api.revision;
      LONGS_EQUAL(201, other.ask(other.admin, Method::kPost, "/mounts",
                                 R"({"mount":"/o)" + std::to_string(i) + R"("})"));
      api.book = other.book;
      api.revision = other.revision;
    };
    LONGS_EQUAL(201, create(R"({"mount":"/n)" + std::to_string(i) + R"("})"));
  }
  std::map<std::string, int> count;
  for (const auto& [name, row] : api.book->mounts()) ++count[row->value.home];
  LONGS_EQUAL(61, count["m1"] + count["edge1"] + count["edge2"]);
  for (const auto& [name, mounts] : count) CHECK(mounts == 20 || mounts == 21);
}
