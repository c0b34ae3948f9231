#include "hls/list_pace.h"

#include <set>

#include "base/through_record.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

// Segments of 6 s; the log holds 22 of them, a list 10.
TEST_GROUP(ListPace) {
  static constexpr std::size_t kListed = 10, kHeld = 22;
  ListPace pace;
  SteadyTime now{1000s};
  std::uint64_t newest = 100;
  std::set<std::uint64_t> shown;

  std::vector<HlsSegment> held(std::size_t most) const {
    std::vector<HlsSegment> out;
    for (std::uint64_t number = newest + 1 - most; number <= newest; ++number) {
      HlsSegment one;
      one.sequence = number;
      one.cut_ms = 6000;
      out.push_back(one);
    }
    return out;
  }
  // As HlsStage does it.
  std::vector<HlsSegment> list() {
    auto out = held(kListed);
    if (!pace.shows_due(out, now)) out = pace.window(held(kHeld), kListed, now);
    pace.note(out, now);
    for (const HlsSegment& one : out) shown.insert(one.sequence);
    return out;
  }
  void live(std::chrono::seconds time) {
    for (auto passed = 0s; passed < time; passed += 2s) {
      if (passed % 6s == 0s) ++newest;
      list();
      now += 2s;
    }
  }
};

TEST(ListPace, WithALiveSourceTheListIsTheNewest) {
  live(120s);
  LONGS_EQUAL(newest, list().back().sequence);
  LONGS_EQUAL(kListed, list().size());
  newest += 3;  // it sends 18 s ahead: the list has room for them
  LONGS_EQUAL(newest, list().back().sequence);
}
TEST(ListPace, WhatASourceSendsFarAheadIsAllListed) {
  live(60s);
  const std::uint64_t first = *shown.begin(), playing = list().back().sequence - 2;
  newest += 15;  // 90 s at once, where a list has 60 s
  const auto jumped = list();
  LONGS_EQUAL(playing, jumped.front().sequence);
  LONGS_EQUAL(kListed, jumped.size());
  live(120s);
  for (std::uint64_t number = first; number <= list().back().sequence; ++number)
    CHECK(shown.contains(number));
  // It stays as far behind as that, and each segment stays listed until its time.
  LONGS_EQUAL(newest - 8, list().back().sequence);
}
TEST(ListPace, WhatTheLogDoesNotHoldIsNotWaitedFor) {
  live(60s);
  newest += 40;
  const auto jumped = list();
  LONGS_EQUAL(newest + 1 - kHeld, jumped.front().sequence);
  LONGS_EQUAL(kListed, jumped.size());
}
TEST(ListPace, AListThatNobodyFollowsIsTheNewestAgain) {
  live(60s);
  newest += 15;
  list();
  now += 61s;
  newest += 10;
  LONGS_EQUAL(newest, list().back().sequence);
}
TEST(ListPace, ItGoesOnFromARecordThatMakesSense) {
  live(60s);
  newest += 15;
  const auto before = list();
  pace = lb::test::through_record(pace);
  now += 1s;
  LONGS_EQUAL(before.back().sequence, list().back().sequence);
  live(30s);
  LONGS_EQUAL(newest - 8, list().back().sequence);
  RecordOut out;
  out(1, std::uint64_t{5});  // the next one, and no length
  pace = {};
  RecordIn in("hand-over", out.bytes());
  record_fields(in, pace);
  LONGS_EQUAL(newest, list().back().sequence);
}
