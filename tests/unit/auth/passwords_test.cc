#include "auth/password/passwords.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Passwords) {
  PasswordSettings settings{"spass", "admin", "apass", "relay", "rpass"};
  const SourceLogin global{"source", ""};
  const SourceLogin own{"dj", "own"};

  static std::optional<Credentials> given(const char* user, const char* password) {
    return Credentials{user, password};
  }
};

TEST(Passwords, EachRoleHasItsOwnUserAndPassword) {
  struct Row {
    const char *user, *password;
    bool admin, relay, source;
  };
  for (const Row& row :
       {Row{"admin", "apass", true, false, false}, Row{"relay", "rpass", false, true, false},
        Row{"source", "spass", false, false, true}, Row{"admin", "spass", false, false, false},
        Row{"source", "apass", false, false, false}, Row{"relay", "spass", false, false, false},
        Row{"Admin", "apass", false, false, false}, Row{"admin", "Apass", false, false, false},
        Row{"admin", "", false, false, false}, Row{"", "", false, false, false},
        Row{"", "spass", false, false, false}}) {
    CHECK_EQUAL(row.admin, is_admin(settings, given(row.user, row.password)));
    CHECK_EQUAL(row.relay, is_relay(settings, given(row.user, row.password)));
    CHECK_EQUAL(row.source, is_source(settings, global, given(row.user, row.password)));
  }
}
TEST(Passwords, WithoutCredentialsThereIsNoRole) {
  CHECK(!is_admin(settings, std::nullopt));
  CHECK(!is_relay(settings, std::nullopt));
  CHECK(!is_source(settings, global, std::nullopt));
}
TEST(Passwords, ARoleWithoutAPasswordIsClosed) {
  settings = PasswordSettings{"", "admin", "", "relay", ""};
  for (const char* password : {"", "x"}) {
    CHECK(!is_admin(settings, given("admin", password)));
    CHECK(!is_relay(settings, given("relay", password)));
    CHECK(!is_source(settings, global, given("source", password)));
    CHECK(!is_source_password(settings, global, password));
  }
}
TEST(Passwords, AMountWithItsOwnPasswordTakesNoOther) {
  CHECK(is_source(settings, own, given("dj", "own")));
  CHECK(!is_source(settings, own, given("dj", "spass")));
  CHECK(!is_source(settings, own, given("source", "spass")));
  CHECK(!is_source(settings, own, given("source", "own")));
  CHECK(!is_source(settings, own, given("admin", "apass")));
}
TEST(Passwords, AMountWithItsOwnUserAloneTakesTheGlobalPassword) {
  const SourceLogin named{"dj", ""};
  CHECK(is_source(settings, named, given("dj", "spass")));
  CHECK(!is_source(settings, named, given("source", "spass")));
}
TEST(Passwords, AShoutcastLoginNeedsNoUser) {
  CHECK(is_source_password(settings, global, "spass"));
  CHECK(is_source_password(settings, own, "own"));
  CHECK(!is_source_password(settings, own, "spass"));
  CHECK(!is_source_password(settings, global, "wrong"));
  CHECK(!is_source_password(settings, global, ""));
}
TEST(Passwords, APasswordMayContainAColon) {
  settings.admin_password = "a:b:c";
  CHECK(is_admin(settings, given("admin", "a:b:c")));
}
