#include "admin/feed/now_json.h"

#include "admin/feed/azuracast_json.h"
#include "base/json.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

PlayedTitle played(const char* text, std::int64_t ms) {
  return {WallTime(std::chrono::milliseconds(ms)), text, StreamAddress{{1, 2}, 7}};
}

NowMount example() {
  NowMount now;
  now.station.number = 3;
  now.station.id = "rock";
  now.stream.mount = "/rock.mp3";
  now.stream.on_air = true;
  now.stream.name = "Rock <b>\"";
  now.stream.listeners = 12;
  now.title = played("A - B", 50000);
  now.title_has_time = true;
  now.history = {played("C", 30000), played("D - E - F", 10000)};
  now.streams = {{"/rock.mp3", "http://r/rock.mp3", "audio/mpeg", "128", "", 12}};
  return now;
}

Json parsed(const std::string& text) {
  auto json = Json::parse(text);
  CHECK(json.has_value());
  return *json;
}

}  // namespace

TEST_GROUP(NowJson){};

TEST(NowJson, AStationIsCalledAsItsMountWithoutItsEnding) {
  STRCMP_EQUAL("live", station_id("/live.mp3").c_str());
  STRCMP_EQUAL("a_b_live", station_id("/a/B/live.mp3").c_str());
  STRCMP_EQUAL("v1_0_x", station_id("/v1.0/x").c_str());
  STRCMP_EQUAL("_", station_id("/").c_str());
  STRCMP_EQUAL("_hidden", station_id("/.hidden").c_str());
}
TEST(NowJson, ATitleHasItsTimeItsPlaceAndItsParts) {
  const std::string text = now_json(example(), 60000);
  CHECK(text.find("\"wall_ms\":50000,\"text\":\"A - B\",\"artist\":\"A\",\"title\":\"B\"") !=
        std::string::npos);
  CHECK(text.find("\"id\":\"" + print_address({{1, 2}, 7}) + "\"") != std::string::npos);
  parsed(text);
  NowMount silent = example();
  silent.title_has_time = false;
  CHECK(now_json(silent, 1).find("\"wall_ms\":null,\"text\":\"A - B\"") != std::string::npos);
  silent.title.reset();
  CHECK(now_json(silent, 1).find("\"title\":null") != std::string::npos);
}
TEST(NowJson, AzuraCastsProgramsGetATitleWhenItIsHeard) {
  NowMount now = example();
  now.burst_ms = 4000;
  const auto present = [&now](std::int64_t at_ms) {
    const std::string text = nowplaying_json(now, at_ms, "http://r");
    const std::size_t at = text.find("\"now_playing\"");
    const std::size_t from = text.find("\"text\":\"", at) + 8;
    return text.substr(from, text.find('"', from) - from);
  };
  STRCMP_EQUAL("C", present(53999).c_str());
  STRCMP_EQUAL("A - B", present(54000).c_str());
  STRCMP_EQUAL("D - E - F", present(0).c_str());  // there is none before it
}
TEST(NowJson, ATitleIsHeardWithItsBurst) {
  NowMount now = example();
  now.burst_ms = 4000;
  LONGS_EQUAL(1, heard_in_ms(now, 53999));
  LONGS_EQUAL(0, heard_in_ms(now, 54000));
  STRCMP_EQUAL("C", as_heard(now, 53999).title->title.c_str());
  LONGS_EQUAL(now.history.size() - 1, as_heard(now, 53999).history.size());
  STRCMP_EQUAL("A - B", as_heard(now, 54000).title->title.c_str());
  now.title.reset();
  LONGS_EQUAL(0, heard_in_ms(now, 0));
  CHECK(!as_heard(now, 0).title);
}
TEST(NowJson, TheLiveFeedHasFramesOfCentrifugo) {
  const NowMount now = example();
  const Json first = parsed(
      live_connect_json({{"station:rock", &now}, {"global:time", nullptr}}, 60000, "http://r"));
  const Json subs = first.at("connect").at("subs");
  const Json data = subs.at("station:rock").at("publications").at(0).at("data");
  CHECK(data.at("np").at("now_playing").at("song").at("text").text() == "A - B");
  CHECK(data.at("current_time").u64() == 60);
  CHECK(subs.at("global:time").at("publications").at(0).at("data").at("time").u64() == 60);
  const Json change = parsed(live_change_json({"station:rock", &now}, 60000, "http://r"));
  CHECK(change.at("channel").text() == "station:rock");
  CHECK(change.at("pub").at("data").at("np").at("is_online").boolean().has_value());
}
TEST(NowJson, AzuraCastsSongsHaveTheNumbersOfItsOwn) {
  STRCMP_EQUAL("5a6a865199cf5df73b1417326d2ff24f", song_id("").c_str());
  STRCMP_EQUAL("5a6a865199cf5df73b1417326d2ff24f", song_id(" - ").c_str());
  CHECK(song_id("A - B") == song_id("a-b"));
  CHECK(song_id(std::string(150, 'x')) == song_id(std::string(151, 'x')));
  CHECK(song_id("A - B") != song_id("A - C"));
}
TEST(NowJson, AListHasItsStationsToo) {
  NowMount rock = example();
  rock.station.timezone = "Europe/Berlin";
  rock.station.page = "/listen/rock";
  rock.station.logo = "/rock.png";
  rock.streams.push_back({"/rock-64.aac", "http://r/rock-64.aac", "audio/aac", "64", "", 3});
  const Json list = parsed(now_list_json({example()}, {rock}, 1));
  CHECK_EQUAL(1U, list.at("mounts").size());
  CHECK_EQUAL(1U, list.at("stations").size());
  const std::string text = now_list_json({}, {rock}, 1);
  CHECK_TEXT(
      text.find(
          "\"timezone\":\"Europe/Berlin\",\"logo\":\"/rock.png\",\"page\":\"/listen/rock\"") !=
          std::string::npos,
      text.c_str());
  CHECK(text.find("\"mounts\":[\"/rock.mp3\",\"/rock-64.aac\"]") != std::string::npos);
  const std::string song = nowplaying_json(rock, 60000, "http://r");
  CHECK(song.find("\"art\":\"http://r/rock.png\"") != std::string::npos);
  CHECK(song.find("\"public_player_url\":\"http://r/listen/rock\"") != std::string::npos);
}
TEST(NowJson, AnAnswerOfAMountThatHasGoneIsWhole) {
  for (const std::string& text : {now_json({}, 1), nowplaying_json({}, 1, "http://r"),
                                  station_json({}, "http://r"), now_list_json({}, {}, 1)})
    parsed(text);
}
