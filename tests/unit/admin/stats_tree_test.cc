#include "admin/page/stats_tree.h"

#include <libxml/parser.h>
#include <time.h>

#include <string>

#include "admin/sample_stats.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

StatsDocument small() {
  StatsDocument document;
  document.globals = {{"admin", "a&b"}, {"FLAC_version", "1"}, {"listeners", "0"}};
  StatsSource one;
  one.mount = "/a\"b";
  one.fields = {{"title", ""}, {"listeners", "1"}, {"ice-bitrate", "128"}};
  StatsSource hidden;
  hidden.mount = "/h";
  hidden.hidden = true;
  hidden.fields = {{"listeners", "2"}};
  document.sources = {one, hidden};
  return document;
}

bool well_formed(const std::string& xml) {
  xmlDocPtr doc = xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr,
                                XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  xmlFreeDoc(doc);
  return doc != nullptr;
}

}  // namespace

TEST_GROUP(StatsXml){};

TEST(StatsXml, HasIcecastsShapeAndOrder) {
  STRCMP_EQUAL(
      "<?xml version=\"1.0\"?>\n<icestats><FLAC_version>1</FLAC_version>"
      "<admin>a&amp;b</admin><listeners>0</listeners>"
      "<source mount=\"/a&quot;b\"><ice-bitrate>128</ice-bitrate>"
      "<listeners>1</listeners><title></title></source></icestats>\n",
      stats_xml(small(), {}).c_str());
}
TEST(StatsXml, ShowsHiddenMountsToAdminsOnly) {
  CHECK(stats_xml(small(), {}).find("/h") == std::string::npos);
  CHECK(stats_xml(small(), {.hidden_too = true, .mount = {}}).find("<source mount=\"/h\">") !=
        std::string::npos);
}
TEST(StatsXml, FiltersByMountAndKeepsTheGlobals) {
  const std::string xml = stats_xml(small(), {.hidden_too = true, .mount = "/h"});
  CHECK(xml.find("<admin>") != std::string::npos);
  CHECK(xml.find("mount=\"/h\"") != std::string::npos);
  CHECK(xml.find("ice-bitrate") == std::string::npos);
}
TEST(StatsXml, DoesNotShowAHiddenMountThatIsAskedForByName) {
  CHECK(stats_xml(small(), {.hidden_too = false, .mount = "/h"}).find("<source") ==
        std::string::npos);
}
TEST(StatsXml, IsEmptyButValidWithoutAnything) {
  STRCMP_EQUAL("<?xml version=\"1.0\"?>\n<icestats></icestats>\n", stats_xml({}, {}).c_str());
}
TEST(StatsXml, LeavesOutKeysThatAreNoNames) {
  StatsDocument document;
  document.globals = {{"<b>", "x"}, {"", "x"}, {"1a", "x"}, {"a:b", "x"}, {"ok", "y"}};
  STRCMP_EQUAL("<?xml version=\"1.0\"?>\n<icestats><ok>y</ok></icestats>\n",
               stats_xml(document, {}).c_str());
}
TEST(StatsXml, LeavesOutAServerUrlThatIsNotHttp) {
  CHECK(!field_is_shown("server_url", "javascript:alert(document.domain)"));
  CHECK(!field_is_shown("server_url", " http://x"));
  CHECK(!field_is_shown("server_url", "data:text/html,x"));
  CHECK(!field_is_shown("server_url", ""));
  CHECK(field_is_shown("server_url", "http://x"));
  CHECK(field_is_shown("server_url", "HTTPS://x"));
  CHECK(field_is_shown("server_description", "javascript:"));
}
TEST(StatsXml, IsWellFormedForHostileTexts) {
  for (const std::string& text : hostile_texts()) {
    StatsDocument document = sample_stats(1);
    document.globals[text] = text;
    document.sources[0].mount = "/" + text;
    document.sources[0].fields[text] = text;
    document.sources[0].fields["title"] = text;
    CHECK(well_formed(stats_xml(document, {})));
  }
}

TEST_GROUP(StatsEvents){};

