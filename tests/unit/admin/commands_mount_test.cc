#include <string>

#include "admin/fake_station.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string response(const std::string& message, int code, const std::string& more = "") {
  return document_of("<iceresponse><message>" + message + "</message><return>" +
                     std::to_string(code) + "</return>" + more + "</iceresponse>");
}
const std::string kUpdated = response("Metadata update successful", 1);

}  // namespace

TEST_GROUP(MountCommands) {
  FakeStation station;
  void setup() override {
    station.states = {{"/a", MountState::kRunning},
                      {"/b", MountState::kRunning},
                      {"/idle", MountState::kIdle},
                      {"/off", MountState::kStopped}};
  }
  void expect_error(const char* target, const char* text) {
    const AdminAnswer answer = ask(station, target);
    LONGS_EQUAL(400, answer.status);
    STRCMP_EQUAL(error_body(text).c_str(), answer.body.c_str());
  }
};

TEST(MountCommands, KillTheSource) {
  STRCMP_EQUAL(response("Source Removed", 1).c_str(),
               ask(station, "/admin/killsource?mount=/a").body.c_str());
  STRCMP_EQUAL("kill source /a", station.done.at(0).c_str());
  STRCMP_EQUAL("response.xsl",
               ask(station, "/admin/killsource.xsl?mount=/a").template_name.c_str());
}
TEST(MountCommands, KillOneOfItsEncoders) {
  STRCMP_EQUAL(response("Source 7 removed", 1).c_str(),
               ask(station, "/admin/killsource?mount=/a&id=7").body.c_str());
  STRCMP_EQUAL("kill encoder /a 7", station.done.at(0).c_str());
  STRCMP_EQUAL(response("Source 8 not found", 0).c_str(),
               ask(station, "/admin/killsource?mount=/a&id=8").body.c_str());
}
TEST(MountCommands, KillNoSourceWhereItsNodeRefuses) {
  station.outcome = {false, "node edge1: it is not linked"};
  STRCMP_EQUAL(document_of("<iceresponse><message>Source not removed: node edge1: it is not linked"
                           "</message><return>0</return></iceresponse>")
                   .c_str(),
               ask(station, "/admin/killsource?mount=/a").body.c_str());
  station.outcome = {};  // an idle relay
  STRCMP_CONTAINS("<message>Source Removed</message><return>1</return>",
                  ask(station, "/admin/killsource?mount=/a").body.c_str());
}
TEST(MountCommands, SayWhichNodesHaveNotMovedOrNotSetTheTitle) {
  station.move_fault = "node edge1: no answer in time";
  STRCMP_CONTAINS(
      "<message>3 clients moved from /a to /b, others not: node edge1: no answer in time</message>"
      "<return>1</return><moved>3</moved>",
      ask(station, "/admin/moveclients?mount=/a&destination=/b").body.c_str());
  station.verdict = TitleVerdict::kAtNode;
  station.title_fault = "node edge1: no answer in time";
  STRCMP_CONTAINS(
      "<message>Metadata not updated: node edge1: no answer in time</message>"
      "<return>0</return>",
      ask(station, "/admin/metadata?mount=/a&mode=updinfo&song=x").body.c_str());
}
TEST(MountCommands, MoveClients) {
  STRCMP_EQUAL(response("Clients moved from /a to /b", 1, "<moved>3</moved>").c_str(),
               ask(station, "/admin/moveclients?mount=/a&destination=/b").body.c_str());
  STRCMP_EQUAL("move /a /b", station.done.at(0).c_str());
  STRCMP_EQUAL(
      "response.xsl",
      ask(station, "/admin/moveclients.xsl?mount=/a&destination=/idle").template_name.c_str());
}
TEST(MountCommands, MoveClientsReportsTheListenersThatStayedAndWhy) {
  const auto answer = [this](MoveOffer offer) {
    station.offers["/b"] = std::move(offer);
    return ask(station, "/admin/moveclients?mount=/a&destination=/b").body;
  };
  STRCMP_EQUAL(
      response(
          "No listener was moved from /a to /b: /a is audio/mpeg and /b is audio/aac, and a player "
          "cannot change its format",
          0, "<moved>0</moved>")
          .c_str(),
      answer({5, false, "audio/mpeg", "audio/aac", "/b"}).c_str());
  STRCMP_EQUAL(
      response("No listener was moved from /a to /b: there is none", 1, "<moved>0</moved>").c_str(),
      answer({0, true, "audio/mpeg", "audio/mpeg", "/b"}).c_str());
  LONGS_EQUAL(0, station.done.size());
  STRCMP_EQUAL(response("3 of 5 clients moved from /a to /b", 1, "<moved>3</moved>").c_str(),
               answer({5, true, "audio/mpeg", "audio/mpeg", "/b"}).c_str());
}
TEST(MountCommands, OnlyMountsThatCanTakeThemAreOffered) {
  MountRow b, c;
  b.mount = "/b";
  c.mount = "/c";
  station.rows = {b, c};
  station.offers["/b"] = {1, false, "audio/mpeg", "audio/aac", "/b"};
  const std::string text = ask(station, "/admin/moveclients?mount=/a").body;
  CHECK(text.find("/b") == std::string::npos);
  CHECK(text.find("mount=\"/c\"") != std::string::npos);
}
TEST(MountCommands, MoveClientsToNowhere) {
  expect_error("/admin/moveclients?mount=/a&destination=/none", "No such destination");
  expect_error("/admin/moveclients?mount=/a&destination=", "No such destination");
  expect_error("/admin/moveclients?mount=/a&destination=/a", "supplied mountpoints are identical");
  expect_error("/admin/moveclients?mount=/a&destination=/off", "Destination not running");
  LONGS_EQUAL(0, station.done.size());
}
TEST(MountCommands, ListWhereClientsCouldMove) {
  MountRow a, b;
  a.mount = "/a";
  b.mount = "/b";
  station.rows = {b, a};
  const AdminAnswer answer = ask(station, "/admin/moveclients.xsl?mount=/a");
  STRCMP_EQUAL(document_of("<icestats><current_source>/a</current_source><source mount=\"/b\">"
                           "<fallback></fallback><listeners>0</listeners></source></icestats>")
                   .c_str(),
               answer.body.c_str());
  STRCMP_EQUAL("moveclients.xsl", answer.template_name.c_str());
  station.mounts_known = false;
  LONGS_EQUAL(503, ask(station, "/admin/moveclients?mount=/a").status);
}
TEST(MountCommands, SetTheFallback) {
  for (const char* target :
       {"/admin/fallbacks?mount=/a&fallback=/b", "/admin/fallbacks.xsl?mount=/a&fallback=/b",
        "/admin/fallback?mount=/a&fallback=/b"}) {
    const AdminAnswer answer = ask(station, target);
    LONGS_EQUAL(200, answer.status);
    STRCMP_EQUAL("text/html; charset=utf-8", answer.content_type.c_str());
    STRCMP_EQUAL("", answer.template_name.c_str());
    STRCMP_EQUAL(
        "<html><head><title>Admin request successful</title></head><body>"
        "<p>Fallback configured</p></body></html>",
        answer.body.c_str());
  }
  STRCMP_EQUAL("fallback /a /b", station.done.at(1).c_str());
  expect_error("/admin/fallbacks?mount=/a", "Missing parameter");
  station.fallback_fault = "node e1: it did not answer";
  const AdminAnswer answer = ask(station, "/admin/fallbacks?mount=/a&fallback=/b");
  LONGS_EQUAL(200, answer.status);
  STRCMP_CONTAINS("<p>Fallback configured, but not at node e1: it did not answer</p>",
                  answer.body.c_str());
}
TEST(MountCommands, GiveTheFormForATitle) {
  const AdminAnswer answer = ask(station, "/admin/updatemetadata.xsl?mount=/a");
  STRCMP_EQUAL(document_of("<icestats><source mount=\"/a\"/></icestats>").c_str(),
               answer.body.c_str());
  STRCMP_EQUAL("updatemetadata.xsl", answer.template_name.c_str());
}
TEST(MountCommands, BuildAPlaylistForAnybody) {
  const AdminAnswer answer =
      ask(station, "/admin/buildm3u?mount=/x.mp3&username=joe&password=pw", AdminRole::kNone);
  LONGS_EQUAL(200, answer.status);
  STRCMP_EQUAL("audio/x-mpegurl", answer.content_type.c_str());
  STRCMP_EQUAL("http://joe:pw@radio.example:8000/x.mp3\r\n", answer.body.c_str());
  STRCMP_EQUAL("Content-Disposition: attachment; filename=listen.m3u\r\n", answer.extra.c_str());
}
TEST(MountCommands, EncodeWhatGoesIntoThePlaylist) {
  const AdminAnswer answer =
      ask(station, "/admin/buildm3u?mount=/x%20y&username=a%40b&password=p%3A%2F%0d%0aX",
          AdminRole::kNone);
  STRCMP_EQUAL("http://a%40b:p%3A%2F%0D%0AX@radio.example:8000/x%20y\r\n", answer.body.c_str());
}
TEST(MountCommands, MissTheAccountOfAPlaylist) {
  expect_error("/admin/buildm3u?mount=/x", "Missing parameter");
  expect_error("/admin/buildm3u?mount=/x&username=a", "Missing parameter");
}

