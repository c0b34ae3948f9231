// What a feed does across the seam between two parties; the rest is tested through Source.
#include "stream/source/feed.h"

#include <cstring>

#include "stream/fake_feed_host.h"
#include "stream/support.h"
#include "stream/test_plugins.h"

using namespace lb;
using namespace lb::test;

namespace {

// Units that begin with '[' and end with ']'; between them there is noise.
class BracketFramer final : public Framer {
 public:
  explicit BracketFramer(std::uint64_t begin) : position_(begin), complete_(begin) {}
  void consume(std::span<const std::byte> bytes, MarkSink& sink) override {
    for (const std::byte byte : bytes) {
      const char c = static_cast<char>(byte);
      if (c == '[') {
        inside_ = true;
        complete_ = position_;
        sink.sync(position_, {});
      }
      ++position_;
      if (c == ']') inside_ = false;
      if (!inside_) complete_ = position_;
    }
  }
  std::uint64_t complete() const noexcept override { return complete_; }
  void save(RecordOut& out) const override {
    out(1, position_);
    out(2, complete_);
    out(3, inside_);
  }
  void restore(RecordIn& in) override {
    in(1, position_);
    in(2, complete_);
    in(3, inside_);
  }

 private:
  std::uint64_t position_, complete_;
  bool inside_ = false;
};

constexpr std::string_view kTypes[] = {"audio/brackets"};
constexpr FramerPlugin kBrackets{"brackets", kTypes, true, make_framer<BracketFramer>, nullptr};
constexpr FramerPlugin kNamelessBrackets{"brackets", {}, true, make_framer<BracketFramer>, nullptr};
constexpr FramerPlugin kTypedLines{"lines", kTypes, false, make_framer<BracketFramer>,
                                   make_line_rewriter};

}  // namespace

TEST_GROUP(Feed) {
  FakeClock clock;
  FakeFeedHost host{clock, 1000};
  std::shared_ptr<Mount> mount = std::make_shared<Mount>("/m", lb::test::mount_settings(), 1);
  std::unique_ptr<StreamLog> log = std::move(*StreamLog::create("test"));
  std::unique_ptr<Feed> feed;

  void begin(const FramerPlugin& plugin, bool relayed = false, std::size_t metaint = 0) {
    WriterLease lease;
    if (feed) lease = feed->take_lease();
    // Without the framer a seam is searched for by units only.
    if (plugin.name != "stopped") lease.framer.reset();
    if (log) lease.log = std::move(log);
    lease.mount = mount;
    auto facts = std::make_shared<SourceFacts>();
    facts->plugin = &plugin;
    facts->relayed = relayed;
    feed = std::make_unique<Feed>(host, BodyReader(), metaint, std::move(lease), std::move(facts));
  }
  // One listener has had nothing yet.
  void begin_with_a_queue_of(std::size_t bytes) {
    MountSettings settings;
    settings.queue_bytes = bytes;
    mount = std::make_shared<Mount>("/m", lb::test::mount_settings(settings), 1);
    begin(kBrackets);
    mount->channel().set_low_water(0, 0);
  }
  void arrive(std::string text) {
    const auto room = feed->room();
    CHECK(room.has_value());
    CHECK(room->size() >= text.size());
    std::memcpy(room->data(), text.data(), text.size());
    const auto goes_on = feed->received(text.size());
    CHECK(goes_on.has_value());
    CHECK(*goes_on);
    feed->publish();
  }
  std::string stream() const { return read_view(*mount->channel().newest(), 0); }
  std::string title_at(std::uint64_t position) const {
    return title_of(mount->channel().newest()->metadata_at(position));
  }
};

