#include "stream/mount/gate.h"

#include <thread>
#include <utility>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Gate) { Gate gate; };

TEST(Gate, AdmitsExactlyTheLimit) {
  CHECK(gate.try_enter(2));
  CHECK(gate.try_enter(2));
  CHECK(!gate.try_enter(2));
  LONGS_EQUAL(2, gate.inside());
  gate.leave();
  CHECK(gate.try_enter(2));
  CHECK(!gate.try_enter(2));
}
TEST(Gate, ALimitOfZeroAdmitsNothing) {
  CHECK(!gate.try_enter(0));
  LONGS_EQUAL(0, gate.inside());
}
TEST(Gate, NoLimitAdmitsAll) {
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

TEST_GROUP(GateTotal) {
  Gate::Total total{0};
  Gate one{&total, 128'000}, other{&total, 64'000};
};

TEST(GateTotal, IsWhatAllInsideWeigh) {
  one.enter();
  CHECK(one.try_enter(2));
  CHECK(!one.try_enter(2));
  other.enter();
  LONGS_EQUAL(320'000, total.load());
  one.leave();
  LONGS_EQUAL(192'000, total.load());
}
TEST(GateTotal, FollowsAWeightThatChanges) {
  one.enter();
  one.enter();
  other.enter();
  one.set_weight(320'000);
  LONGS_EQUAL(704'000, total.load());
  one.leave();
  LONGS_EQUAL(384'000, total.load());
  one.set_weight(0);
  LONGS_EQUAL(64'000, total.load());
  LONGS_EQUAL(1, one.inside());
}
TEST(GateTotal, AWeightBeyondAllBoundsLeavesTheCountRight) {
  one.set_weight(std::int64_t{1} << 60);
  one.enter();
  LONGS_EQUAL(1, one.inside());
  CHECK(total.load() == Gate::kMaxWeight);
}
TEST(GateTotal, IsExactWhenManyThreadsEnterLeaveAndChangeTheWeight) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20000; ++i) {
        Gate& gate = i % 3 == 0 ? one : other;
        gate.enter();
        if (i % 5 == t) gate.set_weight(1000 + i);
        if (i % 2 == 0) gate.leave();
      }
    });
  for (std::thread& thread : threads) thread.join();
  one.set_weight(7);
  other.set_weight(11);
  LONGS_EQUAL(40000, one.inside() + other.inside());
  LONGS_EQUAL(7 * one.inside() + 11 * other.inside(), total.load());
}
TEST(GateTotal, OfTwoEntriesAtOnceOneSeesBoth) {
  for (int i = 0; i < 2000; ++i) {
    std::int64_t seen[2] = {0, 0};
    std::thread second([&] {
      other.enter();
      seen[1] = total.load(std::memory_order_relaxed);
    });
    one.enter();
    seen[0] = total.load(std::memory_order_relaxed);
    second.join();
    CHECK(seen[0] == 192'000 || seen[1] == 192'000);
    one.leave();
    other.leave();
  }
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
