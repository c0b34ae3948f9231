#include <string>

#include "cluster/balance/client_history.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(RecentTable) { RecentTable<std::string> table{100}; };

TEST(RecentTable, IsEmptyAtFirst) {
  CHECK(table.find(1) == nullptr);
  CHECK(table.peek(0) == nullptr);
  CHECK_EQUAL(0u, table.size());
}

TEST(RecentTable, KeepsAValueForEachKeyZeroAmongThem) {
  table.at(0) = "nought";
  table.at(1) = "one";
  STRCMP_EQUAL("nought", table.find(0)->c_str());
  STRCMP_EQUAL("one", table.peek(1)->c_str());
  table.at(1) += "!";
  STRCMP_EQUAL("one!", table.peek(1)->c_str());
  CHECK_EQUAL(2u, table.size());
}

TEST(RecentTable, ANewKeyBeginsWithANewValue) {
  for (std::uint64_t key = 0; key < 1000; ++key) {
    CHECK(table.at(key).empty());
    table.at(key) = std::to_string(key);
  }
  // Neighbours are eight: most of a table of 64 is in use, and none of it twice.
  CHECK(table.size() > 48 && table.size() <= 100);
  std::size_t known = 0;
  for (std::uint64_t key = 0; key < 1000; ++key)
    if (const std::string* value = table.peek(key)) {
      ++known;
      CHECK(*value == std::to_string(key));
    }
  CHECK_EQUAL(table.size(), known);
}

TEST(RecentTable, WhatIsUsedStaysAndWhatIsOnlyLookedAtDoesNot) {
  table.at(1) = "used";
  table.at(2) = "looked at";
  for (std::uint64_t key = 3; key < 1000; ++key) {
    CHECK(table.find(1) != nullptr);
    table.peek(2);
    table.at(key);
  }
  STRCMP_EQUAL("used", table.find(1)->c_str());
  CHECK(table.peek(2) == nullptr);
}

TEST(RecentTable, TheSmallestHasOneSet) {
  RecentTable<int> small(1);
  for (std::uint64_t key = 0; key < 100; ++key) small.at(key) = 1;
  CHECK_EQUAL(8u, small.size());
  CHECK(small.peek(99) != nullptr);
  CHECK(small.peek(91) == nullptr);
}
