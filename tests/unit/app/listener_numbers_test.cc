#include "app/operate/listener_numbers.h"

#include "base/through_record.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(ListenerNumbers) {
  std::atomic<std::uint64_t> next{100};
  ListenerNumbers numbers{next};
  SteadyTime now{std::chrono::hours(5)};

  static ListenerRow row(const std::string& node, std::uint64_t id, std::uint64_t seconds = 10) {
    ListenerRow listener;
    listener.node = node;
    listener.id = id;
    listener.seconds = seconds;
    return listener;
  }
  std::vector<std::uint64_t> of(std::vector<ListenerRow> rows,
                                const std::vector<std::string>& missing = {},
                                const std::string& mount = "/a") {
    numbers.number(mount, rows, missing, now);
    std::vector<std::uint64_t> out;
    for (const ListenerRow& each : rows) out.push_back(each.id);
    return out;
  }
  bool is(std::uint64_t number, const std::string& node, std::uint64_t id) const {
    const auto* place = numbers.find("/a", number);
    return place != nullptr && place->node == node && place->id == id;
  }
};

TEST(ListenerNumbers, ListenersOfOtherNodesGetNumbersThatNoClientHereHas) {
  const auto given = of({row("", 7), row("e1", 7), row("e2", 7)});
  CHECK((given == std::vector<std::uint64_t>{7, 100, 101}));
  LONGS_EQUAL(102, next);
  CHECK(is(100, "e1", 7) && is(101, "e2", 7));
  CHECK(numbers.find("/a", 7) == nullptr);
  CHECK(numbers.find("/b", 100) == nullptr);
}
TEST(ListenerNumbers, TheyStayAsLongAsTheListenerIsListed) {
  of({row("e1", 7), row("e1", 8)});
  now += 30s;
  CHECK((of({row("e1", 8, 40), row("e1", 9, 1)}) == std::vector<std::uint64_t>{101, 102}));
  CHECK(numbers.find("/a", 100) == nullptr);
  CHECK(is(101, "e1", 8));
}
TEST(ListenerNumbers, OfANodeThatIsMissingTheyStay) {
  of({row("e1", 7), row("e2", 7)});
  of({row("e2", 7)}, {"e1"});
  CHECK(is(100, "e1", 7));
  CHECK((of({row("e1", 7)}) == std::vector<std::uint64_t>{100}));
  CHECK(is(101, "e2", 7));  // it may be away for a moment
  of({row("e2", 8)});
  CHECK(numbers.find("/a", 101) == nullptr);
}
TEST(ListenerNumbers, AfterAStartOfTheNodeItIsAnotherListener) {
  of({row("e1", 7, 4000)});
  CHECK((of({row("e1", 7, 20)}) == std::vector<std::uint64_t>{101}));
  CHECK(numbers.find("/a", 100) == nullptr);
}
TEST(ListenerNumbers, MountsThatNoListHasShownForAnHourAreForgotten) {
  of({row("e1", 7)});
  now += 61min;
  of({row("e1", 7)}, {}, "/b");
  CHECK(numbers.find("/a", 100) == nullptr);
}
TEST(ListenerNumbers, InAnotherProcessTheyAreTheSame) {
  of({row("e1", 7, 100), row("e2", 8, 200)});
  of({row("e1", 9)}, {}, "/b");
  ListenerNumbers after(next);
  for (const NumbersRecord& saved : numbers.save()) after.restore(test::through_record(saved));
  now += 20s;
  std::vector<ListenerRow> rows{row("e1", 7, 120), row("e2", 8, 5)};
  after.number("/a", rows, {}, now);
  LONGS_EQUAL(100, rows[0].id);
  LONGS_EQUAL(103, rows[1].id);  // another listener with that number
  CHECK(after.find("/b", 102) != nullptr && after.find("/b", 102)->id == 9);
}
TEST(ListenerNumbers, OfMoreThanCanGoOverThoseGoThatWereListedLast) {
  const auto many = [](const std::string& node) {
    std::vector<ListenerRow> rows;
    for (std::uint64_t id = 1; id <= ListenerNumbers::kMaxSaved; ++id)
      rows.push_back(row(node, id));
    return rows;
  };
  of(many("e1"), {}, "/old");
  now += 1s;
  of({row("e1", 7)}, {}, "/new");
  std::size_t rows = 0, of_new = 0;
  for (const NumbersRecord& saved : numbers.save()) {
    rows += saved.rows.size();
    CHECK(saved.rows.size() <= ListenerNumbers::kSavedAtOnce);
    if (saved.mount == "/new") of_new += saved.rows.size();
  }
  LONGS_EQUAL(ListenerNumbers::kMaxSaved, rows);
  LONGS_EQUAL(1, of_new);
}
