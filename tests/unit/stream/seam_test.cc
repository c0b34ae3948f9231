// Where a relay's bytes go on behind what a log holds: by address, by content, at a unit.
#include "stream/source/seam.h"

#include <cstring>

#include "base/random.h"
#include "media/builders.h"
#include "stream/fake_feed_host.h"
#include "stream/log/join.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

// Of 417 bytes, each with another content.
std::string numbered_frame(int number) {
  std::string frame("\xff\xfb\x90\x00", 4);
  Rng rng(static_cast<std::uint64_t>(number + 1));
  while (frame.size() < 417) frame += static_cast<char>('a' + rng.below(26));
  return frame;
}
std::string numbered_frames(int from, int to) {
  std::string all;
  for (int i = from; i < to; ++i) all += numbered_frame(i);
  return all;
}

// A mount with the feeds that it has had.
struct Fed {
  explicit Fed(FakeFeedHost& of) : host(of) {
    MountSettings settings;
    settings.burst_bytes = settings.queue_bytes = 400'000;
    mount = std::make_shared<Mount>("/m", mount_settings(settings), 1);
    lease.mount = mount;
    lease.log = std::move(*StreamLog::create("test"));
  }
  void begin(bool relayed = true, std::optional<StreamPlace> place = {}) {
    if (feed) lease = feed->take_lease();
    lease.identity = {7, ++leases};
    auto facts = std::make_shared<SourceFacts>();
    facts->plugin = &framer_for(type);
    facts->relayed = relayed;
    feed = std::make_unique<Feed>(host, BodyReader(), 0, std::move(lease), facts, place);
  }
  void arrive(std::string_view text) {
    while (!text.empty()) {
      const auto room = feed->room();
      CHECK(room.has_value());
      const std::size_t n = std::min(room->size(), text.size());
      std::memcpy(room->data(), text.data(), n);
      CHECK(feed->received(n).has_value());
      text.remove_prefix(n);
    }
    feed->publish();
  }
  // The next connection has been read before: a frame each 10 ms, the last one now; since: so many
  // of them ago the mount got its last byte.
  void enter(int from, int to, int since) {
    begin();
    SourceState state;
    state.ring = std::make_unique<SourceRing>(framer_for("audio/mpeg"));
    const SteadyTime now = host.loop().now();
    for (int i = from; i < to; ++i) {
      const std::string frame = numbered_frame(i);
      state.ring->put(std::as_bytes(std::span(frame)), now - 10ms * (to - 1 - i));
    }
    state.since = now - 10ms * since;
    CHECK(feed->enter_spare(std::move(state)).has_value());
    feed->publish();
  }
  const StreamView& view() {
    held = mount->channel().newest();
    return *held;
  }
  std::string stream() { return read_view(view(), 0); }
  StreamAddress next() {
    const StreamSpan* span = view().span_at(held->end);
    return {span->id, span->origin_of(held->end)};
  }

  FakeFeedHost& host;
  std::shared_ptr<Mount> mount;
  WriterLease lease;
  std::uint64_t leases = 0;
  std::string_view type = "audio/mpeg";
  std::unique_ptr<Feed> feed;
  std::shared_ptr<const StreamView> held;
};

}  // namespace

