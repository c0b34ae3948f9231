#include "admin/access.h"

#include <map>
#include <set>
#include <string>

#include "admin/command.h"
#include "admin/login_page.h"
#include "admin/session_marks.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::string_view kRoleLetters = "nsrvowa";  // in the order of AdminRole

// Who may, with a mount of its own / without one, as letters.
struct Expected {
  std::string own, without, with_foreign;
};

}  // namespace

TEST_GROUP(Access){};

// oneplace.md 1.4, endpoint by endpoint.
TEST(Access, IsTheMatrixOfTheDesign) {
  const Expected reads{"svowa", "va", "sva"}, filtered{"vowa", "vowa", "vowa"},
      viewed{"vowa", "va", "va"}, viewed_only{"va", "va", "va"}, runs{"owa", "a", "a"},
      titles{"sowa", "a", "sa"}, node{"a", "a", "a"}, relay{"r", "r", "r"},
      anyone{"nsrvowa", "nsrvowa", "nsrvowa"}, owner{"wa", "a", "a"};
  const std::map<std::string, Expected, std::less<>> matrix{
      {"stats", reads},
      {"stats.xml", reads},
      {"listclients", reads},
      {"listmounts", filtered},
      {"streamlist", filtered},
      {"cluster", filtered},
      {"cluster.js", filtered},
      {"cluster.json", filtered},
      {"cluster/explain", viewed},
      {"cluster/links.json", filtered},
      {"cluster/ingest.json", filtered},
      {"cluster/messages.json", viewed_only},
      {"cluster/message", node},
      {"cluster/command", runs},
      {"external.json", node},
      {"external/confirm", node},
      {"archive", viewed},
      {"killclient", runs},
      {"killsource", runs},
      {"moveclients", runs},
      {"fallbacks", runs},
      {"manageauth", runs},
      {"metadata", titles},
      {"updatemetadata", titles},
      {"drain", node},
      {"undrain", node},
      {"streamlist.txt", relay},
      {"sourcelist.txt", relay},
      {"streams", relay},
      {"buildm3u", anyone},
      {"/metrics", filtered},
      {"/admin/events", filtered},
      {"STATS", viewed_only},
      {"/admin/archive.json", viewed},
      {"/admin/archive/delete", owner},
      {"MOUNT?from=", runs},
      {"/admin/console", filtered},
      {"/admin/login", anyone},
      {"/admin/logout", anyone},
      {"/api/v1/session", anyone},
      {"/api/v1/session/handover", filtered},
      {"/api/v1/users/NAME/sessions", filtered},
  };
  std::set<std::string> seen;
  for (const AccessRow& row : access_rows()) {
    const std::string path(row.path);
    CHECK_TEXT(seen.insert(path).second, ("two rows for " + path).c_str());
    const auto expected = matrix.find(path);
    CHECK_TEXT(expected != matrix.end(), ("no line in the matrix for " + path).c_str());
    const auto allowed = [&](bool has_mount, bool owns) {
      std::string letters;
      for (std::size_t i = 0; i < kRoleLetters.size(); ++i)
        if (access_allows(row, static_cast<AdminRole>(i), has_mount, owns))
          letters += kRoleLetters[i];
      return letters;
    };
    CHECK_EQUAL_TEXT(expected->second.own, allowed(true, true), path.c_str());
    CHECK_EQUAL_TEXT(expected->second.without, allowed(false, false), path.c_str());
    CHECK_EQUAL_TEXT(expected->second.with_foreign, allowed(true, false), path.c_str());
  }
  LONGS_EQUAL(matrix.size(), seen.size());
}
TEST(Access, OperatorsAndOwnersOwnWhatTheirRecordSays) {
  Identity identity;
  identity.role = AdminRole::kOperator;
  identity.mounts = {"/live", "/acme/*"};
  identity.account = "acme";
  identity.book = std::make_shared<const UserBook>(
      std::vector<User>{}, std::vector<ApiToken>{},
      std::map<std::string, std::string, std::less<>>{{"/rock", "acme"}, {"/jazz", "other"}});
  for (const char* mount : {"/live", "/acme/one"}) CHECK_TEXT(identity.owns(mount), mount);
  for (const char* mount : {"", "/", "/live2", "/acme/one/two", "/rock", "/jazz"})
    CHECK_TEXT(!identity.owns(mount), mount);
  identity.role = AdminRole::kOwner;
  CHECK(identity.owns("/rock") && identity.owns("/live"));
  CHECK(!identity.owns("/jazz"));
  identity.account.clear();
  CHECK(!identity.owns("/unknown"));
}

