#include "admin/command/command.h"

#include <string>
#include <vector>

#include "admin/fake_station.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr const char* kNames[] = {"stats",          "stats.xml",   "listmounts", "streamlist",
                                  "streamlist.txt", "listclients", "killclient", "killsource",
                                  "moveclients",    "fallbacks",   "metadata",   "updatemetadata",
                                  "manageauth",     "buildm3u"};

std::string name_of(const AdminLookup& lookup) {
  if (lookup.command == nullptr) return "unknown";
  return std::string(lookup.command->name) +
         (lookup.format == AdminFormat::kPage ? " page" : " raw");
}

void check_error(const AdminAnswer& answer, const std::string& text) {
  LONGS_EQUAL(400, answer.status);
  STRCMP_EQUAL("text/html; charset=utf-8", answer.content_type.c_str());
  STRCMP_EQUAL(error_body(text).c_str(), answer.body.c_str());
  STRCMP_EQUAL("", answer.template_name.c_str());
}

}  // namespace

TEST_GROUP(AdminLookup){};

TEST(AdminLookup, KnowsEveryCommand) {
  for (const std::string name : kNames)
    STRCMP_EQUAL((name + " raw").c_str(), name_of(admin_lookup("/admin/" + name)).c_str());
}
TEST(AdminLookup, KnowsThePagesOfCommands) {
  for (const std::string name :
       {"stats", "listmounts", "listclients", "killclient", "killsource", "moveclients",
        "fallbacks", "metadata", "updatemetadata", "manageauth"})
    STRCMP_EQUAL((name + " page").c_str(),
                 name_of(admin_lookup("/admin/" + name + ".xsl")).c_str());
}
TEST(AdminLookup, TakesTheRootForTheStatsPage) {
  STRCMP_EQUAL("stats page", name_of(admin_lookup("/admin/")).c_str());
}
TEST(AdminLookup, RefusesEverythingElse) {
  for (const char* path :
       {"/admin/nope", "/admin/!POKE", "/admin/streamlist.xsl", "/admin/streamlist.txt.xsl",
        "/admin/stats.xml.xsl", "/admin/buildm3u.xsl", "/admin/.xsl", "/admin/Stats",
        "/admin/stats/", "/admin/stats.xsl.xsl", "/admin/response.xsl", "/admin", "/stats", "",
        "/admin.cgi"})
    STRCMP_EQUAL("unknown", name_of(admin_lookup(path)).c_str());
}
TEST(AdminLookup, KnowsItsPaths) {
  CHECK(is_admin_path("/admin/"));
  CHECK(is_admin_path("/admin/x"));
  CHECK(is_admin_path("/admin.cgi"));
  CHECK(!is_admin_path("/admin"));
  CHECK(!is_admin_path("/adminx"));
  CHECK(!is_admin_path("/admin.cgi/x"));
}

TEST_GROUP(AdminAccess){};

TEST(AdminAccess, GivesEachRoleItsOwnCommands) {
  struct Row {
    const char* name;
    const char* with_mount;  // allowed roles: a(dmin) s(ource) r(elay) n(one)
    const char* without_mount;
  };
  const Row rows[] = {
      {"stats", "as", "a"},          {"stats.xml", "as", "a"},     {"listmounts", "a", "a"},
      {"streamlist", "a", "a"},      {"streamlist.txt", "r", "r"}, {"listclients", "as", "a"},
      {"killclient", "a", "a"},      {"killsource", "a", "a"},     {"moveclients", "a", "a"},
      {"fallbacks", "a", "a"},       {"metadata", "as", "a"},      {"updatemetadata", "as", "a"},
      {"sourcelist.txt", "r", "r"},  {"streams", "r", "r"},        {"cluster.json", "a", "a"},
      {"cluster/explain", "a", "a"}, {"manageauth", "a", "a"},     {"buildm3u", "asrn", "asrn"}};
  const std::pair<char, AdminRole> roles[] = {{'a', AdminRole::kAdmin},
                                              {'s', AdminRole::kSource},
                                              {'r', AdminRole::kRelay},
                                              {'n', AdminRole::kNone}};
  for (const Row& row : rows) {
    const AdminCommand* command = admin_lookup(std::string("/admin/") + row.name).command;
    for (const auto& [letter, role] : roles) {
      CHECK_EQUAL_TEXT(std::string(row.with_mount).find(letter) != std::string::npos,
                       admin_allows(*command, role, {true, false, false}), row.name);
      CHECK_EQUAL_TEXT(std::string(row.without_mount).find(letter) != std::string::npos,
                       admin_allows(*command, role, {false, false, false}), row.name);
    }
  }
}

TEST_GROUP(AdminOrder) {
  FakeStation station;
  void setup() override {
    station.states = {{"/live", MountState::kRunning},
                      {"/idle", MountState::kIdle},
                      {"/off", MountState::kStopped}};
  }
};

