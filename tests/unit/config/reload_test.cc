#include "config/load/reload.h"

#include <string>
#include <vector>

#include "config/load_text.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::vector<std::string> plan(const std::string& old, const std::string& next) {
  std::vector<std::string> lines;
  for (const Change& change : reload_plan(*load(old).config, *load(next).config)) {
    lines.push_back(to_string(change));
  }
  return lines;
}

void expect(const std::vector<std::string>& lines, const std::vector<std::string>& wanted) {
  LONGS_EQUAL(wanted.size(), lines.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) STRCMP_EQUAL(wanted[i].c_str(), lines[i].c_str());
}

}  // namespace

TEST_GROUP(ReloadPlan){};

TEST(ReloadPlan, OfTheSameFileIsEmpty) {
  expect(plan("<limits clients='5'/><mount mount-name='/a'/>",
              "<mount mount-name='/a'/><limits clients='5'/>"),
         {});
}
TEST(ReloadPlan, ReportsWhenAValueTakesEffect) {
  expect(plan("<limits clients='100'/>",
              "<limits clients='200' threads='3'/><hostname>h</hostname><security chroot='1'/>"
              "<limits delivery='writev'/>"),
         {"hostname localhost→h live, running sources too", "limits/clients 100→200 live",
          "limits/threads 0→3 needs restart", "limits/delivery auto→writev for new connections",
          "security/chroot 0→1 needs restart"});
}
TEST(ReloadPlan, TheFirstDirectoryOfRecordingsIsUsedAtOnce) {
  expect(plan("<mount mount-name='/a'/>",
              "<archive><dir>/tmp/a</dir></archive><mount mount-name='/a'/>"),
         {"archive/dir (not set)→/tmp/a live"});
  const auto another =
      plan("<archive><dir>/tmp/a</dir></archive>", "<archive><dir>/tmp/b</dir></archive>");
  LONGS_EQUAL(1, another.size());
  CHECK(another[0].find("live") == std::string::npos);
}
TEST(ReloadPlan, TheIdOfTheNodeStaysUntilItsRestart) {
  const auto old = load("<cluster><id>m2</id></cluster>").config;
  std::vector<Change> late;
  const auto kept =
      keep_of_start(*old, load("<cluster><id>m9</id></cluster><limits clients='7'/>").config, late);
  STRCMP_EQUAL("m2", kept->cluster.id.c_str());
  LONGS_EQUAL(7, kept->limits.clients);
  LONGS_EQUAL(1, late.size());
  STRCMP_EQUAL("cluster/id m2→m9 needs restart", to_string(late[0]).c_str());
  const auto without = keep_of_start(*old, load("<limits clients='8'/>").config, late);
  STRCMP_EQUAL("m2", without->cluster.id.c_str());
  STRCMP_EQUAL("cluster/id m2→(not set) needs restart", to_string(late[1]).c_str());
  const auto same = load("<cluster><id>m2</id></cluster>").config;
  CHECK(keep_of_start(*old, same, late) == same);
  LONGS_EQUAL(2, late.size());
}
TEST(ReloadPlan, TheStateDirectoryStaysUntilTheRestart) {
  const auto old = load("<paths><state-dir>/tmp</state-dir></paths>").config;
  std::vector<Change> late;
  const auto kept = keep_of_start(*old,
                                  load("<paths><state-dir>/var</state-dir></paths>"
                                       "<cluster><id>m9</id></cluster><limits clients='7'/>")
                                      .config,
                                  late);
  STRCMP_EQUAL("/tmp", kept->paths.state_dir.c_str());
  STRCMP_EQUAL("", kept->cluster.id.c_str());
  LONGS_EQUAL(7, kept->limits.clients);
  LONGS_EQUAL(2, late.size());
  STRCMP_EQUAL("cluster/id (not set)→m9 needs restart", to_string(late[0]).c_str());
  STRCMP_EQUAL("paths/state-dir /tmp→/var needs restart", to_string(late[1]).c_str());
}
TEST(ReloadPlan, NeverShowsAPassword) {
  expect(plan("<authentication source-password='a'/>",
              "<authentication source-password='b' admin-password='c'/>"),
         {"authentication/source-password changed live",
          "authentication/admin-password (not set)→******** live"});
}
TEST(ReloadPlan, MatchesMountsByName) {
  expect(
      plan("<mount mount-name='/a' hidden='1'/><mount mount-name='/b'/>",
           "<mount mount-name='/c'/><mount mount-name='/a'/>"),
      {"mount[/a]/hidden 1→0 live, running sources too",
       "mount[/b] removed live, running sources too", "mount[/c] added live, running sources too"});
}
TEST(ReloadPlan, MatchesSocketsByPosition) {
  expect(plan("<listen-socket port='1'/><listen-socket port='2'/>", "<listen-socket port='1'/>"),
         {"listen-socket[2] removed needs restart"});
  expect(plan("<listen-socket port='1'/>", "<listen-socket port='1'/><listen-socket port='2'/>"),
         {"listen-socket[2] added needs restart"});
}
TEST(ReloadPlan, NamesAChangeOfTheFirstPortOnce) {
  expect(plan("<listen-socket port='1'/>", "<listen-socket port='2'/>"),
         {"listen-socket[1]/port 1→2 live"});
  expect(plan("<port>1</port><listen-socket port='5'/>", "<port>2</port><listen-socket port='5'/>"),
         {"port 1→2 needs restart"});
}
TEST(ReloadPlan, KeepsMountsOfTheSameNameApart) {
  expect(plan("<mount mount-name='/a' genre='x'/><mount mount-name='/a' genre='y'/>",
              "<mount mount-name='/a' genre='x'/><mount mount-name='/a' genre='z'/>"),
         {"mount[/a#2]/genre y→z live, running sources too"});
}
TEST(ReloadPlan, ReportsWhatMountsInheritOnce) {
  expect(plan("<mount mount-name='/a'/><mount mount-name='/b' queue-size='90000'/>",
              "<mount mount-name='/a'/><mount mount-name='/b' queue-size='91000'/>"
              "<limits queue-size='100000'/>"),
         {"limits/queue-size 512000→100000 live, running sources too",
          "mount[default]/queue-size 512000→100000 live, running sources too",
          "mount[/b]/queue-size 90000→91000 live, running sources too"});
}
TEST(ReloadPlan, EscapesWhatComesFromTheFile) {
  expect(plan("", "<location>a\tb</location>"), {"location Earth→a\\x09b live"});
  expect(plan("<mount mount-name='/a' genre='x'/>", "<mount mount-name='/a'/>"),
         {"mount[/a]/genre x→(not set) live, running sources too"});
}
