// What a feed does across the seam between two parties; the rest is tested through Source.
#include "stream/feed.h"

#include <cstring>

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
        sink.sync(position_);
      }
      ++position_;
      if (c == ']') inside_ = false;
      if (!inside_) complete_ = position_;
    }
  }
  std::uint64_t complete() const noexcept override { return complete_; }

 private:
  std::uint64_t position_, complete_;
  bool inside_ = false;
};

constexpr std::string_view kTypes[] = {"audio/brackets"};
constexpr FramerPlugin kBrackets{"brackets", kTypes, true, make_framer<BracketFramer>, nullptr};
constexpr FramerPlugin kNamelessBrackets{"brackets", {}, true, make_framer<BracketFramer>, nullptr};
constexpr FramerPlugin kTypedLines{"lines", kTypes, false, make_framer<BracketFramer>,
                                   make_line_rewriter};

struct Host final : FeedHost {
  explicit Host(const Clock& clock) : own_loop(0, clock), book(clock) {}
  Loop& loop() noexcept override { return own_loop; }
  Log& log() noexcept override { return book.log; }
  std::span<std::byte> scratch() noexcept override { return buffer; }
  void wake(Channel::Loops, const std::shared_ptr<Mount>&) override {}

  Loop own_loop;
  LogBook book;
  std::byte buffer[1000];
};

}  // namespace

TEST_GROUP(Feed) {
  FakeClock clock;
  Host host{clock};
  std::shared_ptr<Mount> mount = std::make_shared<Mount>("/m", lb::test::mount_settings(), 1);
  std::unique_ptr<StreamLog> log = std::move(*StreamLog::create("test"));
  std::unique_ptr<Feed> feed;

  void begin(const FramerPlugin& plugin, bool relayed = false, std::size_t metaint = 0) {
    WriterLease lease;
    lease.mount = mount;
    lease.log = feed ? std::move(feed->take_lease().log) : std::move(log);
    auto facts = std::make_shared<SourceFacts>();
    facts->plugin = &plugin;
    facts->relayed = relayed;
    feed = std::make_unique<Feed>(host, BodyReader(), metaint, std::move(lease), std::move(facts));
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
  CHECK(host.book.playlist().find("||") == std::string::npos);
}
TEST(Feed, ARelayThatComesBackTellsItsTitleAgain) {
  begin(kBrackets, true);
  arrive("[one]");
  feed->set_title(make_icy_metadata("Song", "", "", ""));
  const auto before = mount->channel().newest()->metadata_at(5);
  begin(kBrackets, true);
  STRCMP_EQUAL("Song", mount->metadata()->title.c_str());
  const auto after = mount->channel().newest()->metadata_at(5);
  STRCMP_EQUAL("Song", title_of(after).c_str());
  CHECK(after != before);  // so every listener is told again
  const std::string lines = host.book.playlist();
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
