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
TEST(SourceLogins, AShoutcastLoginMayNameItsMountUserAndStream) {
  ListenSettings socket;
  socket.shoutcast_mount = "/sc";
  mount.name = "/colons";
  mount.password = "a:b:#3";
  config.mounts.push_back(mount);
  const auto read = [&](std::string_view given) {
    const ShoutcastLogin login = read_shoutcast_login(config, socket, given);
    return login.mount + " " + login.password;
  };
  for (const char* given : {"global", "global:#3", "source:global", "source:global:#12"})
    CHECK_EQUAL(std::string("/sc global"), read(given));
  for (const char* given : {"/two:global", "/two:global:#3", "/two:source:global"})
    CHECK_EQUAL(std::string("/two global"), read(given));
  for (const char* given : {"/colons:a:b:#3", "/colons:source:a:b:#3:#1"})
    CHECK_EQUAL(std::string("/colons a:b:#3"), read(given));
  for (const char* wrong : {"other:global", "global:#", "global:3", "source:global:#3x", "x:#3"})
    CHECK_EQUAL("/sc " + std::string(wrong), read(wrong));
  CHECK_EQUAL(std::string("/colons b:#3"), read("/colons:b:#3"));
}
TEST(SourceLogins, APasswordAloneFindsItsRow) {
  mount.encoders = {{"main", "one", 1}, {"backup", "two", 2}};
  CHECK_EQUAL(std::string("backup"), source_login_by_password(config, mount, "two")->username);
  CHECK_FALSE(source_login_by_password(config, mount, "global").has_value());
  CHECK_FALSE(source_login_by_password(config, mount, "").has_value());
}
