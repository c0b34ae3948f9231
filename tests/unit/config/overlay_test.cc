#include "config/mounts/overlay.h"

#include <string>
#include <vector>

#include "base/json.h"
#include "config/load_text.h"
#include "config/records_of.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

MountRecord record(const std::string& mount, const std::string& settings = "{}",
                   const std::string& more = "") {
  auto reading = read_mount_record(
      *Json::parse("{\"mount\":\"" + mount + "\",\"settings\":" + settings + more + "}"),
      SetBy::kAdmin);
  STRCMP_EQUAL("", to_string(reading.faults).c_str());
  return std::move(reading.record);
}

const std::string kFile =
    "<mount type='default'><genre>D</genre><max-listeners>7</max-listeners>"
    "<authentication type='url'/></mount>"
    "<mount mount-name='/in-file'><genre>F</genre></mount>"
    "<mount mount-name='/p*'><genre>P</genre><hidden>1</hidden></mount>";

std::string genre(const Config& config, const char* mount) {
  return mount_section(config, mount).genre.value_or("(none)");
}

MountLayers layers(const std::shared_ptr<const Config>& file,
                   const std::vector<MountRecord>& store = {},
                   const std::vector<MountRecord>& external = {}) {
  return {file, records_of(store), records_of(external)};
}

std::shared_ptr<const Config> lay(const std::shared_ptr<const Config>& file,
                                  const std::vector<MountRecord>& store,
                                  const std::vector<MountRecord>& external = {}) {
  return lay_over(layers(file, store, external));
}

}  // namespace

TEST_GROUP(Overlay){};

TEST(Overlay, WhatWinsIsTheFileTheStoreTheBackendThePatternTheDefault) {
  const auto parsed = load(kFile).config;
  const auto laid =
      lay(parsed, {record("/in-file", R"({"genre":"S"})"), record("/p1", R"({"genre":"S"})")},
          {record("/in-file", R"({"genre":"E"})"), record("/p1", R"({"genre":"E"})"),
           record("/p2", R"({"genre":"E"})")});
  STRCMP_EQUAL("F", genre(*laid, "/in-file").c_str());
  STRCMP_EQUAL("S", genre(*laid, "/p1").c_str());
  STRCMP_EQUAL("E", genre(*laid, "/p2").c_str());
  STRCMP_EQUAL("P", genre(*laid, "/p3").c_str());
  STRCMP_EQUAL("D", genre(*laid, "/q").c_str());
  CHECK(mount_section(*laid, "/in-file").origin == MountOrigin::kFile);
  CHECK(mount_section(*laid, "/p1").origin == MountOrigin::kStore);
  CHECK(mount_section(*laid, "/p2").origin == MountOrigin::kExternal);
  LONGS_EQUAL(2, laid->book.sections.size());
  LONGS_EQUAL(2, laid->mounts.size());
}

TEST(Overlay, ARecordBeginsAsTheDefaultMountAndNotAsThePattern) {
  const auto parsed = load(kFile).config;
  const auto laid = lay(parsed, {record("/p1")}, {});
  const MountSettings& mount = mount_section(*laid, "/p1");
  STRCMP_EQUAL("/p1", mount.name.c_str());
  CHECK(!mount.hidden);
  LONGS_EQUAL(7, mount.max_listeners);
  CHECK(mount.authenticator.type.empty());
}

TEST(Overlay, StateLimitsAndLoginsComeAlong) {
  const auto parsed = load(kFile).config;
  const auto laid =
      lay(parsed,
          {record("/a", "{}", R"(,"state":"suspended","limits":{"listeners":5})"),
           record("/b", "{}", R"(,"limits":{"listeners":500})"),
           record("/c", R"({"max-listeners":90})",
                  R"(,"limits":{"listeners":50},"source":{"user":"u","password":"p"})")},
          {});
  CHECK(mount_section(*laid, "/a").suspended && !mount_section(*laid, "/b").suspended);
  LONGS_EQUAL(5, mount_section(*laid, "/a").max_listeners_cluster);
  LONGS_EQUAL(500, mount_section(*laid, "/b").max_listeners_cluster);
  LONGS_EQUAL(7, mount_section(*laid, "/b").max_listeners);  // of each server by itself
  LONGS_EQUAL(50, mount_section(*laid, "/c").max_listeners_cluster);
  LONGS_EQUAL(90, mount_section(*laid, "/c").max_listeners);
  LONGS_EQUAL(-1, mount_section(*lay(parsed, {record("/d")}, {}), "/d").max_listeners_cluster);
  LONGS_EQUAL(1, mount_section(*laid, "/c").logins.size());
}

TEST(Overlay, ListenersOfASuspendedRecordHaveAFallbackOfItsOwn) {
  const auto parsed =
      load("<mount type='default'><suspended-mount>/off</suspended-mount></mount>").config;
  const std::string falls = R"({"fallback-mount":"/silence"})", off = R"(,"state":"suspended")";
  const auto laid =
      lay(parsed, {record("/a", falls, off), record("/b", falls), record("/off", "{}", off)});
  STRCMP_EQUAL("/off", mount_section(*laid, "/a").fallback_mount.c_str());
  STRCMP_EQUAL("/silence", mount_section(*laid, "/b").fallback_mount.c_str());
  STRCMP_EQUAL("", mount_section(*laid, "/off").fallback_mount.c_str());
}

