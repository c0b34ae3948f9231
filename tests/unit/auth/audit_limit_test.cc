#include "auth/guard/refusal_log.h"
#include "auth/login/audit_log.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;
using Of = AuditLimit::Of;

TEST_GROUP(AuditLimit) {
  FakeClock clock;
  AuditLimit logins{clock};
  void setup() override { clock.advance(1h); }
};

TEST(AuditLimit, OneLineAMinuteAboutNobodyAndTheCountOfTheRest) {
  for (int minute = 0; minute < 3; ++minute) {
    CHECK(logins.takes_line(Of::kUnknown));
    for (int i = 0; i < 1000; ++i) CHECK(!logins.takes_line(Of::kUnknown));
    clock.advance(59s);
    CHECK(!logins.left_out());
    clock.advance(1s);
    const auto left_out = logins.left_out();
    CHECK(left_out.has_value());
    LONGS_EQUAL(1000, left_out->of_nobody);
    LONGS_EQUAL(0, left_out->of_users);
    CHECK(!logins.left_out());
  }
}
TEST(AuditLimit, UsersHaveLinesOfTheirOwnUpToABound) {
  for (int i = 0; i < 100; ++i) logins.takes_line(Of::kUnknown);
  for (unsigned i = 0; i < AuditLimit::kLines[0]; ++i) CHECK(logins.takes_line(Of::kUsers));
  CHECK(!logins.takes_line(Of::kUsers));
  clock.advance(1min);
  // Nobody has asked for the count yet: it goes on.
  CHECK(!logins.takes_line(Of::kUsers));
  const auto left_out = logins.left_out();
  CHECK(left_out.has_value());
  LONGS_EQUAL(2, left_out->of_users);
  LONGS_EQUAL(99, left_out->of_nobody);
  CHECK(logins.takes_line(Of::kUsers));
}
TEST(AuditLimit, NothingLeftOutIsNoLine) {
  CHECK(logins.takes_line(Of::kUsers));
  clock.advance(2min);
  CHECK(!logins.left_out());
}
TEST(AuditLimit, TitlesOfCustomersHaveABoundOfTheirOwn) {
  for (int i = 0; i < 1000; ++i) CHECK_EQUAL(i < 600, logins.takes_line(Of::kCustomers));
  CHECK(logins.takes_line(Of::kUsers));
  clock.advance(1min);
  LONGS_EQUAL(400, logins.left_out()->of_accounts.at(""));
}
TEST(AuditLimit, NoCustomerKeepsAnotherOutOfTheLog) {
  for (int i = 0; i < 1000; ++i) CHECK_EQUAL(i < 600, logins.takes_line(Of::kCustomers, "acme"));
  for (int i = 0; i < 100; ++i) CHECK_EQUAL(i < 60, logins.takes_line(Of::kCustomers, "globex"));
  clock.advance(1min);
  const auto left_out = logins.left_out();
  LONGS_EQUAL(400, left_out->of_accounts.at("acme"));
  LONGS_EQUAL(40, left_out->of_accounts.at("globex"));
  CHECK(logins.takes_line(Of::kCustomers, "acme"));
}
TEST(AuditLimit, TitlesPicturesAndRefusalsOfCustomersAreFrequent) {
  AuditEntry entry;
  entry.role = "operator";
  entry.result = "204";
  const auto is = [&entry](const char* action) {
    entry.action = action;
    return is_frequent(entry);
  };
  CHECK(!is("title"));
  entry.of_account = "acme";  // the mount's, of a login without an account
  for (const char* action : {"title", "art", "metadata", "login", "logout"}) CHECK(is(action));
  CHECK(!is("create"));
  entry.role = "admin";
  CHECK(!is("title"));
  entry.account = "acme";
  CHECK(is("title"));
  entry.result = "quota";
  CHECK(is("create"));
}
