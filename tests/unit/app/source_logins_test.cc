#include "app/request/source_logins.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(SourceLogins) {
  Config config;
  MountSettings mount;

  void setup() override { config.authentication.source_password = "global"; }
  // "USER PRIORITY", or "" where the login is not let in.
  std::string row_of(const std::string& user, const std::string& password) const {
    const auto row = source_login(config, mount, Credentials{user, password});
    return row ? row->username + " " + std::to_string(row->priority) : std::string();
  }
};

TEST(SourceLogins, WithoutRowsTheMountHasOneLogin) {
  CHECK_EQUAL(std::string("source 0"), row_of("source", "global"));
  CHECK_EQUAL(std::string(), row_of("source", "other"));
  mount.username = "dj";
  mount.password = "own";
  CHECK_EQUAL(std::string("dj 0"), row_of("dj", "own"));
  CHECK_EQUAL(std::string(), row_of("source", "global"));
  CHECK_FALSE(source_login(config, mount, std::nullopt).has_value());
}
TEST(SourceLogins, RowsReplaceItUnlessOneHasNoName) {
  mount.encoders = {{"main", "one", 1}, {"backup", "two", 2}};
  CHECK_EQUAL(std::string("main 1"), row_of("main", "one"));
  CHECK_EQUAL(std::string("backup 2"), row_of("backup", "two"));
  CHECK_EQUAL(std::string(), row_of("main", "two"));
  CHECK_EQUAL(std::string(), row_of("source", "global"));
  mount.encoders.push_back({"", "", 7});
  CHECK_EQUAL(std::string("source 7"), row_of("source", "global"));
}
TEST(SourceLogins, APasswordAloneFindsItsRow) {
  mount.encoders = {{"main", "one", 1}, {"backup", "two", 2}};
  CHECK_EQUAL(std::string("backup"), source_login_by_password(config, mount, "two")->username);
  CHECK_FALSE(source_login_by_password(config, mount, "global").has_value());
  CHECK_FALSE(source_login_by_password(config, mount, "").has_value());
}
