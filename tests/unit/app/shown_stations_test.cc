#include "app/pages/shown_stations.h"

#include "config/mounts/mount_record.h"
#include "config/settings/config.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

StationSettings station(const char* id, std::vector<std::string> mounts) {
  StationSettings out;
  out.id = id;
  out.mounts = std::move(mounts);
  return out;
}

std::string printed(const std::vector<ShownStation>& stations) {
  std::string out;
  for (const ShownStation& one : stations) {
    out += std::to_string(one.number) + " " + one.id + (one.settings != nullptr ? "!" : "");
    for (const std::string& mount : one.mounts) out += " " + mount;
    out += "\n";
  }
  return out;
}

}  // namespace

TEST_GROUP(ShownStations) { Config config; };

TEST(ShownStations, AStreamThatIsInNoneIsOneOfItsOwn) {
  STRCMP_EQUAL("1 a /a.mp3\n2 a_2 /a.ogg\n3 b /b\n",
               printed(shown_stations(config, {"/a.mp3", "/a.ogg", "/b"})).c_str());
}
TEST(ShownStations, TheMountThatIsThereLongestKeepsItsId) {
  const auto made = [this](const char* mount, std::int64_t at) {
    MountRecord record;
    record.made = at;
    config.book.layers.store.set(mount, std::make_shared<const MountRecord>(record));
  };
  made("/a", 300);
  made("/a.aac", 200);
  made("/a.mp3", 100);
  STRCMP_EQUAL("1 a_3 /a\n2 a_2 /a.aac\n3 a /a.mp3\n",
               printed(shown_stations(config, {"/a", "/a.aac", "/a.mp3"})).c_str());
  // Of the file, or since before that was noted.
  STRCMP_EQUAL("1 a_3 /a\n2 a_2 /a.mp3\n3 a /a.ogg\n",
               printed(shown_stations(config, {"/a", "/a.mp3", "/a.ogg"})).c_str());
}
TEST(ShownStations, TheFirstOfItsStreamsThatAreShownIsPlayed) {
  config.stations = {station("rock", {"/gone", "/b", "/a.mp3"}), station("silent", {"/gone"})};
  STRCMP_EQUAL("2 rock! /b /a.mp3\n3 c /c\n",
               printed(shown_stations(config, {"/a.mp3", "/b", "/c"})).c_str());
}
TEST(ShownStations, AnIdOfTheConfigurationGoesFirst) {
  config.stations = {station("a", {"/z"})};
  STRCMP_EQUAL("1 a_2 /a.mp3\n2 a! /z\n",
               printed(shown_stations(config, {"/a.mp3", "/z"})).c_str());
}
TEST(ShownStations, AMountIsOfTheFirstStationThatNamesIt) {
  config.stations = {station("a", {"/m"}), station("b", {"/m", "/n"})};
  STRCMP_EQUAL("1 a! /m\n2 b! /n\n", printed(shown_stations(config, {"/m", "/n"})).c_str());
  STRCMP_EQUAL("a", station_of(config, "/m")->id.c_str());
  POINTERS_EQUAL(nullptr, station_of(config, "/o"));
}
TEST(ShownStations, OnesThatCannotBeNamedAreLeftOut) {
  config.stations = {station("A/b", {"/m"}), station("a", {"/n"}), station("a", {"/o"})};
  STRCMP_EQUAL("1 m /m\n2 a! /n\n3 o /o\n",
               printed(shown_stations(config, {"/m", "/n", "/o"})).c_str());
  POINTERS_EQUAL(nullptr, station_of(config, "/m"));
  POINTERS_EQUAL(nullptr, find_station(config, "A/b"));
}
TEST(ShownStations, AreFoundByTheirIdElseByTheirNumber) {
  config.stations = {station("2", {"/a"}), station("rock", {"/b", "/d"})};
  const auto stations = shown_stations(config, {"/a", "/b", "/c", "/d"});
  STRCMP_EQUAL("2", find_shown_station(stations, "2")->id.c_str());
  STRCMP_EQUAL("rock", find_shown_station(stations, "rock")->id.c_str());
  STRCMP_EQUAL("c", find_shown_station(stations, "3")->id.c_str());
  // The number of a stream that is not its station's first.
  POINTERS_EQUAL(nullptr, find_shown_station(stations, "4"));
  POINTERS_EQUAL(nullptr, find_shown_station(stations, ""));
}
TEST(ShownStations, ThoseOfTheFileGoBeforeRecords) {
  config.stations = {station("file", {"/a"})};
  const auto record = [this](const char* id, const std::vector<std::string>& mounts) {
    config.book.stations.set(id, std::make_shared<const StationSettings>(station(id, mounts)));
    for (const std::string& mount : mounts) {
      const auto* known = config.book.naming.look_up(mount);
      std::set<std::string> ids = known == nullptr ? std::set<std::string>() : **known;
      ids.insert(id);
      config.book.naming.set(mount, std::make_shared<const std::set<std::string>>(ids));
    }
  };
  record("early", {"/a", "/b"});
  record("late", {"/b", "/c"});
  STRCMP_EQUAL("1 file! /a\n2 early! /b\n3 late! /c\n",
               printed(shown_stations(config, {"/a", "/b", "/c"})).c_str());
  STRCMP_EQUAL("file", station_of(config, "/a")->id.c_str());
  STRCMP_EQUAL("early", station_of(config, "/b")->id.c_str());
  CHECK(is_of_record(config, *find_station(config, "late")));
  CHECK(!is_of_record(config, *find_station(config, "file")));
}