TEST(Overlay, WhoIsTooManyStaysOrEnds) {
  const auto parsed =
      load(
          "<mount mount-name='/f'><max-listeners-cluster over='kick'>5</max-listeners-cluster>"
          "</mount><mount mount-name='/g' max-listeners-cluster='5'/>")
          .config;
  CHECK(mount_section(*parsed, "/f").cluster_over == OverPolicy::kKick);
  LONGS_EQUAL(5, mount_section(*parsed, "/f").max_listeners_cluster);
  CHECK(mount_section(*parsed, "/g").cluster_over == OverPolicy::kKeep);
  LONGS_EQUAL(5, mount_section(*parsed, "/g").max_listeners_cluster);
  const auto laid =
      lay(parsed,
          {record("/a", R"({"max-listeners-cluster":7})"),
           record("/b", R"({"max-listeners-cluster":{"listeners":7,"over":"kick"}})"),
           record("/c", "{}", R"(,"limits":{"listeners":8,"over":"kick"})"),
           record("/d", R"({"max-listeners-cluster":{"listeners":7,"over":"keep"}})")},
          {});
  for (const char* name : {"/a", "/d"})
    CHECK(mount_section(*laid, name).cluster_over == OverPolicy::kKeep);
  for (const char* name : {"/b", "/c"})
    CHECK(mount_section(*laid, name).cluster_over == OverPolicy::kKick);
  for (const char* name : {"/a", "/b", "/d"})
    LONGS_EQUAL(7, mount_section(*laid, name).max_listeners_cluster);
}

TEST(Overlay, StorageBoundsTheArchive) {
  const auto parsed = load("<mount type='default'><archive>1</archive></mount>").config;
  const auto laid = lay(parsed,
                        {record("/a"), record("/b", "{}", R"(,"limits":{"storage":"2m"})"),
                         record("/c", "{}", R"(,"limits":{"storage":0})")},
                        {});
  const auto archive = [&](const char* name) { return mount_section(*laid, name).archive; };
  CHECK(archive("/a").enabled && !archive("/a").storage_bytes);
  CHECK(archive("/b").enabled);
  LONGS_EQUAL(2'000'000, archive("/b").storage_bytes.value_or(0));
  CHECK(!archive("/c").enabled);
  LONGS_EQUAL(0, archive("/c").storage_bytes.value_or(1));
}

TEST(Overlay, WithoutRecordsItIsTheFileItself) {
  const auto parsed = load(kFile).config;
  CHECK(lay(parsed, {}, {}) == parsed);
}

TEST(Overlay, AnUpdateNamesWhatChanged) {
  const auto parsed = load(kFile).config;
  const auto laid = lay(parsed, {record("/a"), record("/b"), record("/c")}, {record("/p9")});
  const auto now =
      layers(parsed, {record("/a"), record("/b", R"({"hidden":true})")},
             {record("/p9"), record("/c"), record("/d", R"({"fallback-mount":"/a"})")});
  const OverlayUpdate update = update_overlay(laid, now);
  CHECK(!update.whole && update.files && !update.authenticators);
  LONGS_EQUAL(2, update.mounts.size());  // /c is the same, from elsewhere
  STRCMP_EQUAL("/b", update.mounts[0].c_str());
  STRCMP_EQUAL("/d", update.mounts[1].c_str());
  LONGS_EQUAL(2, update.plan.size());
  STRCMP_EQUAL("mount[/b]/hidden 0→1 live, running sources too", to_string(update.plan[0]).c_str());
  STRCMP_EQUAL("mount[/d] added live, running sources too", to_string(update.plan[1]).c_str());
  // As if it were laid over from the beginning.
  const auto whole = lay_over(now);
  std::vector<std::string> names, whole_names;
  for_each_section(*update.config, [&](const MountSettings& one) { names.push_back(one.name); });
  for_each_section(*whole, [&](const MountSettings& one) { whole_names.push_back(one.name); });
  CHECK(names == whole_names);
  for (const std::string& name : names)
    CHECK(mount_section(*whole, name).origin == mount_section(*update.config, name).origin);
  CHECK(reload_plan(*whole, *update.config).empty());
}

TEST(Overlay, ASectionOfAnUnchangedRecordIsTheSameObject) {
  const auto parsed = load(kFile).config;
  auto now = layers(parsed, {record("/a"), record("/b")});
  const auto laid = lay_over(now);
  now.store.set("/b", std::make_shared<const MountRecord>(record("/b", R"({"genre":"X"})")));
  const OverlayUpdate update = update_overlay(laid, now);
  CHECK(update.mounts == std::vector<std::string>{"/b"});
  POINTERS_EQUAL(&mount_section(*laid, "/a"), &mount_section(*update.config, "/a"));
  STRCMP_EQUAL("X", genre(*update.config, "/b").c_str());
  now.store = {};
  CHECK(update_overlay(update.config, now).config == parsed);
}

TEST(Overlay, ARecordThatAnotherLayerHidesComesBackWithoutIt) {
  const auto parsed = load(kFile).config;
  auto now = layers(parsed, {record("/a", R"({"genre":"S"})")}, {record("/a", R"({"genre":"E"})")});
  const auto laid = lay_over(now);
  now.store = {};
  const OverlayUpdate update = update_overlay(laid, now);
  STRCMP_EQUAL("E", genre(*update.config, "/a").c_str());
  CHECK(mount_section(*update.config, "/a").origin == MountOrigin::kExternal);
  CHECK(update.mounts == std::vector<std::string>{"/a"});
}

TEST(Overlay, AFileThatIsReadAgainChangesEverything) {
  const auto parsed = load(kFile).config;
  auto now = layers(parsed, {record("/a"), record("/b")});
  const auto laid = lay_over(now);
  now.file = load(kFile + "<mount mount-name='/b'><genre>X</genre></mount>").config;
  const OverlayUpdate update = update_overlay(laid, now);
  CHECK(update.whole && update.authenticators && update.files);
  STRCMP_EQUAL("X", genre(*update.config, "/b").c_str());
  CHECK(mount_section(*update.config, "/a").origin == MountOrigin::kStore);
}
