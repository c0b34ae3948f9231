#include "stream/log/wall_seams.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

// Spans at 1,000 samples a second, so a sample is a millisecond.
TEST_GROUP(WallSeams) {
  WallSeams seams;
  std::optional<StreamSpan> last;

  static StreamSpan span(std::uint64_t id, std::int64_t wall_ms, std::uint64_t samples = 0) {
    StreamSpan one;
    one.id = {id, 0};
    one.media = {samples, 1000};
    one.wall_ms = wall_ms;
    one.anchored = wall_ms != 0;
    return one;
  }
  void begins(const StreamSpan& next, std::optional<std::int64_t> after = std::nullopt) {
    seams.span_begins(last ? &*last : nullptr, next, next.media.samples, after);
    last = next;
  }
  void are(const std::vector<WallSeam>& wanted) {
    CHECK(wanted == (seams.view() ? *seams.view() : std::vector<WallSeam>()));
  }
};

TEST(WallSeams, AStreamBeginsWithoutOne) {
  begins(span(1, 0));
  begins(span(1, 5000, 4000));
  are({});
}
TEST(WallSeams, OneIsKnownWhenTheTimeOfTheNewSourceIs) {
  begins(span(1, 1000));
  begins(span(2, 0), 9000);
  are({});
  begins(span(2, 15500, 4000));
  are({{9000, 11500}});
}
TEST(WallSeams, OfARelayTheTimeIsKnownAtOnce) {
  begins(span(1, 1000));
  begins(span(2, 12000, 700), 9000);
  are({{9000, 12000}});
}
TEST(WallSeams, TheSameTimeIsNone) {
  begins(span(1, 1000));
  begins(span(2, 9030), 9000);
  are({});
}
TEST(WallSeams, TimeGoesBackToo) {
  begins(span(1, 1000));
  begins(span(2, 6000), 9000);
  are({{9000, 6000}});
}
TEST(WallSeams, HeadersBetweenThemAreNoSource) {
  begins(span(1, 1000));
  StreamSpan headers;
  begins(headers, 9000);
  begins(span(2, 12000, 300));
  are({{9000, 12000}});
}
TEST(WallSeams, ASourceWhoseTimeWasNeverKnownIsBetweenThem) {
  begins(span(1, 1000));
  begins(span(2, 0), 9000);
  begins(span(3, 0));
  begins(span(3, 30000, 4000));
  are({});
}
TEST(WallSeams, TheNewestAreKept) {
  for (std::uint64_t i = 0; i < 20; ++i)
    begins(span(i + 1, static_cast<std::int64_t>(10000 * (i + 1))),
           10000 * static_cast<std::int64_t>(i) + 5000);
  LONGS_EQUAL(WallSeams::kMaxSeams, seams.view()->size());
  LONGS_EQUAL(200000, seams.view()->back().wall_ms);
}
