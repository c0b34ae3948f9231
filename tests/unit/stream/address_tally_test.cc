#include "stream/listener/address_tally.h"

#include <atomic>
#include <thread>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

Address at(std::string_view text) { return *Address::parse(text, 1234); }

}  // namespace

TEST_GROUP(AddressTally) { AddressTally tally; };

TEST(AddressTally, AdmitsSoManyAndMoreWhenOneHasLeft) {
  auto first = tally.try_enter(at("192.0.2.1"), "/m", 2);
  auto second = tally.try_enter(at("192.0.2.1"), "/m", 2);
  CHECK(first && second);
  CHECK(!tally.try_enter(at("192.0.2.1"), "/m", 2));
  first.reset();
  LONGS_EQUAL(1, tally.inside(at("192.0.2.1"), "/m"));
  CHECK(tally.try_enter(at("192.0.2.1"), "/m", 2).has_value());
}
TEST(AddressTally, OneThatWasInsideBeforeIsCountedWhateverTheLimit) {
  const auto one = tally.try_enter(at("192.0.2.1"), "/m", 1);
  {
    const AddressTally::Pass again = tally.enter(one->key());
    LONGS_EQUAL(2, tally.inside(at("192.0.2.1"), "/m"));
    STRCMP_EQUAL(one->key().c_str(), again.key().c_str());
  }
  LONGS_EQUAL(1, tally.inside(at("192.0.2.1"), "/m"));
}
TEST(AddressTally, CountsMountsAndAddressesApart) {
  const auto one = tally.try_enter(at("192.0.2.1"), "/m", 1);
  CHECK(tally.try_enter(at("192.0.2.1"), "/n", 1).has_value());
  CHECK(tally.try_enter(at("192.0.2.1"), "", 1).has_value());
  CHECK(tally.try_enter(at("192.0.2.2"), "/m", 1).has_value());
  CHECK(!tally.try_enter(at("192.0.2.1"), "/m", 1));
}
TEST(AddressTally, TakesA64OfIpv6ForOneAddress) {
  const auto one = tally.try_enter(at("2001:db8:1:2::1"), "/m", 1);
  CHECK(!tally.try_enter(at("2001:db8:1:2:ffff::9"), "/m", 1));
  CHECK(tally.try_enter(at("2001:db8:1:3::1"), "/m", 1).has_value());
}
TEST(AddressTally, APassThatWasMovedLeavesOnce) {
  auto one = tally.try_enter(at("192.0.2.1"), "/m", 5);
  {
    const AddressTally::Pass moved = std::move(*one);
    LONGS_EQUAL(1, tally.inside(at("192.0.2.1"), "/m"));
  }
  one.reset();
  LONGS_EQUAL(0, tally.inside(at("192.0.2.1"), "/m"));
}
TEST(AddressTally, IsExactWhenManyThreadsEnterAndLeave) {
  std::atomic<int> inside{0}, most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const auto pass = tally.try_enter(at("192.0.2.1"), "/m", 3);
        if (!pass) continue;
        const int now = ++inside;
        int before = most;
        while (before < now && !most.compare_exchange_weak(before, now)) {
        }
        --inside;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(most >= 1 && most <= 3);
  LONGS_EQUAL(0, tally.inside(at("192.0.2.1"), "/m"));
}
