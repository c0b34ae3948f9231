#include "admin/page/navigation.h"

#include <string>
#include <vector>

#include "admin/page/builtin.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

// The texts of the entries, in their order.
std::string entries(std::string_view page) {
  std::string out;
  const std::size_t begin = page.find("<ul class=\"navigation\">");
  const std::size_t end = page.find("</ul>", begin);
  for (std::size_t at = page.find("<a href", begin); at < end; at = page.find("<a href", at + 1)) {
    const std::size_t text = page.find('>', at) + 1;
    out += (out.empty() ? "" : ", ") + std::string(page.substr(text, page.find('<', text) - text));
  }
  return out;
}

constexpr NavigationFor kAdministrator{.role = AdminRole::kAdmin, .console = true, .records = true};

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_GROUP(Navigation){};

TEST(Navigation, EveryPageHasTheSameEntries) {
  const std::string wanted =
      entries(with_navigation(builtin_file("admin/console/shell.html")->bytes, kAdministrator));
  CHECK(has(wanted, "On air, Mounts, Stations, Nodes, ") && has(wanted, "Audit"));
  int pages = 0;
  for (const BuiltinFile& file : builtin_files()) {
    if (!file.path.starts_with("admin/") || !has(file.bytes, "id=\"menu\"")) continue;
    ++pages;
    STRCMP_EQUAL_TEXT(wanted.c_str(), entries(with_navigation(file.bytes, kAdministrator)).c_str(),
                      std::string(file.path).c_str());
  }
  CHECK(pages >= 10);
}

TEST(Navigation, ARoleSeesWhatItMay) {
  const auto seen = [](AdminRole role, bool console, bool records) {
    return entries(with_navigation(
        "<ul class=\"navigation\"></ul>",
        {.role = role, .console = console, .records = records, .in_console = console}));
  };
  CHECK(!has(seen(AdminRole::kViewer, true, true), "Accounts"));
  CHECK(has(seen(AdminRole::kViewer, true, true), "Your login"));
  CHECK(has(seen(AdminRole::kOwner, true, true), "Accounts, Users, Tokens, Audit"));
  CHECK(!has(seen(AdminRole::kOwner, true, true), "Bans"));
  CHECK(!has(seen(AdminRole::kAdmin, true, false), "Accounts"));
  CHECK(has(seen(AdminRole::kAdmin, false, true), "On air, Mounts, Nodes, Archive"));
  CHECK(!has(seen(AdminRole::kAdmin, false, true), "Audit"));
  STRCMP_EQUAL("Public page", seen(AdminRole::kSource, true, true).c_str());
}

TEST(Navigation, ThePageIsMarkedUnderWhichItStands) {
  const std::string list = with_navigation(
      "<ul class=\"navigation\"><li><a href=\"listmounts.xsl\">x</a></li></ul>", kAdministrator);
  CHECK(has(list, "<li class=\"active\"><a href=\"/admin/listmounts.xsl\" data-id=\"mounts\">"));
  const std::string itself = with_navigation(
      "<ul class=\"navigation\"><li><a href=\"stats.xsl\" aria-current=\"page\">x</a></li></ul>",
      kAdministrator);
  CHECK(has(itself,
            "<li class=\"active\"><a href=\"/admin/stats.xsl\" data-id=\"air\" "
            "aria-current=\"page\">On air</a>"));
}

TEST(Navigation, PagesWithoutTheElementStayAsTheyAre) {
  for (const char* page : {"<ul><li>my own</li></ul>", "", "<ul class=\"navigation\">"})
    STRCMP_EQUAL(page, with_navigation(page, kAdministrator).c_str());
}

TEST(Navigation, PagesHaveTheirPlaceInTheConsole) {
  STRCMP_EQUAL("/admin/console", console_place("/admin/", "").c_str());
  STRCMP_EQUAL("/admin/console", console_place("/admin/stats.xsl", "").c_str());
  STRCMP_EQUAL("/admin/console/mounts?mount=%2Fa%20%22%0D%0A.mp3#listeners",
               console_place("/admin/listclients.xsl", "mount=/a%20%22%0d%0a.mp3").c_str());
  for (const char* path :
       {"/admin/stats", "/admin/metadata.xsl", "/admin/console", "/status.xsl", ""})
    STRCMP_EQUAL("", console_place(path, "").c_str());
  STRCMP_EQUAL("", console_place("/admin/stats.xsl", "plain=1").c_str());
}
