#include "stream/mount/closed_mounts.h"

#include "base/through_record.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(ClosedMounts) {
  ClosedMounts mounts;
  SteadyTime now{1000s};
};

TEST(ClosedMounts, AreClosedUntilTheirTime) {
  CHECK(mounts.closed_by("/a", now) == nullptr);
  mounts.close("/a", "dj", now, now + 10s);
  CHECK(mounts.closed_by("/a", now) != nullptr);
  STRCMP_EQUAL("dj", mounts.closed_by("/a", now + 9s)->c_str());
  CHECK(mounts.closed_by("/a", now + 10s) == nullptr);
  CHECK(mounts.closed_by("/b", now) == nullptr);
}
TEST(ClosedMounts, CanBeOpened) {
  mounts.close("/a", "dj", now, now + 10s);
  mounts.open("/a");
  mounts.open("/never");
  CHECK(mounts.closed_by("/a", now) == nullptr);
}
TEST(ClosedMounts, ThoseThatAreOpenAgainAreForgotten) {
  for (int i = 0; i < 100; ++i) mounts.close("/old" + std::to_string(i), "", now, now + 1s);
  mounts.close("/a", "", now + 2s, now + 3s);
  LONGS_EQUAL(1, mounts.size());
}
TEST(ClosedMounts, BeyondTheMostTheOneThatOpensSoonestIsOpen) {
  for (std::size_t i = 0; i <= ClosedMounts::kMaxNames; ++i)
    mounts.close("/m" + std::to_string(i), "", now, now + 10s + std::chrono::seconds(i));
  LONGS_EQUAL(ClosedMounts::kMaxNames, mounts.size());
  CHECK(mounts.closed_by("/m0", now) == nullptr);
  CHECK(mounts.closed_by("/m1", now) != nullptr);
}
TEST(ClosedMounts, StayClosedInAnotherProcess) {
  mounts.close("/a", "dj", now, now + 10s);
  ClosedMounts next;
  next.restore(test::through_record(mounts.save()), now + 4s);
  STRCMP_EQUAL("dj", next.closed_by("/a", now + 9s)->c_str());
  CHECK(next.closed_by("/a", now + 10s) == nullptr);
}
