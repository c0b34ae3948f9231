#include <algorithm>
#include <map>

#include "api/api_bench.h"
#include "api/records/mount_places.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(MountBackup) {
  ApiBench api;
  void setup() override {
    api.world.nodes = {node("m1", 0), node("e1", 10), node("e2", 5), node("e3", 2)};
  }
  static PlaceCandidate node(const std::string& name, std::uint64_t sources) {
    PlaceCandidate out;
    out.node = name;
    out.url = "http://" + name + ":8000";
    out.max_sources = sources;
    return out;
  }
  int create(const std::string& place, const std::string& mount = "/a") {
    return api.ask(api.admin, Method::kPost, "/mounts",
                   R"({"mount":")" + mount + R"(","place":)" + place + "}");
  }
  int move(const std::string& body) {
    return api.ask(api.admin, Method::kPost, "/mounts/a/move", body);
  }
  int show() { return api.ask(api.admin, Method::kGet, "/mounts/a"); }
  const MountRecord& record() { return api.book->mount("/a")->value; }
  std::string source(std::string_view name) {
    return std::string(api.json().at("source").at(name).text().value_or("?"));
  }
  // Mounts that reserve room at each node.
  std::map<std::string, std::uint64_t> reserved() {
    std::map<std::string, std::uint64_t> out;
    for (const PlaceCandidate& each :
         candidates({ApiRequest(), api.admin, *api.book, api.file, api.world, api.now}))
      out[each.node] = each.reserved_mounts;
    return out;
  }
};