TEST(MountCommands, SetASong) {
  const AdminAnswer answer =
      ask(station, "/admin/metadata?mount=/a&mode=updinfo&song=A+%2D%20%E9&title=T&artist=X");
  STRCMP_EQUAL(kUpdated.c_str(), answer.body.c_str());
  STRCMP_EQUAL("A - \xE9", station.title.song.value_or("?").c_str());
  CHECK(!station.title.artist.has_value());
  CHECK(!station.title.title.has_value());
  CHECK(!station.title.url.has_value());
  STRCMP_EQUAL("", station.title.charset.c_str());
  STRCMP_EQUAL("", station.title.only_from_ip.c_str());
}
TEST(MountCommands, SetArtistAndTitleOnlyTogether) {
  ask(station,
      "/admin/metadata?mount=/a&mode=updinfo&artist=AC%2FDC&title=T&charset=UTF-8&url=http://u");
  STRCMP_EQUAL("AC/DC", station.title.artist.value_or("?").c_str());
  STRCMP_EQUAL("T", station.title.title.value_or("?").c_str());
  STRCMP_EQUAL("UTF-8", station.title.charset.c_str());
  STRCMP_EQUAL("http://u", station.title.url.value_or("?").c_str());
  for (const char* alone : {"&title=T", "&artist=A", ""}) {
    const AdminAnswer answer =
        ask(station, std::string("/admin/metadata?mount=/a&mode=updinfo") + alone);
    STRCMP_EQUAL(kUpdated.c_str(), answer.body.c_str());
    CHECK(!station.title.song && !station.title.artist && !station.title.title);
  }
}
TEST(MountCommands, SetAnEmptySong) {
  ask(station, "/admin/metadata?mount=/a&mode=updinfo&song=");
  STRCMP_EQUAL("", station.title.song.value_or("?").c_str());
}
TEST(MountCommands, HoldASourceToItsAddressOnTheRawForm) {
  ask(station, "/admin/metadata?mount=/a&mode=updinfo&song=x", AdminRole::kSource);
  STRCMP_EQUAL("192.0.2.1", station.title.only_from_ip.c_str());
  ask(station, "/admin/metadata.xsl?mount=/a&mode=updinfo&song=x", AdminRole::kSource);
  STRCMP_EQUAL("", station.title.only_from_ip.c_str());
  ask(station, "/admin/metadata?mount=/a&mode=updinfo&song=x", AdminRole::kAdmin);
  STRCMP_EQUAL("", station.title.only_from_ip.c_str());
}
TEST(MountCommands, AnswerForFormatsThatTakeNoTitles) {
  station.verdict = TitleVerdict::kRefused;
  const AdminAnswer answer = ask(station, "/admin/metadata?mount=/a&mode=updinfo&song=x");
  LONGS_EQUAL(200, answer.status);
  STRCMP_EQUAL(response("Mountpoint will not accept URL updates", 1).c_str(), answer.body.c_str());
}
TEST(MountCommands, NoticeThatTheSourceWentMeanwhile) {
  station.verdict = TitleVerdict::kNoSource;
  expect_error("/admin/metadata?mount=/a&mode=updinfo&song=x", "Source is not available");
}
TEST(MountCommands, WantTheModeOfATitle) {
  expect_error("/admin/metadata?mount=/a&song=x", "Missing parameter");
  const AdminAnswer answer = ask(station, "/admin/metadata?mount=/a&mode=other&song=x");
  LONGS_EQUAL(200, answer.status);
  STRCMP_EQUAL(response("No such action", 0).c_str(), answer.body.c_str());
  LONGS_EQUAL(0, station.done.size());
  STRCMP_EQUAL("response.xsl",
               ask(station, "/admin/metadata.xsl?mount=/a&mode=other").template_name.c_str());
}

