#include "stream/source/source_ring.h"

#include "stream/support.h"
#include "stream/test_plugins.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kUnitTypes[] = {"audio/units"};
constexpr FramerPlugin kRealUnits{"units", kUnitTypes, true, make_framer<UnitFramer>, nullptr};

SteadyTime at(std::chrono::milliseconds time) { return SteadyTime(time); }

}  // namespace

TEST_GROUP(SourceRing) {
  SourceRing ring{kRealUnits};
  std::uint64_t put_so_far = 0;

  void put(std::size_t n, std::chrono::milliseconds time, SourceRing & into) {
    const std::string text = pattern_text(put_so_far, put_so_far + n);
    into.put(std::as_bytes(std::span(text)), at(time));
    put_so_far += n;
  }
  void put(std::size_t n, std::chrono::milliseconds time) { put(n, time, ring); }
};

TEST(SourceRing, IsEnteredAtTheFirstUnitThatCameInTime) {
  put(250, 1000ms);  // units at 0, 100, 200
  put(250, 1100ms);  // 300, 400
  put(50, 1200ms);   // 500
  const auto entered = [&](std::chrono::milliseconds since) {
    const auto entry = ring.entry(at(since));
    CHECK(entry.aligned);
    return to_text(entry.bytes);
  };
  CHECK(pattern_text(0, 550) == entered(900ms));
  CHECK(pattern_text(300, 550) == entered(1001ms));
  CHECK(pattern_text(300, 550) == entered(1100ms));
  CHECK(pattern_text(500, 550) == entered(1150ms));
  CHECK(pattern_text(500, 550) == entered(5000ms));  // the newest
}
TEST(SourceRing, KeepsTheNewestBytes) {
  for (int i = 0; i < 3000; ++i) put(100, i * 1ms);
  const std::string all = to_text(ring.entry(at(0ms)).bytes);
  CHECK(all.size() >= SourceRing::kKept - 100 && all.size() <= SourceRing::kKept + 33 * 1024);
  CHECK(pattern_text(300'000 - all.size(), 300'000) == all);
}
TEST(SourceRing, HasNothingToEnterAtBeforeTheFirstUnit) {
  CHECK_FALSE(ring.in_step());
  put(1, 1ms);
  CHECK(ring.in_step());  // of this format
  SourceRing ogg(framer_for("audio/ogg"));
  put(5000, 1ms, ogg);
  CHECK_FALSE(ogg.in_step());
  const auto entry = ogg.entry(at(0ms));
  CHECK_FALSE(entry.aligned);
  LONGS_EQUAL(5000, entry.bytes.size());
  for (int i = 0; i < 500; ++i) put(5000, 1ms, ogg);
  CHECK(ogg.entry(at(0ms)).bytes.size() <= SourceRing::kMax);
}
TEST(SourceRing, AFormatOfWhichNothingIsKnownGoesOnWhereItIs) {
  SourceRing plain(kPlain);
  CHECK_FALSE(plain.in_step());
  put(100, 1000ms, plain);
  put(100, 2000ms, plain);
  CHECK(plain.in_step());
  CHECK(pattern_text(100, 200) == to_text(plain.entry(at(1500ms)).bytes));
  LONGS_EQUAL(0, plain.entry(at(2500ms)).bytes.size());
}
TEST(SourceRing, KeepsWhatCameInTheTimeThatIsWanted) {
  SourceRing long_one(kRealUnits, 2s);
  // 200 kB a second.
  for (int i = 0; i < 60; ++i) put(20'000, 100ms * i, long_one);
  CHECK(long_one.end() - long_one.begin() >= 400'000);
  CHECK(long_one.end() - long_one.begin() < 500'000);
}