TEST(MountBackup, TheNextBestNodeIsIt) {
  LONGS_EQUAL(201, create(R"({"homes":2})"));
  STRCMP_EQUAL("e1", record().home.c_str());
  STRCMP_EQUAL("e2", record().backup.c_str());
  STRCMP_EQUAL("e2", api.text("backup").c_str());
  STRCMP_EQUAL("up", api.text("backup-state").c_str());
  STRCMP_EQUAL("http://e1:8000/a", source("url").c_str());
  STRCMP_EQUAL("http://e2:8000/a", source("backup").c_str());
  LONGS_EQUAL(1, reserved()["e1"]);
  LONGS_EQUAL(1, reserved()["e2"]);
  LONGS_EQUAL(0, reserved()["e3"]);
  // Both are written, so another master that places there meanwhile conflicts.
  const auto compares = api.last.write.compares;
  for (const char* key : {"placed/e1", "placed/e2"})
    CHECK(std::any_of(compares.begin(), compares.end(),
                      [key](const RegistryCompare& each) { return each.key == key; }));
}
TEST(MountBackup, WithoutTheWordThereIsNone) {
  LONGS_EQUAL(201, create("{}"));
  STRCMP_EQUAL("", record().backup.c_str());
  CHECK(api.json().at("source").at("backup").missing());
  CHECK(api.json().at("backup-state").missing());
  LONGS_EQUAL(201, create(R"({"homes":1})", "/b"));
  STRCMP_EQUAL("?", api.text("backup").c_str());
}
TEST(MountBackup, ANodeThatIsNamedIsTheHomeAndItsTagsHoldForBoth) {
  LONGS_EQUAL(201, create(R"({"homes":2,"node":"e3"})"));
  STRCMP_EQUAL("e3", record().home.c_str());
  STRCMP_EQUAL("e1", record().backup.c_str());
  api.world.nodes[2].tags = api.world.nodes[3].tags = {"eu"};
  LONGS_EQUAL(201, create(R"({"homes":2,"tags":["eu"]})", "/b"));
  const MountRecord& other = api.book->mount("/b")->value;
  STRCMP_EQUAL("e2", other.home.c_str());
  STRCMP_EQUAL("e3", other.backup.c_str());
}
TEST(MountBackup, WithoutRoomForTwoThereIsNone) {
  api.world.nodes[1].tags = {"eu"};
  LONGS_EQUAL(409, create(R"({"homes":2,"tags":["eu"]})"));
  STRCMP_EQUAL("no-room", api.name().c_str());
  const auto& why = api.problem.lists.at(0).second;
  const std::vector<std::string> wanted = {"e1: it is the home", "e2: it does not have the tag eu",
                                           "e3: it does not have the tag eu",
                                           "m1: its max-sources is 0"};
  auto sorted = why;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == wanted);
  CHECK(api.book->mount("/a") == nullptr);
  LONGS_EQUAL(201, create(R"({"tags":["eu"]})"));
}
TEST(MountBackup, OneOrTwo) {
  for (const char* homes : {"0", "3", "-1", "\"two\""}) {
    LONGS_EQUAL(422, create(std::string(R"({"homes":)") + homes + "}"));
    STRCMP_EQUAL("/place/homes", api.first_fault().c_str());
  }
  LONGS_EQUAL(201, create(R"({"homes":2})"));
  LONGS_EQUAL(422, api.ask(api.admin, Method::kPatch, "/mounts/a", R"({"backup":"e3"})"));
  STRCMP_EQUAL("/backup", api.first_fault().c_str());
  LONGS_EQUAL(422, api.ask(api.admin, Method::kPatch, "/mounts/a", R"({"place":{"homes":1}})"));
  // A body that replaces the settings leaves it.
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPut, "/mounts/a", R"({"mount":"/a"})"));
  STRCMP_EQUAL("e2", record().backup.c_str());
}
TEST(MountBackup, ADryRunNamesBothAndWritesNothing) {
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/mounts?dry-run=1",
                           R"({"mount":"/a","place":{"homes":2}})"));
  STRCMP_EQUAL("http://e2:8000/a", source("backup").c_str());
  CHECK(api.book->mount("/a") == nullptr);
}
TEST(MountBackup, AMoveToAThirdNodeLeavesIt) {
  LONGS_EQUAL(201, create(R"({"homes":2})"));
  LONGS_EQUAL(200, move(R"({"to":"e3"})"));
  STRCMP_EQUAL("http://e3:8000/a", source("url").c_str());
  STRCMP_EQUAL("http://e2:8000/a", source("backup").c_str());
  LONGS_EQUAL(1, reserved()["e1"]);
  LONGS_EQUAL(1, reserved()["e2"]);
  LONGS_EQUAL(1, reserved()["e3"]);
  const MountRecord after = moved(record());
  STRCMP_EQUAL("e3", after.home.c_str());
  STRCMP_EQUAL("e2", after.backup.c_str());
}
TEST(MountBackup, AMoveToItMakesTheOldHomeTheBackup) {
  LONGS_EQUAL(201, create(R"({"homes":2})"));
  STRCMP_EQUAL("e2", record().backup.c_str());
  api.world.nodes[2] = node("e2", 1);  // its room is reserved by this mount
  LONGS_EQUAL(200, move(R"({"to":"e2"})"));
  STRCMP_EQUAL("http://e2:8000/a", source("url").c_str());
  STRCMP_EQUAL("http://e1:8000/a", source("backup").c_str());
  LONGS_EQUAL(1, reserved()["e1"]);
  LONGS_EQUAL(1, reserved()["e2"]);
  const MountRecord after = moved(record());
  STRCMP_EQUAL("e2", after.home.c_str());
  STRCMP_EQUAL("e1", after.backup.c_str());
  // Called off: nothing has changed.
  LONGS_EQUAL(200, move(R"({"to":"e1"})"));
  STRCMP_EQUAL("e1", record().home.c_str());
  STRCMP_EQUAL("e2", record().backup.c_str());
}
TEST(MountBackup, WhileAMoveIsForcedThereIsOneHome) {
  LONGS_EQUAL(201, create(R"({"homes":2})"));
  LONGS_EQUAL(200, move(R"({"to":"e2","force-after":60})"));
  CHECK(record().takes_backup());
  const MountRecord now = forced(record());
  STRCMP_EQUAL("e2", now.home.c_str());
  CHECK(!now.takes_backup());
  const MountRecord after = moved(now);
  STRCMP_EQUAL("e2", after.home.c_str());
  STRCMP_EQUAL("e1", after.backup.c_str());
  CHECK(after.takes_backup());
}
TEST(MountBackup, ASuspendedMountMovesToItAtOnce) {
  LONGS_EQUAL(201, create(R"({"homes":2})"));
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPost, "/mounts/a/suspend"));
  LONGS_EQUAL(200, move(R"({"to":"e2"})"));
  STRCMP_EQUAL("e2", record().home.c_str());
  STRCMP_EQUAL("e1", record().backup.c_str());
}
TEST(MountBackup, ADeadBackupIsShown) {
  LONGS_EQUAL(201, create(R"({"homes":2})"));
  api.world.nodes[2].state = NodeState::kDead;
  LONGS_EQUAL(200, show());
  STRCMP_EQUAL("down", api.text("backup-state").c_str());
  STRCMP_EQUAL("up", api.text("home-state").c_str());
}
