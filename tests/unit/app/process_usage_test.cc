#include "app/process/process_usage.h"

#include <sys/resource.h>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(ProcessUsage){static std::uint64_t places(std::uint64_t most, std::uint64_t open,
                                                     std::uint64_t connections){ProcessUsage usage;
usage.most_fds = most;
usage.open_fds = open;
return places_for_connections(usage, connections);
}
}
;

TEST(ProcessUsage, WhatIsOpenBesideConnectionsIsNotForThem) {
  LONGS_EQUAL(1024 - 64 - 16 - 44, places(1024, 44, 0));
  LONGS_EQUAL(1024 - 64 - 16 - 44,
              places(1024, 544, 500));                  // those that are here have their places
  LONGS_EQUAL(1024 - 64 - 16, places(1024, 400, 500));  // counted a moment apart
}
TEST(ProcessUsage, ThereIsOnePlaceAtLeast) {
  LONGS_EQUAL(1, places(60, 50, 0));
  LONGS_EQUAL(1, places(40, 40, 0));
}
TEST(ProcessUsage, WhereProcIsHiddenTheUsualIsOpen) {
  LONGS_EQUAL(1024 - 64 - 16 - 64, places(1024, 0, 300));
}
TEST(ProcessUsage, WithoutALimitThereIsNone) {
  CHECK(places(0, 44, 0) == kNoDescriptorLimit);
  CHECK(places(RLIM_INFINITY, 44, 0) == kNoDescriptorLimit);
}
