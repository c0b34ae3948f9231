
#include <string>
#include <vector>

#include "config/load_text.h"
#include "config/mounts/overlay.h"
#include "config/records_of.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

MountRecord mount_of(const std::string& name, const std::string& account) {
  MountRecord record;
  record.mount = name;
  record.account = account;
  return record;
}

StationRecord station(const std::string& id, const std::string& account,
                      std::vector<std::string> mounts) {
  StationRecord record;
  record.id = id;
  record.account = account;
  record.mounts = std::move(mounts);
  return record;
}

std::string shown(const Config& config, const char* id) {
  const auto* made = config.book.stations.look_up(std::string(id));
  if (made == nullptr) return "none";
  std::string out;
  for (const std::string& mount : (*made)->mounts) out += mount;
  return out;
}

}  // namespace

TEST_GROUP(StationOverlay) {
  MountLayers layers;
  std::shared_ptr<const Config> laid;
  void setup() override {
    layers.file = load(
                      "<station id='file'><mount>/f</mount></station>"
                      "<mount mount-name='/in-file'/>")
                      .config;
    laid = layers.file;
  }
  void set(const StationRecord& record) {
    layers.stations.set(record.id, std::make_shared<const StationRecord>(record));
  }
  void lay() { laid = update_overlay(laid, layers).config; }
};

TEST(StationOverlay, ShowsMountsOfItsAccountAlone) {
  layers.store = records_of({mount_of("/a", "acme"), mount_of("/t", "other"),
                             mount_of("/in-file", "acme"), mount_of("/free", "")});
  set(station("rock", "acme", {"/t", "/a", "/in-file", "/free", "/nobodys"}));
  set(station("all", "", {"/t", "/nobodys"}));
  lay();
  STRCMP_EQUAL("/a", shown(*laid, "rock").c_str());
  STRCMP_EQUAL("/t/nobodys", shown(*laid, "all").c_str());
  // The whole, as after a reload, says the same.
  laid = lay_over(layers);
  STRCMP_EQUAL("/a", shown(*laid, "rock").c_str());
}
TEST(StationOverlay, FollowsItsMounts) {
  set(station("rock", "acme", {"/a"}));
  lay();
  STRCMP_EQUAL("", shown(*laid, "rock").c_str());
  layers.store = records_of({mount_of("/a", "acme")});
  lay();
  STRCMP_EQUAL("/a", shown(*laid, "rock").c_str());
  layers.store = records_of({mount_of("/a", "other")});
  lay();
  STRCMP_EQUAL("", shown(*laid, "rock").c_str());
  set(station("rock", "other", {"/a"}));
  lay();
  STRCMP_EQUAL("/a", shown(*laid, "rock").c_str());
  layers.store = {};
  lay();
  STRCMP_EQUAL("", shown(*laid, "rock").c_str());
  layers.stations.erase(std::string("rock"));
  lay();
  STRCMP_EQUAL("none", shown(*laid, "rock").c_str());
  CHECK(laid == layers.file);
}
TEST(StationOverlay, OneOfTheFileHidesIt) {
  set(station("file", "", {"/g"}));
  lay();
  STRCMP_EQUAL("none", shown(*laid, "file").c_str());
  layers.file = load("<hostname>x</hostname>").config;
  lay();
  STRCMP_EQUAL("/g", shown(*laid, "file").c_str());
}
TEST(StationOverlay, KnowsWhichNameAMount) {
  set(station("b", "", {"/m"}));
  set(station("a", "", {"/m", "/n"}));
  lay();
  LONGS_EQUAL(2, (*laid->book.naming.look_up(std::string("/m")))->size());
  set(station("a", "", {"/n"}));
  lay();
  LONGS_EQUAL(1, (*laid->book.naming.look_up(std::string("/m")))->size());
  layers.stations = {};
  set(station("c", "", {"/o"}));
  lay();
  CHECK(laid->book.naming.look_up(std::string("/m")) == nullptr);
}
