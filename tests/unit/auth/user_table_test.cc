#include "auth/listener/user_table.h"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

const std::string kAlice = "5ebe2294ecd0e0f08eab7690d2a6ee69";

}  // namespace

TEST_GROUP(UserTable){};

TEST(UserTable, ReadsUsersAndPassesOverCommentsAndNonsense) {
  const UserTable table =
      UserTable::parse("# comment\nalice:" + kAlice + "\r\n\nnonsense\n:x\nbob:$6$s$h\n");
  LONGS_EQUAL(2, table.names().size());
  STRCMP_EQUAL("alice", table.names()[0].c_str());
  STRCMP_EQUAL(kAlice.c_str(), table.find("alice")->c_str());
  STRCMP_EQUAL("$6$s$h", table.find("bob")->c_str());
  CHECK(table.find("carol") == nullptr);
  CHECK(table.find("") == nullptr);
  CHECK(table.find("nonsense") == nullptr);
}
TEST(UserTable, AByteOrderMarkIsNoPartOfTheFirstName) {
  const std::string text =
      "\xef\xbb\xbf"
      "alice:1\r\nbob:2\r\n";
  STRCMP_EQUAL("1", UserTable::parse(text).find("alice")->c_str());
  STRCMP_EQUAL("bob:2\r\n", without_user(text, "alice").c_str());
}
TEST(UserTable, TheLastColonSeparatesAndTheFirstLineOfANameCounts) {
  const UserTable table = UserTable::parse("a:b:" + kAlice + "\nbob:1\nbob:2\n");
  STRCMP_EQUAL(kAlice.c_str(), table.find("a:b")->c_str());
  STRCMP_EQUAL("1", table.find("bob")->c_str());
  LONGS_EQUAL(2, table.names().size());
}
TEST(UserTable, TheDecoyIsASlowHashWhereThereIsOne) {
  STRCMP_EQUAL(kAlice.c_str(), UserTable::parse("a:" + kAlice + "\n").decoy().c_str());
  STRCMP_EQUAL("$6$s$h",
               UserTable::parse("a:" + kAlice + "\nb:$6$s$h\nc:$5$t$i\n").decoy().c_str());
  STRCMP_EQUAL("", UserTable::parse("").decoy().c_str());
}
TEST(UserTable, CountsUsersThatCannotLogIn) {
  const auto table = UserTable::parse("a:" + kAlice + "\nb:{SHA}xyz\nc:$apr1$s$h\n" +
                                      "d:$2b$15$abcdefghijklmnopqrstuu\n");
  LONGS_EQUAL(3, table.locked_out().size());
  STRCMP_EQUAL("d", table.locked_out().back().c_str());
  // A password of an unknown user is not compared with what takes too long.
  STRCMP_EQUAL(
      kAlice.c_str(),
      UserTable::parse("a:" + kAlice + "\nd:$2b$15$abcdefghijklmnopqrstuu\n").decoy().c_str());
}
TEST(UserTable, NamesThatWouldBreakTheFileAreNone) {
  for (const char* name : {"", "a:b", "a\nb", "#a", " a", "a ", "\x7f", "a\rb"})
    CHECK(!is_user_name(name));
  CHECK(!is_user_name(std::string(256, 'x')));
  CHECK(is_user_name("alice"));
  CHECK(is_user_name("Mélanie O'Hara"));
}
TEST(UserTable, AddingKeepsEverythingElse) {
  STRCMP_EQUAL("# c\na:1\nb:2\n", with_user("# c\na:1\n", "b", "2").c_str());
  STRCMP_EQUAL("a:1\nb:2\n", with_user("a:1", "b", "2").c_str());
  STRCMP_EQUAL("b:2\n", with_user("", "b", "2").c_str());
}
TEST(UserTable, RemovingKeepsCommentsAndOrder) {
  STRCMP_EQUAL("# c\nb:2\n# d\n", without_user("# c\na:1\nb:2\n# d\na:3\n", "a").c_str());
  STRCMP_EQUAL("b:2", without_user("a:1\nb:2", "a").c_str());
  STRCMP_EQUAL("", without_user("a:1", "a").c_str());
  STRCMP_EQUAL("a:1\n", without_user("a:1\n", "b").c_str());
  STRCMP_EQUAL("# a:1\n", without_user("# a:1\n", "a").c_str());
}
