#include "stream/log/wall_place.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

// Units of 100 bytes and 100 ms, at 1,000 samples a second.
TEST_GROUP(WallPlace) {
  AppendLog<SyncMark> sync;
  AppendLog<StreamSpan> spans;
  std::uint64_t end = 0;

  void units(int number, std::uint64_t samples) {
    for (int i = 0; i < number; ++i, end += 100, samples += 100) sync.push({end, {samples, false}});
  }
  // A span whose first unit sounds at wall_ms; 0: it has no times.
  void span(std::uint64_t id, std::uint64_t origin, std::int64_t wall_ms, std::uint64_t samples) {
    StreamSpan one;
    one.begin = end;
    one.id = {id, 0};
    one.origin = origin;
    one.media = {samples, 1000};
    one.wall_ms = wall_ms;
    one.anchored = wall_ms != 0;
    spans.push(one);
  }
  StreamView view(std::uint64_t begin = 0) const {
    StreamView out;
    out.begin = begin;
    out.end = end;
    out.sync = sync.view();
    out.spans = spans.view();
    return out;
  }
  void is(const std::optional<WallPlace>& place, std::uint64_t position, std::int64_t wall_ms) {
    CHECK(place.has_value());
    UNSIGNED_LONGS_EQUAL(position, place->at.position);
    LONGS_EQUAL(wall_ms, place->wall_ms);
  }
};

TEST(WallPlace, AMomentIsInTheUnitThatBeginsBeforeIt) {
  span(7, 5000, 90000, 0);
  units(10, 0);
  is(place_at_wall(view(), 90350), 5300, 90300);
  is(place_at_wall(view(), 90300), 5300, 90300);
  is(place_at_wall(view(), 99999), 5900, 90900);
  CHECK(!place_at_wall(view(), 89999));
  CHECK(!place_at_wall(view(250), 90250));
  is(oldest_place(view(250)), 5300, 90300);
  is(newest_place(view()), 5900, 90900);
}
// The time of a page of Ogg is that of its end.
TEST(WallPlace, AMomentIsInThePageThatBeginsBeforeIt) {
  span(7, 0, 90000, 0);
  for (std::uint64_t samples = 0; samples <= 5000; samples += 1000, end += 100)
    sync.push({end, {samples, true, samples == 0 ? 0u : 1000u}});
  is(place_at_wall(view(), 92000), 300, 92000);
  is(place_at_wall(view(), 91999), 200, 91000);
  is(newest_place(view()), 500, 94000);
  LONGS_EQUAL(4000, newest_place(view())->media_ms);
  // The last page of a chain may be without sound.
  sync.push({end, {5000, false, 0}});
  end += 50;
  sync.push({end, {6000, true, 1000}});
  end += 100;
  is(place_at_wall(view(), 95000), 650, 95000);
}
TEST(WallPlace, WhatHasNoTimesYetIsNoPlace) {
  span(7, 0, 0, 0);
  units(5, 0);
  CHECK(!oldest_place(view()));
  CHECK(!newest_place(view()));
  CHECK(!place_of_join(view(), 300));
  const auto young = young_place_of_join(view(), 300);
  CHECK(young.has_value());
  UNSIGNED_LONGS_EQUAL(200, young->at.position);
  LONGS_EQUAL(200, young->media_ms);
  span(7, 500, 50000, 500);
  units(5, 500);
  is(oldest_place(view()), 500, 50000);
  CHECK(!place_at_wall(view(), 49999));
  is(place_of_join(view(), 300), 700, 50200);
  // So the byte of before has its time, too.
  const auto known = place_of_join(view(), 300);
  LONGS_EQUAL(49700, known->wall_ms - (known->media_ms - young->media_ms));
  CHECK(!place_of_join(view(), 700));
}
TEST(WallPlace, BytesWithoutAnAddressArePassedOver) {
  span(7, 0, 10000, 0);
  units(3, 0);
  span(0, 0, 10300, 0);  // headers of Ogg
  units(1, 0);
  span(8, 0, 20000, 0);
  units(3, 0);
  is(place_at_wall(view(), 19000), 200, 10200);
  is(place_at_wall(view(), 20100), 100, 20100);
  is(place_at_wall(view(), 10250), 200, 10200);
}
TEST(WallPlace, AStreamWithoutAnythingHasNone) {
  for (const std::int64_t wall : {std::int64_t{0}, std::int64_t{1} << 60})
    CHECK(!place_at_wall(StreamView(), wall));
  CHECK(!oldest_place(StreamView()));
  CHECK(!young_place_of_join(StreamView(), 300));
}