TEST_GROUP(Seam) {
  FakeClock clock;
  FakeFeedHost host{clock};
  Fed origin{host}, edge{host};

  // Joins the edge to the origin and gives it all that the origin has.
  void join_edge() {
    const auto joined = plan_placed_join(origin.view(), 400'000, StreamAsk{}, 0);
    CHECK(joined.place.has_value());
    edge.begin(true, joined.place);
    edge.arrive(read_view(origin.view(), joined.plan.position));
  }
  // The edge has the origin's stream, and goes on at a server with another one of these frames.
  void change_to(Fed & other, int from, int to, std::uint64_t burst_bytes) {
    origin.begin(false);
    origin.arrive(numbered_frames(0, 100));
    other.leases = 100;
    other.begin(false);
    other.arrive(numbered_frames(from, to));
    join_edge();
    const StreamAddress wanted = edge.next();
    const auto joined = plan_placed_join(other.view(), burst_bytes, StreamAsk{wanted}, 0);
    CHECK(joined.place.has_value());
    CHECK_FALSE(joined.place->at.id == wanted.id);
    edge.begin(true, joined.place);
    edge.arrive(read_view(other.view(), joined.plan.position));
  }
};

TEST(Seam, AnEdgeHasTheAddressesAndTimesOfItsOrigin) {
  origin.begin(false);
  origin.arrive(numbered_frames(0, 100));
  join_edge();
  const StreamView &there = origin.view(), &here = edge.view();
  CHECK(origin.next() == edge.next());
  LONGS_EQUAL(there.sync[there.sync.end() - 1].time.samples,
              here.sync[here.sync.end() - 1].time.samples);
  CHECK(there.span_at(there.end)->segments == here.span_at(here.end)->segments);
}
TEST(Seam, AnEdgeThatLosesItsUpstreamWithinAFrameGoesOnAtTheByte) {
  origin.begin(false);
  origin.arrive(numbered_frames(0, 100));
  join_edge();
  origin.arrive(numbered_frames(100, 120));
  const std::string more = numbered_frames(100, 120);
  edge.arrive(more.substr(0, 1000));  // the third frame is cut
  // Another upstream of the same stream has it too.
  const StreamAddress wanted = edge.next();
  const auto joined = plan_placed_join(origin.view(), 1000, StreamAsk{wanted}, 0);
  CHECK(joined.place.has_value());
  CHECK(joined.place->at == wanted);
  edge.begin(true, joined.place);
  edge.arrive(read_view(origin.view(), joined.plan.position));
  CHECK_EQUAL(origin.stream(), edge.stream());
  CHECK(origin.next() == edge.next());
  LONGS_EQUAL(1, edge.view().spans.end() - edge.view().spans.begin() -
                     (edge.view().spans.begin() == 0 ? 0 : 1));
}
TEST(Seam, WhatComesTwiceIsLeftOut) {
  origin.begin(false);
  origin.arrive(numbered_frames(0, 100));
  join_edge();
  const StreamAddress early = edge.next();
  origin.arrive(numbered_frames(100, 140));
  edge.arrive(numbered_frames(100, 120));  // while the other upstream was asked
  const auto joined = plan_placed_join(origin.view(), 1000, StreamAsk{early}, 0);
  edge.begin(true, joined.place);
  edge.arrive(read_view(origin.view(), joined.plan.position));
  CHECK_EQUAL(origin.stream(), edge.stream());
}
TEST(Seam, BehindTheEndOfAStreamTheNextOneFollows) {
  origin.begin(false);
  origin.arrive(numbered_frames(0, 100));
  join_edge();
  const StreamAddress wanted = edge.next();
  origin.begin(false);
  origin.arrive(numbered_frames(500, 600));
  const auto joined = plan_placed_join(origin.view(), 1000, StreamAsk{wanted}, 0);
  CHECK(joined.place->after == wanted);
  LONGS_EQUAL(0, joined.place->at.position);
  edge.begin(true, joined.place);
  edge.arrive(read_view(origin.view(), joined.plan.position));
  CHECK_EQUAL(origin.stream(), edge.stream());
  CHECK(origin.next() == edge.next());
}
TEST(Seam, WhereTheAskerHasMoreOfTheLastStreamTheNextOneBegins) {
  origin.begin(false);
  origin.arrive(numbered_frames(0, 100));
  StreamAddress wanted = origin.next();
  wanted.position += 5000;  // this log had the last stream from a relay, which ended before
  origin.begin(false);
  const std::uint64_t begin = origin.view().end;
  origin.arrive(numbered_frames(500, 510));
  const auto joined = plan_placed_join(origin.view(), 100'000, StreamAsk{wanted}, 100'000);
  CHECK(joined.plan.position >= begin);
  CHECK_FALSE(joined.place->after.has_value());
  LONGS_EQUAL(0, joined.place->at.position);
}
TEST(Seam, AStreamAheadIsWaitedForAndAnUnknownOneBeginsAtAMark) {
  origin.begin(false);
  origin.arrive(numbered_frames(0, 100));
  StreamAddress ahead = origin.next();
  ahead.position += 5000;
  auto joined = plan_placed_join(origin.view(), 1000, StreamAsk{ahead}, 5000);
  LONGS_EQUAL(origin.view().end + 5000, joined.plan.position);
  joined = plan_placed_join(origin.view(), 1000, StreamAsk{ahead}, 4999);
  CHECK(joined.plan.position < origin.view().end);
  ahead.id = {1, 2};
  joined = plan_placed_join(origin.view(), 1000, StreamAsk{ahead}, 5000);
  CHECK(joined.plan.position < origin.view().end);
  CHECK(joined.place.has_value());
  CHECK_FALSE(joined.place->after.has_value());
}
TEST(Seam, TwoServersWithoutAddressesAreJoinedByContent) {
  edge.begin();
  edge.arrive(numbered_frames(0, 100) + numbered_frame(100).substr(0, 200));
  edge.begin();
  // The burst of the other one: some frames that were here, and what follows.
  edge.arrive(numbered_frames(80, 130));
  CHECK_EQUAL(numbered_frames(0, 130), edge.stream());
  CHECK(host.captured.says("where the same bytes were found"));
}
// Its upstreams have no addresses, so the one that this node has given goes on, with its clock.
TEST(Seam, AStreamThatEntersHereDoesSoBehindASeamFoundByContent) {
  edge.begin();
  edge.arrive(numbered_frames(0, 100));
  const StreamIdentity id = edge.next().id;
  for (int i = 0; i < 2; ++i) edge.begin();  // the second one has sent nothing
  edge.arrive(numbered_frames(80, 130));
  CHECK(host.captured.says("where the same bytes were found"));
  CHECK(edge.next().id == id);
  clock.advance(4s);
  edge.arrive(numbered_frames(130, 140));
  edge.arrive(numbered_frames(140, 220));
  CHECK(edge.view().span_at(edge.view().end)->anchored);
  const std::int64_t later = unix_ms(clock.wall()) + 60'000;
  edge.feed->set_title(make_icy_metadata("Song", "", "", ""), later);
  CHECK(edge.feed->lease().log->title_place().wall_ms == later);
}
// One encoder sends to two servers, each of which gives the stream an address of its own.
TEST(Seam, TwoServersWithOtherAddressesOfOneStreamAreJoinedByContent) {
  Fed other{host};
  change_to(other, 0, 130, 10'000);
  CHECK_EQUAL(numbered_frames(0, 130), edge.stream());
  CHECK(host.captured.says("where the same bytes were found"));
  // The next question is by the upstream's addresses, and times are its own.
  CHECK(edge.next() == other.next());
  const StreamView &there = other.view(), &here = edge.view();
  const SyncMark &last = there.sync[there.sync.end() - 1], &mine = here.sync[here.sync.end() - 1];
  LONGS_EQUAL(last.position, mine.position);
  LONGS_EQUAL(last.time.samples, mine.time.samples);
  LONGS_EQUAL(last.time.second, mine.time.second);
  CHECK(there.span_at(there.end)->segments == here.span_at(here.end)->segments);
}
// Its next question would otherwise be by the address of the other server, which this one does not
// know, and would be answered with the same bytes again.
TEST(Seam, ASpanThatEndsWhereTheSameBytesEndIsFollowedByItsOwnAddress) {
  Fed other{host};
  change_to(other, 0, 100, 10'000);
  CHECK(host.captured.says("where the same bytes were found"));
  edge.feed->span_ended();
  edge.feed->publish();
  CHECK_EQUAL(numbered_frames(0, 100), edge.stream());
  CHECK(edge.next() == other.next());
}
TEST(Seam, AnEdgeThatComesBackToItsUpstreamKeepsThatAddress) {
  Fed other{host};
  change_to(other, 0, 100, 10'000);
  // Before the other server has sent a further frame.
  origin.arrive(numbered_frames(100, 130));
  const auto joined = plan_placed_join(origin.view(), 1000, StreamAsk{edge.next()}, 0);
  edge.begin(true, joined.place);
  edge.arrive(read_view(origin.view(), joined.plan.position));
  CHECK_EQUAL(numbered_frames(0, 130), edge.stream());
  CHECK(edge.next() == origin.next());
}
TEST(Seam, AnotherStreamBeginsAtAUnitWithTheAddressOfItsUpstream) {
  Fed other{host};
  change_to(other, 1000, 1200, 70'000);
  CHECK_FALSE(host.captured.says("at a unit"));
  clock.advance(600ms);
  edge.arrive(numbered_frame(1200));
  CHECK(host.captured.says("at a unit"));
  other.arrive(numbered_frame(1200));
  CHECK(edge.next() == other.next());
}
TEST(Seam, ASpanThatEndsBeforeTheSeamIsFoundIsPut) {
  Fed other{host};
  change_to(other, 1000, 1010, 70'000);
  CHECK_EQUAL(numbered_frames(0, 100), edge.stream());
  edge.feed->span_ended();
  edge.feed->publish();
  CHECK_EQUAL(numbered_frames(0, 100) + numbered_frames(1000, 1010), edge.stream());
  CHECK(edge.next() == other.next());
}
TEST(Seam, AServerWhoseStreamBeganAMomentAgoIsJoinedByTheEndOfTheKey) {
  edge.begin();
  edge.arrive(numbered_frames(0, 100) + numbered_frame(100).substr(0, 200));
  edge.begin();
  edge.arrive(numbered_frames(99, 130));
  CHECK_EQUAL(numbered_frames(0, 130), edge.stream());
  CHECK(host.captured.says("where the same bytes were found"));
}
TEST(Seam, WithoutTheSameBytesItIsAtAUnit) {
  edge.begin();
  edge.arrive(numbered_frames(0, 100) + numbered_frame(100).substr(0, 200));
  edge.begin();
  edge.arrive(numbered_frame(1000).substr(100));
  edge.arrive(numbered_frames(1001, 1300));
  CHECK_EQUAL(numbered_frames(0, 100), edge.stream());
  clock.advance(600ms);
  edge.arrive(numbered_frames(1300, 1301));
  CHECK_EQUAL(numbered_frames(0, 100) + numbered_frames(1001, 1301), edge.stream());
}
TEST(Seam, WithoutTheSameBytesInHalfAMebibyteItIsAtAUnit) {
  edge.begin();
  edge.arrive(numbered_frames(0, 100));
  edge.begin();
  const int enough = 512 * 1024 / 417;
  edge.arrive(numbered_frames(1000, 1000 + enough));
  LONGS_EQUAL(100 * 417, edge.view().end);
  edge.arrive(numbered_frame(1000 + enough));
  LONGS_EQUAL((100 + enough + 1) * 417, edge.view().end);
}
// It has just begun to relay the stream, and gives all that it has of it.
TEST(Seam, AServerThatBeginsFarBeforeTheSeamIsJoinedByContent) {
  edge.begin();
  edge.arrive(numbered_frames(0, 400));
  edge.begin();
  edge.arrive(numbered_frames(0, 430));
  CHECK_EQUAL(numbered_frames(0, 430), edge.stream());
  CHECK(host.captured.says("where the same bytes were found"));
}
TEST(Seam, SilenceIsEverywhereAndJoinedAtAUnit) {
  std::string silence;
  for (int i = 0; i < 100; ++i) silence += numbered_frame(0);
  edge.begin();
  edge.arrive(silence);
  edge.begin();
  edge.arrive(silence);
  CHECK_EQUAL(silence + silence, edge.stream());
}
TEST(Seam, AKeyThatDoesNotComeIsNotWaitedFor) {
  edge.begin();
  edge.arrive(numbered_frames(0, 100));
  edge.begin();
  edge.arrive(numbered_frames(1000, 1003));
  CHECK_EQUAL(numbered_frames(0, 100), edge.stream());
  clock.advance(std::chrono::milliseconds(1100));
  edge.arrive(numbered_frame(1003));
  CHECK_EQUAL(numbered_frames(0, 100) + numbered_frames(1000, 1004), edge.stream());
}
TEST(Seam, ASpareGoesOnWhereItsRingHasTheSameBytes) {
  edge.begin();
  edge.arrive(numbered_frames(0, 50).substr(0, 50 * 417 - 100));
  edge.enter(10, 61, 11);
  CHECK_EQUAL(numbered_frames(0, 60), edge.stream().substr(0, 60 * 417));
  edge.arrive(numbered_frames(61, 70));
  CHECK_EQUAL(numbered_frames(0, 69), edge.stream().substr(0, 69 * 417));
  CHECK(host.captured.says("the stream goes on where the same bytes were found"));
}
TEST(Seam, ASpareThatLagsGoesOnWhenItsBytesCome) {
  edge.begin();
  edge.arrive(numbered_frames(0, 50));
  edge.enter(10, 47, 0);
  LONGS_EQUAL(50 * 417, edge.view().end);
  edge.arrive(numbered_frames(47, 60));
  CHECK_EQUAL(numbered_frames(0, 59), edge.stream().substr(0, 59 * 417));
}
TEST(Seam, ASpareOfAnotherStreamIsEnteredWhereTheLastOneStopped) {
  edge.begin();
  edge.arrive(numbered_frames(0, 50));
  edge.enter(1000, 1050, 9);
  LONGS_EQUAL(50 * 417, edge.view().end);
  clock.advance(600ms);
  host.loop().run_once(false);
  edge.arrive(numbered_frames(1050, 1060));
  const std::string stream = edge.stream();
  CHECK_EQUAL(numbered_frames(0, 50), stream.substr(0, 50 * 417));
  // At the first mark: not every frame is one.
  int first = 1040;
  while (first < 1050 && !stream.substr(50 * 417).starts_with(numbered_frame(first))) ++first;
  CHECK(first < 1045);
  CHECK_EQUAL(numbered_frames(first, 1059),
              stream.substr(50 * 417, (1059 - static_cast<std::size_t>(first)) * 417));
  CHECK(host.captured.says("the stream goes on at a unit"));
}

// What an edge of Ogg gets at its second upstream lacks some pages of the chain.
TEST(Seam, AChainOfOggGoesOnBehindPagesThatAreMissing) {
  origin.type = edge.type = "audio/ogg";
  OggWriter pages{11};
  std::uint64_t granule = 0;
  const auto more = [&](int n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += pages.page({"m" + std::to_string(i)}, granule += 960);
    return text;
  };
  origin.begin(false);
  origin.arrive(opus_headers(pages) + more(100));
  join_edge();
  CHECK_EQUAL(origin.stream(), edge.stream());
  const std::string before = edge.stream();
  origin.arrive(more(200));
  const auto joined = plan_placed_join(origin.view(), 2000, StreamAsk{}, 0);
  CHECK(joined.place.has_value());
  CHECK(joined.place->header_bytes > 0);
  edge.begin(true, joined.place);
  const std::string rest = read_view(origin.view(), joined.plan.position);
  edge.arrive(std::string(to_text(*joined.plan.headers)) + rest);
  // No end of the chain, no second one of the same serial number, no headers.
  CHECK(edge.stream() == before + rest);
  CHECK(origin.next() == edge.next());
  origin.arrive(more(10));
  const auto exact = plan_placed_join(origin.view(), 0, StreamAsk{edge.next()}, 0);
  CHECK(exact.place->at == edge.next());
}
