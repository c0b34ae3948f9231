// A database of the audience in a directory of the test's own.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "audience/database.h"
#include "base/cat.h"
#include "base/temporary_directory.h"

#include "CppUTest/TestHarness.h"

namespace lb::test {

struct DatabaseFixture : Utest {
  TemporaryDirectory folder;
  std::unique_ptr<Sqlite> database;

  void open() {
    database.reset();
    auto opened = open_audience_database(folder.file("db"));
    if (!opened) FAIL(opened.error().what.c_str());
    database = std::move(*opened);
  }
  void put(const std::string& sql) {
    if (const auto done = database->run(sql); !done) FAIL(done.error().what.c_str());
  }
  std::int64_t count(std::string_view table) {
    return database->prepare(cat({"SELECT COUNT(*) FROM ", table})).first_number();
  }
};

}  // namespace lb::test
