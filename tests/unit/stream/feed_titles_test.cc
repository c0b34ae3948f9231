// Where a title stands that comes into a mount: by its upstream's word, or by the bytes.
#include <cstring>
#include <vector>

#include "media/builders.h"
#include "stream/fake_feed_host.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;

namespace {

// A frame of 128 kbit/s.
const std::string kFrame = "\xff\xfb\x90" + std::string(414, 'x');
constexpr StreamAddress kUpstream{{0xaa, 0xbb}, 4000};
const std::string kSaid = print_title_place({StreamAddress{{0xaa, 0xbb}, 1234}, 5678});

// The block of a server that writes this field into it.
std::string block_with(std::string_view song, std::string_view place) {
  return with_icy_place(make_icy_metadata(song, "", "", "").icy_block, place);
}

}  // namespace

TEST_GROUP(FeedTitles) {
  static constexpr std::size_t kEvery = 417;
  FakeClock clock;
  FakeFeedHost host{clock};
  std::shared_ptr<Mount> mount = std::make_shared<Mount>("/m", lb::test::mount_settings(), 1);
  WriterLease lease;
  std::unique_ptr<Feed> feed;

  void setup() override {
    lease.mount = mount;
    lease.log = std::move(*StreamLog::create("test"));
  }
  void begin(bool relayed, std::optional<StreamPlace> place = {}) {
    if (feed) lease = feed->take_lease();
    lease.identity = {1, 2};
    auto facts = std::make_shared<SourceFacts>();
    facts->plugin = &framer_for("audio/mpeg");
    facts->relayed = relayed;
    feed = std::make_unique<Feed>(host, BodyReader(), kEvery, std::move(lease), facts, place);
  }
  static StreamPlace place() {
    StreamPlace at;
    at.at = kUpstream;
    return at;
  }
  void arrive(const std::string& text) {
    const auto room = feed->room();
    CHECK(room.has_value() && room->size() >= text.size());
    std::memcpy(room->data(), text.data(), text.size());
    CHECK(feed->received(text.size()).has_value());
    feed->publish();
  }
  std::string placed_block() const {
    const auto view = mount->channel().newest();
    return view->metadata_at(view->end)->placed_block;
  }
  std::string own(std::uint64_t position) const {
    return print_title_place({StreamAddress{{1, 2}, position}, unix_ms(clock.wall())});
  }
};

TEST(FeedTitles, AnUpstreamWithAddressesIsBelieved) {
  begin(true, place());
  arrive(kFrame + block_with("Song", kSaid));
  LONGS_EQUAL(1, host.told.size());
  CHECK_EQUAL("Song " + kSaid, host.told[0]);
  CHECK_EQUAL(block_with("Song", kSaid), placed_block());
}
TEST(FeedTitles, WithoutAWordItStandsWhereItCame) {
  begin(true, place());
  arrive(kFrame + block_with("Song", "nonsense"));
  CHECK_EQUAL("Song " + print_title_place({StreamAddress{kUpstream.id, 4417}, {}}), host.told[0]);
}
TEST(FeedTitles, AnEncoderIsNotBelieved) {
  begin(false);
  arrive(kFrame + block_with("Song", kSaid));
  CHECK_EQUAL("Song " + own(417), host.told[0]);
  CHECK_EQUAL(block_with("Song", own(417)), placed_block());
}
// The title of its encoder may hold such a text.
TEST(FeedTitles, AServerWithoutAddressesIsNotBelieved) {
  begin(true);
  arrive(kFrame + block_with("Song", kSaid));
  CHECK_EQUAL("Song " + own(417), host.told[0]);
  // It goes on elsewhere, and it is not known yet at which byte.
  begin(true);
  arrive(kFrame + block_with("Other", kSaid));
  CHECK(host.told.back().find(kSaid) == std::string::npos);
}
TEST(FeedTitles, AFieldWithinATitleIsATitle) {
  begin(false);
  feed->set_title(make_icy_metadata("A';LB='" + kSaid + "';", "", "", ""));
  const std::string block = placed_block();
  const auto read = parse_icy_text(std::string_view(block).substr(1));
  CHECK(read.has_value());
  CHECK_EQUAL(own(0), read->place);
}
TEST(FeedTitles, ToldAgainItStandsWhereItStood) {
  begin(false);
  arrive(kFrame + block_with("Song", ""));
  const std::string first = placed_block();
  clock.advance(std::chrono::seconds(5));
  arrive(kFrame + block_with("Song", ""));
  CHECK_EQUAL(first, placed_block());
  LONGS_EQUAL(1, host.told.size());
}
TEST(FeedTitles, ARelayThatGoesOnKeepsThePlace) {
  begin(true, place());
  arrive(kFrame + block_with("Song", kSaid));
  begin(true, place());
  CHECK_EQUAL(block_with("Song", kSaid), placed_block());
  begin(true);
  CHECK_EQUAL(block_with("Song", kSaid), placed_block());
}
TEST(FeedTitles, ASpareBringsThePlaceOfItsTitle) {
  begin(true, place());
  arrive(kFrame + block_with("Song", kSaid));
  begin(true, place());
  SourceState state;
  state.ring = std::make_unique<SourceRing>(framer_for("audio/mpeg"));
  const std::string other = print_title_place({StreamAddress{{0xaa, 0xbb}, 3000}, 6789});
  state.ring->set_title(make_icy_metadata("Other", "", "", ""), parse_title_place(other));
  CHECK(feed->enter_spare(std::move(state)).has_value());
  feed->publish();
  CHECK_EQUAL("Other " + other, host.told.back());
}
