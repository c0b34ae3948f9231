#include "stream/log/append_log.h"

#include <array>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(AppendLog) {
  AppendLog<int> log;
  void push(int from, int to) {
    for (int i = from; i < to; ++i) log.push(i);
  }
  std::vector<int> trim_below(int first) {
    std::vector<int> seen;
    log.trim([first](int i) { return i < first; }, [&seen](int i) { seen.push_back(i); });
    return seen;
  }
  static std::vector<int> items(const AppendLog<int>::View& view) {
    std::vector<int> all;
    for (std::uint64_t i = view.begin(); i < view.end(); ++i) all.push_back(view[i]);
    return all;
  }
  static std::vector<int> range(int from, int to) {
    std::vector<int> all;
    for (int i = from; i < to; ++i) all.push_back(i);
    return all;
  }
};

TEST(AppendLog, IsEmptyAtFirst) {
  CHECK(log.empty());
  CHECK(log.view().empty());
  LONGS_EQUAL(0, log.view().begin());
  LONGS_EQUAL(0, log.view().end());
}
TEST(AppendLog, KeepsItemsInOrderAcrossChunks) {
  push(0, 200);
  LONGS_EQUAL(199, log.back());
  CHECK(items(log.view()) == range(0, 200));
}
TEST(AppendLog, LargeItemsAreFewInAChunkAndStayInOrder) {
  struct Large {
    std::uint64_t number = 0;
    std::array<std::uint64_t, 4> more{};
  };
  AppendLog<Large> large;
  for (std::uint64_t i = 0; i < 50; ++i) large.push({i, {}});
  const auto before = large.view();
  large.trim([](const Large& item) { return item.number < 21; }, [](const Large&) {});
  for (std::uint64_t i = 50; i < 60; ++i) large.push({i, {}});
  const auto after = large.view();
  for (std::uint64_t i = 0; i < 50; ++i) UNSIGNED_LONGS_EQUAL(i, before[i].number);
  UNSIGNED_LONGS_EQUAL(21, after.begin());
  for (std::uint64_t i = 21; i < 60; ++i) UNSIGNED_LONGS_EQUAL(i, after[i].number);
}
TEST(AppendLog, AViewDoesNotSeeWhatIsPushedLater) {
  push(0, 63);
  const auto view = log.view();
  push(63, 150);
  CHECK(items(view) == range(0, 63));
}
TEST(AppendLog, AViewKeepsWhatIsTrimmedLater) {
  push(0, 200);
  const auto view = log.view();
  trim_below(190);
  push(200, 400);
  trim_below(400);
  CHECK(items(view) == range(0, 200));
}
TEST(AppendLog, TrimmingShowsEachItemOnceAndKeepsIndices) {
  push(0, 100);
  CHECK(trim_below(70) == range(0, 70));
  CHECK(trim_below(70).empty());
  CHECK(trim_below(80) == range(70, 80));
  const auto view = log.view();
  LONGS_EQUAL(80, view.begin());
  LONGS_EQUAL(100, view.end());
  CHECK(items(view) == range(80, 100));
}
TEST(AppendLog, StopsTrimmingAtTheFirstItemThatStays) {
  for (const int i : {1, 9, 1}) log.push(i);
  CHECK(trim_below(5) == std::vector<int>{1});
  CHECK(items(log.view()) == (std::vector<int>{9, 1}));
}
TEST(AppendLog, GoesOnAfterEverythingWasTrimmedAtEveryPlaceInAChunk) {
  for (int n = 1; n <= 130; ++n) {
    AppendLog<int> other;
    for (int i = 0; i < n; ++i) other.push(i);
    other.trim([](int) { return true; }, [](int) {});
    CHECK(other.empty());
    CHECK(other.view().empty());
    other.push(7);
    CHECK(!other.empty());
    LONGS_EQUAL(7, other.back());
    LONGS_EQUAL(n, other.view().begin());
    LONGS_EQUAL(7, other.view()[other.view().begin()]);
  }
}
TEST(AppendLog, FreesChunksThatNoViewSees) {
  AppendLog<std::shared_ptr<int>> owners;
  auto item = std::make_shared<int>(1);
  for (int i = 0; i < 64; ++i) owners.push(item);
  auto view = owners.view();
  owners.trim([](const auto&) { return true; }, [](const auto&) {});
  LONGS_EQUAL(65, item.use_count());
  view = {};
  LONGS_EQUAL(1, item.use_count());
}
TEST(AppendLog, FindsTheLastItemForWhichAConditionHolds) {
  for (int i = 0; i < 150; ++i) log.push(i * 10);
  log.trim([](int i) { return i < 30; }, [](int) {});
  const auto view = log.view();
  for (int limit = 0; limit < 1600; limit += 5) {
    const std::uint64_t found = view.last_where([limit](int i) { return i <= limit; });
    if (limit < 30) {
      LONGS_EQUAL(view.end(), found);
    } else {
      LONGS_EQUAL(std::min(limit / 10, 149), found);
    }
  }
}
TEST(AppendLog, FindsNothingWhereThereIsNothing) {
  const auto view = log.view();
  LONGS_EQUAL(view.end(), view.last_where([](int) { return true; }));
}
// A hostile stream has a mark in every few bytes; each costs the same, however many there are.
TEST(AppendLog, AnItemOfALongListCostsNoMoreThanOneOfAShortList) {
  constexpr int kItems = 100'000;
  const std::clock_t begin = std::clock();
  AppendLog<std::array<std::uint64_t, 6>> large;
  for (std::uint64_t i = 0; i < kItems; ++i) large.push({i});
  // One item comes and one goes, as with each read of a source.
  for (std::uint64_t i = 0; i < kItems; ++i) {
    large.push({kItems + i});
    large.trim([i](const auto& item) { return item[0] <= i; }, [](const auto&) {});
  }
  UNSIGNED_LONGS_EQUAL(kItems, large.size());
  UNSIGNED_LONGS_EQUAL(kItems, large.view()[large.view().begin()][0]);
  CHECK((std::clock() - begin) / CLOCKS_PER_SEC < 3);
}
