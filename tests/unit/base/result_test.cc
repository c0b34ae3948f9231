#include "base/result.h"

#include <memory>
#include <string>

#include "base/intrusive_list.h"
#include "base/random.h"
#include "base/unique_function.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Result){};
TEST(Result, HoldsAValue) {
  Result<int> r = 7;
  CHECK(r.has_value());
  LONGS_EQUAL(7, *r);
}
TEST(Result, HoldsAnErrorWithItsText) {
  Result<std::string> r = Error::not_found("mount /x: no source");
  CHECK(!r.has_value());
  CHECK(r.error().code == Error::Code::kNotFound);
  STRCMP_EQUAL("mount /x: no source", r.error().what.c_str());
}
TEST(Result, OfAStringIsNeverTakenForAnError) {
  Result<std::string> r = std::string("text");
  CHECK(r.has_value());
}

TEST_GROUP(UniqueFunction){};
TEST(UniqueFunction, OwnsAMoveOnlyCapture) {
  auto p = std::make_unique<int>(5);
  UniqueFunction<int(int)> f = [p = std::move(p)](int x) { return *p + x; };
  UniqueFunction<int(int)> g = std::move(f);
  CHECK(!static_cast<bool>(f));
  LONGS_EQUAL(8, g(3));
}
TEST(UniqueFunction, KeepsLargeCapturesOnTheHeap) {
  struct Big {
    char bytes[200] = {};
    std::shared_ptr<int> alive;
  } big;
  auto counter = std::make_shared<int>(1);
  big.alive = counter;
  {
    UniqueFunction<int()> f = [big] { return *big.alive; };
    big.alive.reset();
    LONGS_EQUAL(1, f());
    LONGS_EQUAL(2, counter.use_count());
  }
  LONGS_EQUAL(1, counter.use_count());
}

namespace {
struct Item : ListHook {
  explicit Item(int n) : number(n) {}
  int number;
};
}  // namespace

TEST_GROUP(IntrusiveList){};
TEST(IntrusiveList, AnElementIsInOneListAndLeavesWhenItDies) {
  IntrusiveList<Item> idle, blocked;
  Item a(1);
  {
    Item b(2);
    idle.push_back(a);
    idle.push_back(b);
    blocked.push_back(b);
    LONGS_EQUAL(1, idle.size());
    LONGS_EQUAL(1, blocked.size());
  }
  CHECK(blocked.empty());
  LONGS_EQUAL(1, idle.front().number);
}
TEST(IntrusiveList, ForEachMayUnlinkTheElementItIsGiven) {
  IntrusiveList<Item> list, other;
  Item a(1), b(2), c(3);
  for (Item* i : {&a, &b, &c}) list.push_back(*i);
  int sum = 0;
  list.for_each([&](Item& i) {
    sum += i.number;
    if (i.number == 2) other.push_back(i);
  });
  LONGS_EQUAL(6, sum);
  LONGS_EQUAL(2, list.size());
}

TEST_GROUP(Rng){};
TEST(Rng, TheSameSeedGivesTheSameNumbers) {
  Rng a(42), b(42);
  for (int i = 0; i < 100; ++i) CHECK(a.next() == b.next());
}
TEST(Rng, BelowIsUniformByChiSquare) {
  Rng rng(1);
  int seen[10] = {};
  for (int i = 0; i < 100000; ++i) ++seen[rng.below(10)];
  double chi2 = 0;
  for (int n : seen) chi2 += (n - 10000.0) * (n - 10000.0) / 10000.0;
  CHECK(chi2 < 27.9);  // 9 degrees of freedom, p = 0.001
}
