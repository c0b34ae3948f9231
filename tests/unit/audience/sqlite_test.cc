// What a database says of its failures.
#include "audience/sqlite.h"

#include <string>

#include "audience/report.h"
#include "base/temporary_directory.h"

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

TEST(Sqlite, AFileThatCannotBeOpenedIsNamedWithWhatToDo) {
  const std::string path = "/nonexistent/audience.db";
  STRCMP_EQUAL("unable to open database file", Sqlite::open(path).error().what.c_str());
  STRCMP_EQUAL(
      "/nonexistent/audience.db: unable to open database file; its directory has to be there, and "
      "the server's user must be able to write to it; it is tried again",
      open_audience_database(path).error().what.c_str());
}

TEST(Sqlite, AReportReadsOneStateWhateverIsWrittenMeanwhile) {
  TemporaryDirectory folder;
  const std::string path = folder.file("audience.db");
  const auto opened = open_audience_database(path), other = open_audience_database(path);
  const auto put = [](Sqlite& database, const char* sql) {
    if (const auto done = database.run(sql); !done) FAIL(done.error().what.c_str());
  };
  put(**opened,
      "INSERT INTO mount VALUES(1, '/a'), (2, '/b');"
      "INSERT INTO slot VALUES(1, 10, 1000, 1, 1), (2, 10, 1000, 1, 1);");
  AudienceReport report(**opened, kHourMs);
  const auto heard = [&](bool writes) {
    std::int64_t sum = 0;
    const auto read = report.periods(
        *report.mounts(), {0, kDayMs}, [](std::int64_t) { return std::int64_t{0}; },
        [&](std::int64_t, std::int64_t, const AudienceSum& part) {
          if (writes) put(**other, "UPDATE slot SET ms=ms+1 WHERE mount=2");
          sum += part.ms;
          return true;
        });
    CHECK(read.has_value());
    return sum;
  };
  LONGS_EQUAL(2000, heard(true));
  LONGS_EQUAL(2002, heard(false));  // and the report's transaction is over
  put(**opened, "BEGIN IMMEDIATE;COMMIT");
}