TEST_GROUP(AdminCgi) {
  FakeStation station;
  void setup() override { station.states["/sc"] = MountState::kRunning; }
  AdminAnswer cgi(const std::string& query, AdminRole role = AdminRole::kSource,
                  const char* mount = "/sc") {
    AdminAnswer out;
    int answers = 0;
    answer_admin_cgi(admin_request("/admin.cgi?" + query, role), mount, station,
                     [&](AdminAnswer answer) {
                       out = std::move(answer);
                       ++answers;
                     });
    LONGS_EQUAL(1, answers);
    return out;
  }
  void expect_error(const AdminAnswer& answer, const char* text) {
    LONGS_EQUAL(400, answer.status);
    STRCMP_EQUAL(error_body(text).c_str(), answer.body.c_str());
  }
};

TEST(AdminCgi, SetsTheTitle) {
  for (const AdminRole role : {AdminRole::kSource, AdminRole::kAdmin}) {
    const AdminAnswer answer = cgi("pass=x&mode=updinfo&song=SC+Title%20One", role);
    LONGS_EQUAL(200, answer.status);
    STRCMP_EQUAL("text/html; charset=utf-8", answer.content_type.c_str());
    CHECK(answer.body.find("<p>Metadata update successful</p>") != std::string::npos);
    STRCMP_EQUAL("SC Title One", station.title.song.value_or("?").c_str());
    STRCMP_EQUAL(role == AdminRole::kSource ? "192.0.2.1" : "", station.title.only_from_ip.c_str());
  }
}
TEST(AdminCgi, WantsThePasswordFirst) {
  expect_error(cgi("mode=updinfo&song=x", AdminRole::kNone), "missing pass parameter");
  LONGS_EQUAL(401, cgi("pass=bad&mode=updinfo&song=x", AdminRole::kNone).status);
  LONGS_EQUAL(401, cgi("pass=rel&mode=updinfo&song=x", AdminRole::kRelay).status);
  LONGS_EQUAL(0, station.done.size());
}
TEST(AdminCgi, WantsModeAndSong) {
  expect_error(cgi("pass=x&mode=updinfo"), "Missing parameter");
  expect_error(cgi("pass=x&song=a"), "Missing parameter");
  expect_error(cgi("pass=x&mode=viewsomething&song=a"), "No such action");
}
TEST(AdminCgi, WantsAShoutcastSource) {
  expect_error(cgi("pass=x&mode=updinfo&song=a", AdminRole::kSource, "/none"),
               "Source does not exist");
  station.states["/sc"] = MountState::kStopped;
  expect_error(cgi("pass=x&mode=updinfo&song=a"), "Source is not available");
  station.states["/sc"] = MountState::kRunning;
  station.shoutcast = false;
  expect_error(cgi("pass=x&mode=updinfo&song=a"), "illegal metadata call");
}
TEST(AdminCgi, ReportsWhenTheTitleWasNotSet) {
  station.verdict = TitleVerdict::kRefused;
  expect_error(cgi("pass=x&mode=updinfo&song=a"), "mountpoint will not accept URL updates");
  station.verdict = TitleVerdict::kNoSource;
  expect_error(cgi("pass=x&mode=updinfo&song=a"), "Source is not available");
}