TEST(Feed, TheFirstFeedOfAMountBeginsAtOnce) {
  begin(kBrackets);
  arrive("noise");
  STRCMP_EQUAL("noise", stream().c_str());
}
TEST(Feed, ASecondFeedBeginsWithItsFirstUnitAndDropsTheHalfOneBeforeIt) {
  begin(kBrackets);
  arrive("[one][two][thr");
  STRCMP_EQUAL("[one][two]", stream().c_str());
  begin(kBrackets);
  LONGS_EQUAL(10, mount->channel().newest()->seam);
  arrive("ee][fo");
  STRCMP_EQUAL("[one][two]", stream().c_str());
  arrive("ur][five]");
  STRCMP_EQUAL("[one][two][four][five]", stream().c_str());
  LONGS_EQUAL(10,
              mount->channel().newest()->sync[mount->channel().newest()->sync.end() - 2].position);
  LONGS_EQUAL(29, mount->bytes_read.load());
}
TEST(Feed, ASecondFeedOfAnUnknownFormatBeginsAtOnce) {
  begin(kNamelessBrackets);
  arrive("[one]");
  begin(kNamelessBrackets);
  arrive("noise[two]");
  STRCMP_EQUAL("[one]noise[two]", stream().c_str());
}
TEST(Feed, ASecondFeedThatIsNeverInStepIsPassedOnAllTheSame) {
  begin(kBrackets);
  arrive("[one]");
  begin(kBrackets);
  const std::string noise(900, 'x');
  std::string all = "[one]";
  for (int i = 0; i < 80; ++i) {
    arrive(noise);
    all += noise;
    const bool passed = i >= 72;  // 64 KiB
    CHECK_EQUAL(passed ? all : "[one]", stream());
  }
}
TEST(Feed, ASecondFeedOfARewrittenFormatIsHeldLikeAnyOther) {
  begin(kTypedLines);
  arrive("[one]\n[tw");
  STRCMP_EQUAL("[one]\n", stream().c_str());
  begin(kTypedLines);
  arrive("o]\n[three]\n");
  STRCMP_EQUAL("[one]\n[three]\n", stream().c_str());
}
TEST(Feed, AnotherSourceBeginsWithoutATitle) {
  begin(kBrackets);
  arrive("[one]");
  feed->set_title(make_icy_metadata("Old", "", "", ""));
  STRCMP_EQUAL("Old", mount->metadata()->title.c_str());
  begin(kBrackets);
  STRCMP_EQUAL("", mount->metadata()->title.c_str());
  STRCMP_EQUAL("", title_at(5).c_str());
  STRCMP_EQUAL("", mount->codec()->subtype.c_str());
  CHECK(host.captured.playlist().find("||") == std::string::npos);
}
TEST(Feed, ARelayThatComesBackSetsItsTitleAgain) {
  begin(kBrackets, true);
  arrive("[one]");
  feed->set_title(make_icy_metadata("Song", "", "", ""));
  const auto before = mount->channel().newest()->metadata_at(5);
  begin(kBrackets, true);
  STRCMP_EQUAL("Song", mount->metadata()->title.c_str());
  const auto after = mount->channel().newest()->metadata_at(5);
  STRCMP_EQUAL("Song", title_of(after).c_str());
  CHECK(after != before);  // so the title is sent to every listener again
  const std::string lines = host.captured.playlist();
  LONGS_EQUAL(1, std::count(lines.begin(), lines.end(), '\n'));
}
TEST(Feed, ATitleThatComesBeforeTheFirstUnitHoldsFromThere) {
  begin(kBrackets);
  arrive("[one]");
  const std::string block = make_icy_metadata("New", "", "", "").icy_block;
  begin(kBrackets, true, 3);
  arrive("xxx" + block + "yy[");
  STRCMP_EQUAL("New", title_at(5).c_str());
  arrive(std::string(1, '\0') + "two");
  arrive(std::string(1, '\0') + "]");
  STRCMP_EQUAL("[one][two]", stream().c_str());
}
// The listeners have not fallen behind: the server was suspended, or the encoder's line was cut.
TEST(Feed, WhatWaitedDuringAPauseStaysInTheWindowForAMoment) {
  begin_with_a_queue_of(10);
  const auto begin_of_window = [&] { return mount->channel().newest()->begin; };
  arrive("[0123456789]");
  arrive("[0123456789]");
  LONGS_EQUAL(14, begin_of_window());
  clock.advance(std::chrono::seconds(7));
  for (int i = 0; i < 4; ++i) arrive("[0123456789]");
  LONGS_EQUAL(14, begin_of_window());
  clock.advance(std::chrono::milliseconds(900));
  arrive("[0123456789]");
  LONGS_EQUAL(14, begin_of_window());
  clock.advance(std::chrono::milliseconds(200));
  arrive("[0123456789]");  // this one did not wait
  LONGS_EQUAL(26, begin_of_window());
  for (int i = 0; i < 10; ++i) {
    clock.advance(std::chrono::milliseconds(900));
    arrive("[]");
  }
  LONGS_EQUAL(7 * 12 + 12 + 20 - 10, begin_of_window());
}
// The pause may lie between two sources, while the listeners wait for the second.
TEST(Feed, TheSameAfterAPauseWithoutASource) {
  begin_with_a_queue_of(10);
  arrive("[0123456789]");
  clock.advance(std::chrono::seconds(7));
  begin(kBrackets);
  for (int i = 0; i < 4; ++i) arrive("[0123456789]");
  LONGS_EQUAL(2, mount->channel().newest()->begin);
}
TEST(Feed, AFloodAfterAPauseDoesNotKeepMoreThanEightMebibytes) {
  CatchUp catch_up;
  catch_up.received(1, SteadyTime(std::chrono::seconds(1)));
  for (int i = 0; i < 100; ++i) catch_up.received(1 << 20, SteadyTime(std::chrono::seconds(3)));
  LONGS_EQUAL(8 << 20, catch_up.extra());
  catch_up.received(1, SteadyTime(std::chrono::seconds(13)));
  LONGS_EQUAL(1, catch_up.extra());  // another pause
}
TEST(Feed, TheBeginningOfAStreamIsNoPause) {
  CatchUp catch_up;
  catch_up.received(1000, SteadyTime(std::chrono::seconds(100)));
  LONGS_EQUAL(0, catch_up.extra());
}

