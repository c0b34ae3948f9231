#include "admin/page/status_json.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "admin/page/render.h"
#include "admin/sample_stats.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using nlohmann::json;

namespace {

json parsed(const StatsDocument& document, const StatusJsonOptions& options = {}) {
  return json::parse(status_json(document, options))["icestats"];
}

json parsed_field(const std::string& name, const std::string& value) {
  StatsDocument document;
  document.sources.push_back({"/a", false, true, {{name, value}}});
  return parsed(document)["source"].value(name, json("absent"));
}

}  // namespace

TEST_GROUP(StatusJson){};

TEST(StatusJson, HasXiphsBytesWithoutSources) {
  STRCMP_EQUAL(
      "{\"icestats\":{\"admin\":\"admin@example.org\",\"host\":\"127.0.0.1\","
      "\"location\":\"Testland\",\"server_id\":\"Icecast 2.4.4 (icecast-lb)\","
      "\"server_start\":\"Fri, 20 Nov 2026 06:52:17 +0000\","
      "\"server_start_iso8601\":\"2026-11-20T06:52:17+0000\",\"dummy\":null}}",
      status_json(sample_stats(0), {}).c_str());
}
TEST(StatusJson, HasXiphsBytesWithOneSource) {
  StatsDocument document;
  document.globals = {{"host", "h"}, {"sources", "1"}};
  document.sources = {sample_source("/a.aac")};
  STRCMP_EQUAL(
      "{\"icestats\":{\"host\":\"h\",\"source\":{\"bitrate\":128,"
      "\"genre\":\"Rock & Roll\",\"listener_peak\":2,\"listeners\":1,"
      "\"listenurl\":\"http://127.0.0.1:8000/a.aac\","
      "\"server_description\":\"All of it\",\"server_name\":\"Station of /a.aac\","
      "\"server_type\":\"audio/mpeg\",\"server_url\":\"http://station.example/\","
      "\"stream_start\":\"Fri, 20 Nov 2026 06:52:17 +0000\","
      "\"stream_start_iso8601\":\"2026-11-20T06:52:17+0000\","
      "\"title\":\"Artist - Song\",\"dummy\":null}}}",
      status_json(document, {}).c_str());
}
TEST(StatusJson, IsAnArrayWithSeveralSources) {
  const json stats = parsed(sample_stats(3));
  CHECK(stats["source"].is_array());
  LONGS_EQUAL(3, stats["source"].size());
  CHECK(stats["source"][1]["server_name"] == "Station of /b & c.mp3");
  CHECK(!stats.contains("dummy"));
}
TEST(StatusJson, FiltersByMountToAnObject) {
  const json stats = parsed(sample_stats(3), {.mount = "/b & c.mp3"});
  CHECK(stats["source"].is_object());
  CHECK(stats["source"]["listenurl"] == "http://127.0.0.1:8000/b & c.mp3");
  CHECK(!parsed(sample_stats(3), {.mount = "/none"}).contains("source"));
}
TEST(StatusJson, IsAlwaysAnArrayOnRequest) {
  const StatusJsonOptions array{.mount = {}, .always_array = true};
  LONGS_EQUAL(0, parsed(sample_stats(0), array)["source"].size());
  CHECK(parsed(sample_stats(0), array)["source"].is_array());
  LONGS_EQUAL(1, parsed(sample_stats(1), array)["source"].size());
  CHECK(parsed(sample_stats(1), array)["source"].is_array());
  LONGS_EQUAL(3, parsed(sample_stats(3), array)["source"].size());
}
TEST(StatusJson, KeepsPrivateThingsPrivate) {
  const json stats = parsed(sample_stats(1));
  for (const char* key : {"clients", "connections", "listeners", "sources", "stats",
                          "client_connections", "stats_connections"})
    CHECK(!stats.contains(key));
  for (const char* key : {"max_listeners", "public", "source_ip", "slow_listeners", "user_agent",
                          "total_bytes_read", "total_bytes_sent"})
    CHECK(!stats["source"].contains(key));
}
// They change each second, so that no answer would be like the last one.
TEST(StatusJson, LeavesTheNumbersOfIcecastKhOut) {
  StatsDocument document = sample_stats(1);
  for (const char* key : {"outgoing_kbitrate", "stream_kbytes_read", "stream_kbytes_sent"})
    document.globals[key] = "1";
  for (const char* key :
       {"connected", "incoming_bitrate", "listener_connections", "metadata_updated",
        "outgoing_kbitrate", "queue_size", "total_mbytes_sent"})
    document.sources[0].fields[key] = "1";
  const json before = parsed(sample_stats(1)), stats = parsed(document);
  CHECK(before == stats);
}
TEST(StatusJson, LeavesHiddenMountsOut) {
  StatsDocument document = sample_stats(2);
  document.sources[0].hidden = true;
  CHECK(parsed(document)["source"].is_object());
  CHECK(!parsed(document, {.mount = "/a.mp3"}).contains("source"));
}
TEST(StatusJson, EndsWithADummyOnlyBehindAHiddenChild) {
  StatsDocument document;
  document.sources.push_back({"/a", false, true, {{"listeners", "1"}, {"title", "t"}}});
  STRCMP_EQUAL("{\"icestats\":{\"source\":{\"listeners\":1,\"title\":\"t\"}}}",
               status_json(document, {}).c_str());
  document.sources[0].fields.emplace("user_agent", "libshout");
  STRCMP_EQUAL("{\"icestats\":{\"source\":{\"listeners\":1,\"title\":\"t\",\"dummy\":null}}}",
               status_json(document, {}).c_str());
}
TEST(StatusJson, IsValidWithNothingAtAll) {
  STRCMP_EQUAL("{\"icestats\":{}}", status_json({}, {}).c_str());
  StatsDocument document;
  document.sources.push_back({"/a", false, true, {}});
  STRCMP_EQUAL("{\"icestats\":{\"source\":{}}}", status_json(document, {}).c_str());
}
TEST(StatusJson, KeepsTextsTexts) {
  for (const std::string& text : hostile_texts()) {
    for (const char* key : {"title", "artist", "server_name", "genre", "yp_currently_playing"})
      CHECK(parsed_field(key, text).is_string());
  }
  CHECK(parsed_field("title", "1999") == "1999");
  CHECK(parsed_field("title", "true") == "true");
  CHECK(parsed_field("title", "") == "");
}
TEST(StatusJson, MakesNumbersOfCounters) {
  CHECK(parsed_field("listeners", "17").is_number_integer());
  CHECK(parsed_field("bitrate", "128") == 128);
  CHECK(parsed_field("ice-bitrate", "128") == 128);
  CHECK(parsed_field("audio_samplerate", "22050") == 22050);
  CHECK(parsed_field("ice-quality", "-1") == -1);
  CHECK(parsed_field("frame_rate", "29.97") == 29.97);
  CHECK(parsed_field("listeners", "0") == 0);
  CHECK(parsed_field("bitrate", "").is_null());
}
TEST(StatusJson, LeavesANumberThatIsNoneAsText) {
  for (const char* text : {"007", "1.", ".5", "-", "1e9", "+1", "0x10", "VBR", "128 kbit/s", "-.5",
                           "1.2.3", " 1", "1234567890123456"})
    CHECK(parsed_field("bitrate", text) == text);
}
TEST(StatusJson, IsValidForHostileTexts) {
  for (const std::string& text : hostile_texts()) {
    StatsDocument document = sample_stats(2);
    document.globals[text] = text;
    document.sources[0].mount = text;
    document.sources[0].fields[text] = text;
    document.sources[0].fields["bitrate"] = text;
    document.sources[1].fields["title"] = text;
    CHECK(json::accept(status_json(document, {})));
  }
}

// The judge is Icecast's own stylesheet; but '<' is escaped by us alone.
TEST(StatusJson, HasTheBytesOfXiphsStylesheet) {
  const std::string stock = "/usr/share/icecast2/web";
  if (!std::filesystem::exists(stock + "/status-json.xsl")) {
    UT_PRINT("skipped: no stock templates in /usr/share/icecast2");
    return;
  }
  XsltRenderer renderer;
  for (const int sources : {0, 1, 2, 3}) {
    StatsDocument document = sample_stats(sources);
    document.globals["location"] = "\"quoted\" \\ back";
    if (sources == 2) document.sources[1].fields = {{"listeners", "0"}, {"title", "last"}};
    auto page =
        renderer.render(TemplateRoot::kWeb, stock, "status-json.xsl", stats_xml(document, {}));
    CHECK(page.has_value());
    STRCMP_EQUAL("application/json; charset=UTF-8", page->content_type.c_str());
    std::string theirs;
    for (const char c : page->body) c == '<' ? theirs += "\\u003c" : theirs += c;
    STRCMP_EQUAL(theirs.c_str(), status_json(document, {}).c_str());
  }
}
