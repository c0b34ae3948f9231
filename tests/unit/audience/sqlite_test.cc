// What a database says of its failures.
#include "audience/sqlite.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Sqlite){};

TEST(Sqlite, AFailureIsToldWithoutTheWordsOfALaterStatement) {
  auto opened = Sqlite::open(":memory:");
  CHECK(opened.has_value());
  Sqlite& database = **opened;
  STRCMP_EQUAL("SQL logic error (no such table: gone)",
               database.run("SELECT * FROM gone").error().what.c_str());
  CHECK(database.run("SELECT 1").has_value());
  CHECK(database.failed());
  STRCMP_EQUAL("SQL logic error", database.error().what.c_str());
}
