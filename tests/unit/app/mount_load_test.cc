#include "app/topology/mount_load.h"

#include "cluster/nodes/carriers.h"
#include "cluster/nodes/node.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(MountLoad) {
  MountSettings settings;
  Mount mount{"/live", std::make_shared<const MountSettings>(), 1};
  Mount& with(int most, std::uint64_t bandwidth = 0) {
    settings.max_listeners = most;
    settings.max_bandwidth = bandwidth;
    mount.set_settings(std::make_shared<const MountSettings>(settings));
    return mount;
  }
};

TEST(MountLoad, WhatPlaysOrLingersIsCarried) {
  CHECK(is_carried(mount));
  mount.set_phase(MountPhase::kLingering);
  CHECK(is_carried(mount));
  mount.set_phase(MountPhase::kIdle);
  CHECK_FALSE(is_carried(mount));
  mount.set_phase(MountPhase::kEnded);
  CHECK_FALSE(is_carried(mount));
}
TEST(MountLoad, AnIdleRelayIsCarriedForOneThatIsServedDirectly) {
  mount.set_phase(MountPhase::kIdle);
  mount.direct_gate().enter();
  CHECK(is_carried(mount));
}
TEST(MountLoad, ServersThatRelayAreNoAudience) {
  for (int i = 0; i < 3; ++i) mount.gate().enter();
  mount.relay_gate().enter();
  LONGS_EQUAL(2, audience_at(mount));
}
TEST(MountLoad, WithoutLimitsAnyNumberMayBeInside) {
  LONGS_EQUAL(-1, most_listeners(with(-1)));
  CHECK(free_places(mount) == MountLoad::kUnlimited);
}
TEST(MountLoad, BandwidthLeavesRoomForSoManyOfItsRate) {
  with(-1, 1'000'000);
  mount.set_usual_rate(16000);  // 128 kbit/s
  LONGS_EQUAL(7, most_listeners(mount));
  LONGS_EQUAL(5, most_listeners(with(5, 1'000'000)));
  LONGS_EQUAL(7, most_listeners(with(9, 1'000'000)));
}
TEST(MountLoad, AListenerOfARateThatIsNotKnownCountsAsANominalOne) {
  DOUBLES_EQUAL(0, known_kbps(mount), 1e-9);
  DOUBLES_EQUAL(kNominalListenerKbps, listener_kbps(mount), 1e-9);
  mount.set_usual_rate(8000);
  DOUBLES_EQUAL(64, known_kbps(mount), 1e-9);
  DOUBLES_EQUAL(64, listener_kbps(mount), 1e-9);
}
TEST(MountLoad, FreePlacesAreNeverFewerThanNone) {
  with(2);
  LONGS_EQUAL(2, free_places(mount));
  for (int i = 0; i < 3; ++i) mount.gate().enter();
  LONGS_EQUAL(0, free_places(mount));
}
TEST(MountLoad, BandwidthForLessThanOneListenerIsRoomForNone) {
  LONGS_EQUAL(0, most_listeners(with(-1, 1000)));
}
