#include "stream/worker_loads.h"

#include "base/clock.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(WorkerLoads) {
  FakeClock clock;  // of a thread each time: what it has worked is told from the last note on
  WorkerLoads loads{3};
  Carriers mount;

  void setup() override { worked(0, 0, 0); }

  unsigned choose(unsigned here = 0) { return loads.choose(mount, here, clock.steady()); }
  // In the last second the workers have worked so much of it.
  void worked(unsigned first, unsigned second, unsigned third) {
    clock.advance(1s);
    const unsigned percents[] = {first, second, third};
    for (unsigned worker = 0; worker < 3; ++worker) {
      FakeClock own;
      own.work(work_[worker] += percents[worker] * 10ms);
      loads.note(worker, own, clock.steady());
    }
  }
  // A fan-out of the mount is there.
  void carries(unsigned worker) { mount.begin_at(worker); }

  std::chrono::nanoseconds work_[3] = {};
};

TEST(WorkerLoads, OneWorkerHasAllMounts) {
  WorkerLoads one(1);
  LONGS_EQUAL(0, one.choose(mount, 0, clock.steady()));
  LONGS_EQUAL(Carriers::kNone, mount.first());
}
TEST(WorkerLoads, AMountIsAtTheWorkerThatItsFirstListenerCameToWhereAllAreAlike) {
  LONGS_EQUAL(1, choose(1));
  LONGS_EQUAL(1, choose(0));
  LONGS_EQUAL(1, choose(2));
}
TEST(WorkerLoads, AMountBeginsAtTheWorkerWithTheLeastToDo) {
  worked(35, 31, 12);
  LONGS_EQUAL(2, choose(0));
}
TEST(WorkerLoads, OfWorkersWithAsMuchToDoTheOneWithTheFewestMountsGetsTheNext) {
  worked(12, 14, 18);
  loads.count_mounts(0, 8);
  loads.count_mounts(1, 4);
  loads.count_mounts(2, 6);
  LONGS_EQUAL(1, choose(0));
}
TEST(WorkerLoads, AThousandMountsAreSpreadEvenly) {
  unsigned mounts[3] = {};
  for (unsigned i = 0; i < 1000; ++i) {
    Carriers each;
    const unsigned worker = loads.choose(each, i % 2, clock.steady());
    loads.count_mounts(worker, ++mounts[worker]);
  }
  for (const unsigned n : mounts) CHECK(n >= 333 && n <= 334);
}
TEST(WorkerLoads, TheWorkerOfTheSourceComesFirstUnlessItHasManyMore) {
  mount.set_source(2);
  loads.count_mounts(0, 8);
  loads.count_mounts(1, 8);
  loads.count_mounts(2, 11);
  LONGS_EQUAL(2, choose(0));
  Carriers other;
  other.set_source(2);
  loads.count_mounts(2, 12);
  LONGS_EQUAL(0, loads.choose(other, 0, clock.steady()));
}
TEST(WorkerLoads, ABusySourcesWorkerIsNotPreferred) {
  mount.set_source(2);
  worked(5, 5, 25);
  LONGS_EQUAL(0, choose(0));
}
TEST(WorkerLoads, AFullWorkerSpillsToTheOneWithTheLeastToDo) {
  LONGS_EQUAL(0, choose(0));
  carries(0);
  worked(59, 40, 20);
  LONGS_EQUAL(0, choose(1));
  worked(60, 40, 20);
  LONGS_EQUAL(2, choose(0));
  LONGS_EQUAL(2, choose(1));
}
TEST(WorkerLoads, AWorkerThatCarriesTheMountAlreadyComesBeforeOneMore) {
  LONGS_EQUAL(0, choose(0));
  carries(0);
  carries(1);
  worked(80, 40, 2);
  LONGS_EQUAL(1, choose(0));
  worked(80, 70, 2);
  LONGS_EQUAL(2, choose(0));
}
TEST(WorkerLoads, AFullWorkerHasRoomAgainWhenItHasSunkWellBelow) {
  LONGS_EQUAL(0, choose(0));
  carries(0);
  worked(65, 10, 10);
  LONGS_EQUAL(1, choose(0));
  worked(55, 10, 10);
  LONGS_EQUAL(1, choose(0));
  worked(49, 10, 10);
  LONGS_EQUAL(0, choose(1));
  worked(55, 10, 10);
  LONGS_EQUAL(0, choose(1));
}
TEST(WorkerLoads, WhereAllAreFullAListenerStaysWhereItIs) {
  LONGS_EQUAL(0, choose(0));
  carries(0);
  worked(90, 95, 99);
  LONGS_EQUAL(2, choose(2));
  LONGS_EQUAL(1, choose(1));
  Carriers other;
  LONGS_EQUAL(1, loads.choose(other, 1, clock.steady()));
}
TEST(WorkerLoads, AWorkerThatHasSaidNothingForLongIsIdle) {
  LONGS_EQUAL(0, choose(0));
  worked(90, 10, 10);
  LONGS_EQUAL(1, choose(1));
  clock.advance(WorkerLoads::kStale + 1s);
  LONGS_EQUAL(0, choose(1));
  LONGS_EQUAL(0, loads.percent(0, clock.steady()));
}
TEST(WorkerLoads, WhatItHasWorkedIsAskedForOnceInAWhile) {
  worked(10, 10, 10);
  FakeClock own;
  own.work(10s);
  loads.note(0, own, clock.steady() + WorkerLoads::kWindow - 1ms);
  LONGS_EQUAL(10, loads.percent(0, clock.steady()));
  loads.note(0, own, clock.steady() + WorkerLoads::kWindow);
  LONGS_EQUAL(100, loads.percent(0, clock.steady()));
}
TEST(WorkerLoads, AMountWithoutListenersMayBeginElsewhere) {
  LONGS_EQUAL(0, choose(0));
  carries(0);
  carries(1);
  mount.end_at(0);
  LONGS_EQUAL(0, choose(1));
  mount.end_at(1);
  LONGS_EQUAL(2, choose(2));
}
