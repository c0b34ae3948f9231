#include "stream/gate.h"

#include <thread>
#include <utility>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Gate) { Gate gate; };

TEST(Gate, LetsInExactlyTheLimit) {
  CHECK(gate.try_enter(2));
  CHECK(gate.try_enter(2));
  CHECK(!gate.try_enter(2));
  LONGS_EQUAL(2, gate.inside());
  gate.leave();
  CHECK(gate.try_enter(2));
  CHECK(!gate.try_enter(2));
}
TEST(Gate, ALimitOfZeroLetsNobodyIn) {
  CHECK(!gate.try_enter(0));
  LONGS_EQUAL(0, gate.inside());
}
TEST(Gate, NoLimitLetsEverybodyIn) {
  for (int i = 0; i < 1000; ++i) CHECK(gate.try_enter(Gate::kNoLimit));
  LONGS_EQUAL(1000, gate.inside());
}
TEST(Gate, EnteringByRightPassesTheLimit) {
  gate.enter();
  gate.enter();
  LONGS_EQUAL(2, gate.inside());
  CHECK(!gate.try_enter(1));
}
TEST(Gate, IsExactWhenManyThreadsEnterAndLeave) {
  constexpr std::int64_t kLimit = 3;
  std::atomic<std::int64_t> most{0}, entered{0};
  std::atomic<std::int64_t> inside{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20000; ++i) {
        if (!gate.try_enter(kLimit)) continue;
        const std::int64_t now = inside.fetch_add(1) + 1;
        std::int64_t seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        entered.fetch_add(1);
        inside.fetch_sub(1);
        gate.leave();
      }
    });
  for (std::thread& thread : threads) thread.join();
  LONGS_EQUAL(0, gate.inside());
  CHECK(entered.load() > 0);
  CHECK(most.load() <= kLimit);
}

TEST_GROUP(GatePass) {
  Gate gate;
  GatePass enter() {
    gate.enter();
    return GatePass(&gate);
  }
};

TEST(GatePass, LeavesWhenItGoes) {
  {
    const GatePass pass = enter();
    CHECK(static_cast<bool>(pass));
    LONGS_EQUAL(1, gate.inside());
  }
  LONGS_EQUAL(0, gate.inside());
}
TEST(GatePass, AnEmptyPassIsNowhere) {
  GatePass pass;
  CHECK(!pass);
  pass.leave();
  LONGS_EQUAL(0, gate.inside());
}
TEST(GatePass, LeavesOnce) {
  GatePass pass = enter();
  pass.leave();
  pass.leave();
  CHECK(!pass);
  LONGS_EQUAL(0, gate.inside());
}
TEST(GatePass, MovesItsPlace) {
  GatePass a = enter();
  GatePass b(std::move(a));
  LONGS_EQUAL(1, gate.inside());
  GatePass c = enter();
  LONGS_EQUAL(2, gate.inside());
  c = std::move(b);  // its own place is left
  LONGS_EQUAL(1, gate.inside());
  GatePass& itself = c;
  c = std::move(itself);
  LONGS_EQUAL(1, gate.inside());
  c.leave();
  LONGS_EQUAL(0, gate.inside());
}