TEST(AdminOrder, CallsAnUnknownCommandUnknownBeforeItAsksForAPassword) {
  for (const char* path : {"/admin/nope", "/admin/!POKE", "/admin/streamlist.xsl"})
    check_error(ask(station, path, AdminRole::kNone), "Unrecognised command");
}
TEST(AdminOrder, AsksForAPasswordBeforeAnyOtherCheck) {
  for (const char* target : {"/admin/stats", "/admin/", "/admin/listclients",
                             "/admin/killsource?mount=/none", "/admin/metadata?mount=/live"}) {
    const AdminAnswer answer = ask(station, target, AdminRole::kNone);
    LONGS_EQUAL(401, answer.status);
    STRCMP_EQUAL("text/plain; charset=utf-8", answer.content_type.c_str());
    STRCMP_EQUAL("You need to authenticate\r\n", answer.body.c_str());
  }
}
TEST(AdminOrder, RefusesSourcesWhatIsNotTheirs) {
  for (const char* target :
       {"/admin/killsource?mount=/live", "/admin/killclient?mount=/live&id=1",
        "/admin/moveclients?mount=/live", "/admin/fallbacks?mount=/live&fallback=/x",
        "/admin/manageauth?mount=/live", "/admin/stats", "/admin/listmounts?mount=/live"})
    LONGS_EQUAL(401, ask(station, target, AdminRole::kSource).status);
  LONGS_EQUAL(0, station.done.size());
}
TEST(AdminOrder, RefusesTheRelayPasswordEverywhereButForTheList) {
  LONGS_EQUAL(401, ask(station, "/admin/listclients?mount=/live", AdminRole::kRelay).status);
  LONGS_EQUAL(401, ask(station, "/admin/streamlist.txt", AdminRole::kAdmin).status);
  LONGS_EQUAL(401, ask(station, "/admin/streamlist.txt", AdminRole::kSource).status);
  LONGS_EQUAL(200, ask(station, "/admin/streamlist.txt", AdminRole::kRelay).status);
}
TEST(AdminOrder, MissesTheMountOfAMountCommand) {
  for (const char* path :
       {"/admin/listclients", "/admin/killsource", "/admin/buildm3u?username=a&password=b"})
    check_error(ask(station, path), "Unknown admin request");
}
TEST(AdminOrder, AMountWithoutANameDoesNotExist) {
  for (const char* path : {"/admin/metadata?mount=", "/admin/stats?mount="})
    check_error(ask(station, path), "Source does not exist");
}
TEST(AdminOrder, DoesNotKnowAMountThatIsNotThere) {
  for (const std::string name : kNames) {
    if (name == "streamlist.txt" || name == "buildm3u") continue;
    check_error(ask(station, "/admin/" + name + "?mount=/none"), "Source does not exist");
    check_error(ask(station, "/admin/" + name + "?mount=/off"), "Source is not available");
  }
}
TEST(AdminOrder, KnowsNoGeneralCommandWithAMount) {
  check_error(ask(station, "/admin/listmounts?mount=/live"), "Mount request unknown");
  check_error(ask(station, "/admin/streamlist?mount=/live"), "Mount request unknown");
}
TEST(AdminOrder, TakesAnIdleRelayForAMount) {
  LONGS_EQUAL(200, ask(station, "/admin/listclients?mount=/idle").status);
}
TEST(AdminOrder, DecodesTheMount) {
  station.states["/a b&c"] = MountState::kRunning;
  LONGS_EQUAL(200, ask(station, "/admin/listclients?x=y&mount=%2Fa+b%26c").status);
}
TEST(AdminOrder, RefusesCrossSiteRequestsThatChangeSomething) {
  for (const char* target :
       {"/admin/killsource?mount=/live", "/admin/killclient.xsl?mount=/live&id=1",
        "/admin/metadata?mount=/live&mode=updinfo&song=x", "/admin/fallbacks?mount=/live",
        "/admin/moveclients?mount=/live&destination=/idle",
        "/admin/manageauth?mount=/live&action=add"}) {
    AdminRequest request = admin_request(target, AdminRole::kAdmin);
    request.headers.add("origin", "http://evil.example");
    request.headers.add("host", "radio.example");
    const AdminAnswer answer = ask(station, std::move(request));
    LONGS_EQUAL(403, answer.status);
    CHECK(answer.body.find("403 - This request came from another site") != std::string::npos);
  }
  LONGS_EQUAL(0, station.done.size());
}
TEST(AdminOrder, JudgesEveryChangeByWhereItComesFrom) {
  // A request's headers, and whether it may change something.
  struct Origin {
    const char* what;
    std::vector<std::pair<const char*, const char*>> headers;
    bool may_change;
  };
  const Origin origins[] = {
      {"a script", {}, true},
      {"a script with a name", {{"user-agent", "python-requests/2.28"}}, true},
      {"our page", {{"sec-fetch-site", "same-origin"}}, true},
      {"the address bar", {{"sec-fetch-site", "none"}}, true},
      {"our page over http", {{"origin", "http://radio.example:8000"}}, true},
      {"a link of our page over http", {{"referer", "http://radio.example:8000/admin/"}}, true},
      {"another site", {{"sec-fetch-site", "cross-site"}}, false},
      {"a neighbour", {{"sec-fetch-site", "same-site"}}, false},
      {"another site over http", {{"origin", "http://evil.example"}}, false},
      {"a sandbox", {{"origin", "null"}}, false},
      {"a link of another site", {{"referer", "http://evil.example/"}}, false},
      {"a browser that says nothing",
       {{"user-agent", "Mozilla/5.0 (X11)"}, {"accept-language", "en"}},
       false},
      {"fetched ahead", {{"sec-fetch-site", "none"}, {"sec-purpose", "prefetch;prerender"}}, false},
  };
  struct Change {
    const char* path;
    const char* query;
  };
  const Change changes[] = {{"killsource", "mount=/live"},
                            {"killclient", "mount=/live&id=1"},
                            {"moveclients", "mount=/live&destination=/idle"},
                            {"fallbacks", "mount=/live&fallback=/idle"},
                            {"metadata", "mount=/live&mode=updinfo&song=x"},
                            {"manageauth", "mount=/live&action=add&username=a&password=b"},
                            {"manageauth", "mount=/live&action=delete&username=a"}};
  station.listeners["/live"] = {{1, "192.0.2.1", "", "", 0}};
  for (const Origin& origin : origins) {
    for (const Change& change : changes) {
      for (const char* suffix : {"", ".xsl"}) {
        AdminRequest request = admin_request(
            std::string("/admin/") + change.path + suffix + "?" + change.query, AdminRole::kAdmin);
        request.headers.add("host", "radio.example:8000");
        for (const auto& [name, value] : origin.headers) request.headers.add(name, value);
        station.done.clear();
        const int status = ask(station, std::move(request)).status;
        const std::string text = std::string(origin.what) + ": " + change.path + suffix;
        LONGS_EQUAL_TEXT(origin.may_change ? 200 : 403, status, text.c_str());
        LONGS_EQUAL_TEXT(origin.may_change ? 1 : 0, station.done.size(), text.c_str());
      }
    }
  }
}
TEST(AdminOrder, KnowsEveryCommandThatChangesSomething) {
  // Every command is listed here with whether it changes something.
  for (const std::string name : kNames) {
    const AdminCommand* command = admin_lookup("/admin/" + name).command;
    const bool changes = admin_changes_state(*command, "mount=/a&destination=/b&action=add");
    const bool expected = name == "killclient" || name == "killsource" || name == "moveclients" ||
                          name == "fallbacks" || name == "metadata" || name == "manageauth";
    CHECK_EQUAL_TEXT(expected, changes, name.c_str());
  }
  LONGS_EQUAL(14, std::size(kNames));
}
TEST(AdminOrder, LetsCrossSiteLinksShowPages) {
  for (const char* target :
       {"/admin/stats.xsl", "/admin/listmounts.xsl", "/admin/moveclients.xsl?mount=/live",
        "/admin/updatemetadata.xsl?mount=/live", "/admin/manageauth.xsl?mount=/live",
        "/admin/listclients.xsl?mount=/live"}) {
    AdminRequest request = admin_request(target, AdminRole::kAdmin);
    request.headers.add("sec-fetch-site", "cross-site");
    LONGS_EQUAL(200, ask(station, std::move(request)).status);
  }
}
TEST(AdminOrder, RefusesSomeRequestsBeforeAskingForAPassword) {
  Headers evil;
  evil.add("sec-fetch-site", "cross-site");
  CHECK(!admin_refusal_before_auth("/admin/stats", "", evil).has_value());
  CHECK(!admin_refusal_before_auth("/admin/killsource", "mount=/x", Headers()).has_value());
  LONGS_EQUAL(403, admin_refusal_before_auth("/admin/killsource", "mount=/x", evil)->status);
  LONGS_EQUAL(400, admin_refusal_before_auth("/admin/nope", "", evil)->status);
}
TEST(AdminOrder, AnswersLaterWhenTheStationDoes) {
  station.later = true;
  int answers = 0;
  answer_admin(admin_request("/admin/stats", AdminRole::kAdmin), station,
               [&](AdminAnswer answer) { answers += answer.status == 200 ? 1 : 100; });
  LONGS_EQUAL(0, answers);
  LONGS_EQUAL(1, station.waiting.size());
  station.waiting.front()();
  LONGS_EQUAL(1, answers);
}
TEST(AdminOrder, LosesNothingWhenTheStationNeverAnswers) {
  station.later = true;
  for (const char* target : {"/admin/listclients?mount=/live", "/admin/killclient?mount=/live&id=1",
                             "/admin/metadata?mount=/live&mode=updinfo"})
    answer_admin(admin_request(target, AdminRole::kAdmin), station,
                 [](AdminAnswer) { FAIL("answered"); });
  station.waiting.clear();
}
TEST(AdminOrder, EscapesErrorTexts) {
  CHECK(admin_error(400, "<b>&").body.find("400 - &lt;b&gt;&amp;") != std::string::npos);
}