namespace {

// Brackets that want a full stop behind the last one.
class StoppedFramer final : public Framer {
 public:
  explicit StoppedFramer(std::uint64_t begin) : brackets_(begin) {}
  void consume(std::span<const std::byte> bytes, MarkSink& sink) override {
    brackets_.consume(bytes, sink);
    any_ = any_ || !bytes.empty();
  }
  std::uint64_t complete() const noexcept override { return brackets_.complete(); }
  Bytes closing() const override { return any_ ? to_bytes(".") : Bytes(); }
  void save(RecordOut& out) const override {
    brackets_.save(out);
    out(4, any_);
  }
  void restore(RecordIn& in) override {
    brackets_.restore(in);
    in(4, any_);
  }

 private:
  BracketFramer brackets_;
  bool any_ = false;
};
constexpr FramerPlugin kStopped{"stopped", kTypes, true, make_framer<StoppedFramer>, nullptr};

}  // namespace

TEST(Feed, TheStreamOfThePredecessorIsClosedOnceBehindItsLastWholeUnit) {
  begin(kStopped);
  arrive("[one][tw");
  const std::uint64_t first = mount->channel().newest()->spans.end();
  begin(kStopped);
  STRCMP_EQUAL("[one].", stream().c_str());
  const auto view = mount->channel().newest();
  LONGS_EQUAL(6, view->seam);
  LONGS_EQUAL(first + 1, view->spans.end());
  LONGS_EQUAL(6, view->spans[first].begin);
  begin(kStopped);  // nothing came of the second
  STRCMP_EQUAL("[one].", stream().c_str());
  arrive("o][three]");
  STRCMP_EQUAL("[one].[three]", stream().c_str());
}