TEST(StatsEvents, DumpsGlobalsAndMounts) {
  STRCMP_EQUAL(
      "EVENT global FLAC_version 1\nEVENT global admin a&b\nEVENT global listeners 0\n"
      "EVENT /a\"b ice-bitrate 128\nEVENT /a\"b listeners 1\nEVENT /a\"b title \n"
      "EVENT /h listeners 2\n",
      stats_event_lines(small()).c_str());
}
TEST(StatsEvents, ReportsNothingWhenNothingChanged) {
  STRCMP_EQUAL("", stats_event_lines(small(), small()).c_str());
}
TEST(StatsEvents, ReportsWhatIsNewAndWhatChanged) {
  StatsDocument after = small();
  after.globals["listeners"] = "1";
  after.sources[0].fields["title"] = "New";
  after.sources[0].fields["genre"] = "x";
  STRCMP_EQUAL("EVENT global listeners 1\nEVENT /a\"b genre x\nEVENT /a\"b title New\n",
               stats_event_lines(small(), after).c_str());
}
TEST(StatsEvents, ReportsWhatWent) {
  StatsDocument after = small();
  after.globals.erase("admin");
  after.sources[0].fields.erase("title");
  after.sources.pop_back();
  STRCMP_EQUAL("EVENT global admin null\nEVENT /a\"b title null\nEVENT /h null null\n",
               stats_event_lines(small(), after).c_str());
}
TEST(StatsEvents, WalksMountsThatComeAndGoInOrder) {
  StatsDocument before = sample_stats(0), after = before;
  for (const char* mount : {"/a", "/c", "/e"}) {
    before.sources.push_back({mount, false, true, {{"listeners", "1"}}});
  }
  for (const char* mount : {"/b", "/c", "/d", "/f"}) {
    after.sources.push_back({mount, false, true, {{"listeners", "1"}}});
  }
  STRCMP_EQUAL(
      "EVENT /a null null\nEVENT /b listeners 1\nEVENT /d listeners 1\n"
      "EVENT /e null null\nEVENT /f listeners 1\n",
      stats_event_lines(before, after).c_str());
}
TEST(StatsEvents, CannotBeBrokenByLineEndsInTexts) {
  StatsDocument document;
  document.globals["title"] = "a\nEVENT global admin evil";
  STRCMP_EQUAL("EVENT global title a EVENT global admin evil\n",
               stats_event_lines(document).c_str());
}
TEST(StatsEvents, TreatsAUrlThatBecameUnsafeAsGone) {
  StatsDocument before, after;
  before.globals["server_url"] = "http://x/";
  after.globals["server_url"] = "javascript:x";
  STRCMP_EQUAL("EVENT global server_url null\n", stats_event_lines(before, after).c_str());
  STRCMP_EQUAL("EVENT global server_url http://x/\n", stats_event_lines(after, before).c_str());
}
TEST(StatsEvents, LeavesOutLinesOf200BytesAndMore) {
  StatsDocument document;
  const std::string frame = "EVENT global t \n";
  document.globals["t"] = std::string(199 - frame.size(), 'x');
  LONGS_EQUAL(199, stats_event_lines(document).size());
  document.globals["t"] += 'x';
  STRCMP_EQUAL("", stats_event_lines(document).c_str());
}

TEST_GROUP(ByteCounters){static StatsDocument document(std::chrono::seconds at,
                                                       const std::string& bytes,
                                                       std::vector<std::string> mounts = {
                                                           "/a", "/b"}){StatsDocument made;
made.counted = SteadyTime(at);
for (std::string& mount : mounts)
  made.sources.push_back(
      {std::move(mount),
       false,
       true,
       {{"listeners", bytes}, {"total_bytes_read", bytes}, {"total_bytes_sent", bytes}}});
return made;
}
}
;
TEST(ByteCounters, AreToldEachFiveSeconds) {
  StatsDocument told = document(std::chrono::seconds(100), "1");
  std::string lines;
  for (int tenths = 4; tenths <= 56; tenths += 4) {
    StatsDocument now = document(std::chrono::seconds(100), std::to_string(tenths));
    now.counted += std::chrono::milliseconds(100 * tenths);
    keep_byte_counters(told, now);
    lines += stats_event_lines(told, now);
    told = std::move(now);
  }
  CHECK(lines.find("EVENT /a listeners 4\n") != std::string::npos);
  CHECK(lines.find("EVENT /a listeners 56\n") != std::string::npos);
  CHECK(lines.find("EVENT /b total_bytes_read 52\n") != std::string::npos);
  CHECK(lines.find("EVENT /b total_bytes_sent 52\n") != std::string::npos);
  CHECK(lines.find("total_bytes_read 4\n") == std::string::npos);
  CHECK(lines.find("total_bytes_read 56\n") == std::string::npos);
}
TEST(ByteCounters, OfANewMountAreThere) {
  const StatsDocument told = document(std::chrono::seconds(100), "1", {"/b"});
  StatsDocument now = document(std::chrono::seconds(101), "2", {"/a", "/b", "/c"});
  keep_byte_counters(told, now);
  STRCMP_EQUAL(
      "EVENT /a listeners 2\nEVENT /a total_bytes_read 2\nEVENT /a total_bytes_sent 2\n"
      "EVENT /b listeners 2\n"
      "EVENT /c listeners 2\nEVENT /c total_bytes_read 2\nEVENT /c total_bytes_sent 2\n",
      stats_event_lines(told, now).c_str());
}
TEST(ByteCounters, TheOtherNumbersThatChangeEachSecondAreKeptAsLong) {
  StatsDocument told = document(std::chrono::seconds(100), "1", {"/a"});
  StatsDocument now = document(std::chrono::seconds(101), "1", {"/a"});
  told.globals["stream_kbytes_sent"] = told.sources[0].fields["connected"] = "1";
  now.globals["stream_kbytes_sent"] = now.sources[0].fields["connected"] = "2";
  StatsDocument later = now;
  later.counted = told.counted + kByteCountPause;
  keep_byte_counters(told, now);
  STRCMP_EQUAL("", stats_event_lines(told, now).c_str());
  keep_byte_counters(told, later);
  STRCMP_EQUAL("EVENT global stream_kbytes_sent 2\nEVENT /a connected 2\n",
               stats_event_lines(told, later).c_str());
}
TEST_GROUP(StatsTree){};
// Looked through from the beginning, they are 1,250 million comparisons.
TEST(StatsTree, AMountIsFoundWithoutALookAtTheOthers) {
  StatsDocument document;
  for (int i = 0; i < 50'000; ++i)
    document.sources.emplace_back().mount = "/a/mount/of/many/" + std::to_string(100'000 + i);
  POINTERS_EQUAL(nullptr, find_source(document, "/a"));
  POINTERS_EQUAL(nullptr, find_source(document, "/b"));
  timespec before{}, after{};
  CHECK_EQUAL(0, ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before));
  for (const StatsSource& source : document.sources)
    POINTERS_EQUAL(&source, find_source(document, source.mount));
  CHECK_EQUAL(0, ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after));
  CHECK(after.tv_sec - before.tv_sec < 2);
}
