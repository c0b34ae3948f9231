#include "stream/mount/slot_gate.h"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(SlotGate) {
  const SteadyTime now{1h};
  std::shared_ptr<SlotGate> gate = std::make_shared<SlotGate>();
};

TEST(SlotGate, HasNoSlotAtFirst) {
  CHECK(!gate->try_enter(now));
  gate->add(1);
  CHECK(gate->try_enter(now));
  CHECK(!gate->try_enter(now));
  LONGS_EQUAL(1, gate->inside());
}
TEST(SlotGate, OnlyWhatIsFreeIsTaken) {
  gate->add(5);
  CHECK(gate->try_enter(now));
  LONGS_EQUAL(3, gate->take(3));
  LONGS_EQUAL(1, gate->take(9));
  LONGS_EQUAL(0, gate->take(9));
  LONGS_EQUAL(1, gate->limit());
  gate->leave();
  LONGS_EQUAL(1, gate->idle());
}
TEST(SlotGate, SlotsAreVoidAfterTheirTime) {
  gate->add(1);
  gate->set_until(now + 1s);
  CHECK(!gate->try_enter(now + 1s));
  CHECK(gate->try_enter(now + 999ms));
}
TEST(SlotGate, OpenLetsAllIn) {
  gate->open();
  gate->set_until(now);
  for (int i = 0; i < 100; ++i) CHECK(gate->try_enter(now + 1s));
  LONGS_EQUAL(0, gate->take(5));
  gate->close();
  LONGS_EQUAL(100, gate->limit());
  LONGS_EQUAL(0, gate->idle());
}
TEST(SlotGate, APassLeavesOnce) {
  gate->add(2);
  CHECK(gate->try_enter(now));
  {
    SlotPass one(gate);
    SlotPass other = std::move(one);
    CHECK(static_cast<bool>(other));
    CHECK(!static_cast<bool>(one));
    LONGS_EQUAL(1, gate->inside());
  }
  LONGS_EQUAL(0, gate->inside());
}
TEST(SlotGate, NothingThatIsTakenIsEntered) {
  constexpr int kSlots = 1000;
  gate->add(kSlots);
  std::atomic<int> entered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kSlots; ++i)
        if (gate->try_enter(now)) entered.fetch_add(1);
    });
  SlotGate::Count taken = 0;
  for (int i = 0; i < kSlots; ++i) taken += gate->take(1);
  for (std::thread& thread : threads) thread.join();
  LONGS_EQUAL(kSlots, entered.load() + taken + gate->idle());
  LONGS_EQUAL(gate->inside(), entered.load());
}