TEST_GROUP(SessionMarks){static std::string marked(const std::string& page){
    return with_session_marks(page, "VALUE", "<anna>");
}
}
;

TEST(SessionMarks, FormsOfThisServerBringTheValueAlong) {
  const std::string field = "<input type=\"hidden\" name=\"csrf\" value=\"VALUE\"/>";
  for (const char* form :
       {"<form class=\"sure\" method=\"post\" action=\"x.xsl\">", "<FORM METHOD='POST'>",
        "<form action=\"/admin/x?a>b\" method=\"post\">"})
    STRCMP_EQUAL((form + field + "<p/></form>").c_str(),
                 marked(std::string(form) + "<p/></form>").c_str());
}
TEST(SessionMarks, OtherFormsDoNot) {
  for (const char* form :
       {"<form action=\"x\">", "<form method=\"get\">", "<formx method=\"post\">",
        "<form method=\"post\" action=\"https://evil.example/\">",
        "<form method=\"post\" action=\"//evil.example/\">", "<!-- <form method=\"post\"> -->",
        "<form method=\"post\""})
    STRCMP_EQUAL(form, marked(form).c_str());
}
TEST(SessionMarks, ThePageGetsTheValueAndAWayOut) {
  const std::string page = marked("<html><head><title>x</title></head><header>a</header></html>");
  CHECK(page.find("<head><meta name=\"lb-csrf\" content=\"VALUE\"/><title>") != std::string::npos);
  CHECK(page.find("action=\"/admin/logout\"") < page.find("</header>"));
  CHECK(page.find("Log out &lt;anna&gt;") != std::string::npos);
  CHECK(page.find("Console") == std::string::npos);
}
TEST(SessionMarks, WhereThereIsAConsoleThePageLinksToIt) {
  const std::string page =
      with_session_marks("<header>a</header>", "VALUE", "anna", "/admin/console");
  const auto at = page.find("<a class=\"play\" href=\"/admin/console\">Console</a>");
  CHECK(at != std::string::npos && at < page.find("<form class=\"session\""));
}

TEST_GROUP(LoginPage){};

TEST(LoginPage, WhatComesFromOutsideIsEscaped) {
  LoginPage page;
  page.user = "\"><script>";
  page.back = "/admin/?a=\"'<";
  page.message = "<b>";
  const std::string text = login_page(page);
  CHECK(text.find("<script") == std::string::npos);
  CHECK(text.find("<b>") == std::string::npos);
  CHECK(text.find("value=\"/admin/?a=\"") == std::string::npos);
}
TEST(LoginPage, TheWayBackStaysOnThisServer) {
  for (const char* good : {"/", "/admin/", "/admin/x.xsl?mount=/a&b=%20", "/live.mp3"})
    STRCMP_EQUAL(good, safe_way_back(good).c_str());
  for (const std::string& bad :
       {std::string(), std::string("//evil.example"), std::string("/\\evil.example"),
        std::string("https://evil.example/"), std::string("admin"), std::string("/a b"),
        std::string("/a\r\nb"), std::string("/\xc3\xa4"), std::string("/a\tb"),
        "/" + std::string(2000, 'a')})
    STRCMP_EQUAL("/admin/", safe_way_back(bad).c_str());
}
