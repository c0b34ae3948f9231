#include "admin/command/access.h"

#include <map>
#include <set>
#include <string>

#include "admin/command/command.h"
#include "admin/page/login_page.h"
#include "admin/page/session_marks.h"
#include "base/cat.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

// In the order of AdminRole; 'b' is a viewer that has some of the mounts only.
constexpr std::string_view kRoleLetters = "nsrvowa";

// Who may, with a mount of its own / without one, as letters.
struct Expected {
  std::string own, without, with_foreign;
};

}  // namespace

TEST_GROUP(Access){};

// doc/operators.md, endpoint by endpoint.
TEST(Access, IsTheMatrixOfTheDesign) {
  const Expected reads{"svbowa", "va", "sva"}, filtered{"vbowa", "vbowa", "vbowa"},
      viewed{"vbowa", "va", "va"}, viewed_only{"va", "va", "va"}, runs{"owa", "a", "a"},
      titles{"sowa", "a", "sa"}, node{"a", "a", "a"}, relay{"r", "r", "r"},
      anyone{"nsrvbowa", "nsrvbowa", "nsrvbowa"}, owner{"wa", "a", "a"};
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
      {"fallback", runs},
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
      {"/admin/login.js", anyone},
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
      for (std::size_t i = 0; i < kRoleLetters.size(); ++i) {
        const auto role = static_cast<AdminRole>(i);
        const bool some = role == AdminRole::kOperator || role == AdminRole::kOwner;
        if (access_allows(row, role, {has_mount, owns, some})) letters += kRoleLetters[i];
        if (role == AdminRole::kViewer && access_allows(row, role, {has_mount, owns, true}))
          letters += 'b';
      }
      return letters;
    };
    CHECK_EQUAL_TEXT(expected->second.own, allowed(true, true), path.c_str());
    CHECK_EQUAL_TEXT(expected->second.without, allowed(false, false), path.c_str());
    CHECK_EQUAL_TEXT(expected->second.with_foreign, allowed(true, false), path.c_str());
  }
  LONGS_EQUAL(matrix.size(), seen.size());
}
// The rule, written out by hand: which of the mounts a login has.
TEST(Access, EveryRowWithEveryLoginAndEveryMount) {
  struct Mount {
    const char *name, *account;
  };
  constexpr Mount kMounts[] = {
      {"/acme-1", "acme"}, {"/acme-2", "acme"}, {"/bolt-1", "bolt"}, {"/file", ""}, {"/loose", ""}};
  struct Login {
    AdminRole role;
    const char* account;
    std::vector<std::string> mounts;
    const char* has;  // a letter for each mount: y, n
    bool all = false;
  };
  const Login logins[] = {{AdminRole::kNone, "", {}, "yyyyy"},  // asks for nothing by mounts
                          {AdminRole::kViewer, "", {}, "yyyyy", true},
                          {AdminRole::kViewer, "acme", {}, "yynnn"},
                          {AdminRole::kViewer, "acme", {"/*"}, "yynnn"},
                          {AdminRole::kViewer, "acme", {"/acme-1", "/bolt-1", "/file"}, "ynnnn"},
                          {AdminRole::kViewer, "", {"/file"}, "nnnyn"},
                          {AdminRole::kViewer, "gone", {}, "nnnnn"},
                          {AdminRole::kOperator, "", {}, "nnnnn"},
                          {AdminRole::kOperator, "", {"/bolt-1"}, "nnynn"},
                          {AdminRole::kOperator, "", {"/*"}, "yyyyy"},
                          {AdminRole::kOperator, "acme", {}, "yynnn"},
                          {AdminRole::kOperator, "acme", {"/bolt-1"}, "nnnnn"},
                          {AdminRole::kOperator, "acme", {"/bolt-?", "/acme-2"}, "nynnn"},
                          {AdminRole::kOwner, "acme", {}, "yynnn"},
                          {AdminRole::kOwner, "acme", {"/*"}, "yynnn"},
                          {AdminRole::kOwner, "acme", {"/acme-2", "/loose"}, "nynnn"},
                          {AdminRole::kOwner, "bolt", {}, "nnynn"},
                          {AdminRole::kOwner, "", {}, "nnnnn"},
                          {AdminRole::kAdmin, "", {}, "yyyyy", true},
                          {AdminRole::kAdmin, "acme", {"/acme-1"}, "yyyyy", true}};
  std::size_t cells = 0;
  for (const Login& login : logins) {
    Identity identity;
    identity.role = login.role;
    identity.account = login.account;
    identity.mounts = login.mounts;
    identity.account_of = [&kMounts](std::string_view mount) {
      for (const Mount& one : kMounts)
        if (one.name == mount) return std::string(one.account);
      return std::string();
    };
    CHECK_EQUAL(login.role >= AdminRole::kViewer && !login.all, identity.has_own_mounts());
    for (std::size_t i = 0; i <= std::size(kMounts); ++i) {
      const bool named = i < std::size(kMounts);
      const char* mount = named ? kMounts[i].name : "";
      const bool has = named ? login.has[i] == 'y' : login.all;
      const std::string who = std::string(to_text(login.role)) + " of \"" + login.account + "\" " +
                              (login.mounts.empty() ? "" : login.mounts[0]) + " at " + mount;
      if (login.role != AdminRole::kNone) CHECK_EQUAL_TEXT(has, identity.owns(mount), who.c_str());
      for (const AccessRow& row : access_rows()) {
        const AskedMount asked{named, identity.owns(mount), identity.has_own_mounts()};
        bool may = row.access == AdminAccess::kAnyone;
        if (!may && login.role != AdminRole::kNone && row.access != AdminAccess::kRelayOnly &&
            login.role >= row.least)
          may = login.all || row.own == OwnUse::kFilter ||
                (row.own == OwnUse::kMount && named && has);
        CHECK_EQUAL_TEXT(may, access_allows(row, login.role, asked),
                         (who + " asks " + std::string(row.path)).c_str());
        ++cells;
      }
    }
  }
  CHECK_TEXT(cells >= 2000, std::to_string(cells).c_str());
}
TEST(Access, AMountWithoutAKnownAccountBelongsToNone) {
  Identity identity;
  identity.role = AdminRole::kOwner;
  identity.account = "acme";
  CHECK(!identity.owns("/acme-1"));
  CHECK(identity.owns("/acme-1", "acme"));
  CHECK(!identity.owns("/acme-1", "bolt") && !identity.owns("", ""));
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
TEST_GROUP(LoginPage){};

TEST(LoginPage, WhatComesFromOutsideIsEscaped) {
  LoginPage page;
  page.server = "<b>x";
  page.user = "\"><script>";
  page.back = "/admin/?a=\"'<";
  page.message = "<b>";
  const std::string text = login_page(page);
  CHECK(text.find("<script>") == std::string::npos);
  CHECK(text.find("<b>") == std::string::npos);
  CHECK(text.find("value=\"/admin/?a=\"") == std::string::npos);
}
TEST(LoginPage, ItsWordsAreOfTheLanguage) {
  LoginPage page;
  page.message = kWrongLoginText;
  for (const auto& [language, words] :
       {std::pair("en", "Wrong user name or password"),
        std::pair("de", "Benutzername oder Passwort"), std::pair("fr", "mot de passe incorrect"),
        std::pair("es", "Usuario o contrase"), std::pair("pt", "Utilizador ou palavra-passe")}) {
    page.language = language;
    const std::string text = login_page(page);
    CHECK(text.find(cat({"<html lang=\"", language, "\">"})) != std::string::npos);
    CHECK(text.find(words) != std::string::npos);
    CHECK((text.find("Log in") == std::string::npos) == (page.language != "en"));
  }
  page.language = "nl";
  CHECK(login_page(page).find(kWrongLoginText) != std::string::npos);
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
