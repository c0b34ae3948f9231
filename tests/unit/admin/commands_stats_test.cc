#include <string>

#include "admin/fake_station.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

MountRow row(const std::string& mount) {
  MountRow out;
  out.mount = mount;
  out.content_type = "audio/mpeg";
  out.connected_seconds = 5;
  return out;
}

}  // namespace

TEST_GROUP(StatsCommands) {
  FakeStation station;
  void setup() override {
    station.document = sample_stats(2);
    station.document.sources[1].hidden = true;
    station.states = {{"/a.mp3", MountState::kRunning}, {"/b & c.mp3", MountState::kRunning}};
  }
};

TEST(StatsCommands, ShowHiddenMountsToo) {
  const AdminAnswer answer = ask(station, "/admin/stats");
  LONGS_EQUAL(200, answer.status);
  STRCMP_EQUAL(kXmlType, answer.content_type.c_str());
  STRCMP_EQUAL("", answer.template_name.c_str());
  CHECK(answer.with_length);
  STRCMP_EQUAL(stats_xml(station.document, {.hidden_too = true, .mount = {}}).c_str(),
               answer.body.c_str());
}
TEST(StatsCommands, AreTheSameUnderEveryName) {
  const std::string body = ask(station, "/admin/stats").body;
  STRCMP_EQUAL(body.c_str(), ask(station, "/admin/stats.xml").body.c_str());
  for (const char* page : {"/admin/", "/admin/stats.xsl"}) {
    const AdminAnswer answer = ask(station, page);
    STRCMP_EQUAL(body.c_str(), answer.body.c_str());
    STRCMP_EQUAL("stats.xsl", answer.template_name.c_str());
  }
}
TEST(StatsCommands, ShowOneMountToItsSource) {
  const AdminAnswer answer = ask(station, "/admin/stats?mount=/a.mp3", AdminRole::kSource);
  LONGS_EQUAL(200, answer.status);
  CHECK(answer.body.find("mount=\"/a.mp3\"") != std::string::npos);
  CHECK(answer.body.find("/b &amp;") == std::string::npos);
}

TEST_GROUP(ListMounts) { FakeStation station; };

TEST(ListMounts, HasIcecastsElementsFirst) {
  MountRow live = row("/a.mp3");
  live.fallback = "/b<c";
  live.listeners = 2;
  live.authenticator = "htpasswd";
  MountRow idle;
  idle.mount = "/idle";
  idle.state = MountState::kIdle;
  MountRow off = row("/off");
  off.state = MountState::kStopped;
  station.rows = {off, live, idle};
  const AdminAnswer answer = ask(station, "/admin/listmounts");
  STRCMP_EQUAL(document_of("<icestats><source mount=\"/a.mp3\"><fallback>/b&lt;c</fallback>"
                           "<listeners>2</listeners><authenticator>htpasswd</authenticator>"
                           "<Connected>5</Connected><content-type>audio/mpeg</content-type>"
                           "<connected>5</connected></source>"
                           "<source mount=\"/idle\"><fallback></fallback>"
                           "<listeners>0</listeners></source></icestats>")
                   .c_str(),
               answer.body.c_str());
  STRCMP_EQUAL(answer.body.c_str(), ask(station, "/admin/streamlist").body.c_str());
  STRCMP_EQUAL("listmounts.xsl", ask(station, "/admin/listmounts.xsl").template_name.c_str());
}
TEST(ListMounts, HasTheListenersHereBesideThoseOfACluster) {
  MountRow live = row("/a.mp3");
  live.listeners = 6;
  live.listeners_local = 0;
  station.rows = {live};
  CHECK(ask(station, "/admin/listmounts").body.find("<listeners>6</listeners>") !=
        std::string::npos);
  CHECK(ask(station, "/admin/listmounts").body.find("<listeners_local>0</listeners_local>") !=
        std::string::npos);
}
TEST(ListMounts, HasTheEncodersOfAMountWithStandbys) {
  MountRow live = row("/a.mp3");
  live.encoders = {{7, "192.0.2.1", "main", -1, "writes"}, {9, "192.0.2.2", "b", 2, "silent"}};
  station.rows = {live};
  CHECK(
      ask(station, "/admin/listmounts")
          .body.find("<encoder id=\"7\"><IP>192.0.2.1</IP><username>main</username>"
                     "<priority>-1</priority><state>writes</state></encoder><encoder id=\"9\">") !=
      std::string::npos);
}
TEST(ListMounts, SortsByMountInByteOrder) {
  station.rows = {row("/b"), row("/a"), row("/Z")};
  const std::string body = ask(station, "/admin/listmounts").body;
  CHECK(body.find("/Z") < body.find("\"/a\"") && body.find("\"/a\"") < body.find("\"/b\""));
}
TEST(ListMounts, ReportsThatTheValueIsNotKnownYet) {
  station.mounts_known = false;
  for (const auto& [target, role] : {std::pair("/admin/listmounts", AdminRole::kAdmin),
                                     std::pair("/admin/streamlist.txt", AdminRole::kRelay)}) {
    const AdminAnswer answer = ask(station, target, role);
    LONGS_EQUAL(503, answer.status);
    STRCMP_EQUAL("Retry-After: 5\r\n", answer.extra.c_str());
  }
}

TEST_GROUP(StreamList) { FakeStation station; };

TEST(StreamList, HasALineForEveryVisibleMountThatPlaysOrCould) {
  MountRow idle = row("/idle");
  idle.state = MountState::kIdle;
  MountRow covered = row("/covered");
  covered.state = MountState::kStopped;
  covered.fallback_runs = true;
  MountRow off = row("/off");
  off.state = MountState::kStopped;
  MountRow hidden = row("/hidden");
  hidden.hidden = true;
  MountRow file = row("/file.mp3");
  file.is_file = true;
  station.rows = {row("/s2.mp3"), row("/s1.mp3"), idle, covered, off, hidden, file};
  const AdminAnswer answer = ask(station, "/admin/streamlist.txt", AdminRole::kRelay);
  LONGS_EQUAL(200, answer.status);
  STRCMP_EQUAL("text/plain; charset=utf-8", answer.content_type.c_str());
  STRCMP_EQUAL("/covered\r\n/idle\r\n/s1.mp3\r\n/s2.mp3\r\n", answer.body.c_str());
  CHECK(!answer.with_length);
}
TEST(StreamList, LeavesOutAMountThatWouldBreakTheLines) {
  station.rows = {row("/a\r\n/evil"), row("/b\x7F"), row("/ok")};
  STRCMP_EQUAL("/ok\r\n", ask(station, "/admin/streamlist.txt", AdminRole::kRelay).body.c_str());
}
TEST(StreamList, IgnoresAMountParameter) {
  station.rows = {row("/ok")};
  LONGS_EQUAL(200, ask(station, "/admin/streamlist.txt?mount=/none", AdminRole::kRelay).status);
}
TEST(StreamList, IsEmptyWithoutMounts) {
  const AdminAnswer answer = ask(station, "/admin/streamlist.txt", AdminRole::kRelay);
  LONGS_EQUAL(200, answer.status);
  STRCMP_EQUAL("", answer.body.c_str());
}
