#include "stream/source/source.h"

#include "base/resource_limit.h"
#include "stream/support.h"
#include "stream/test_plugins.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

struct Host final : SourceHost {
  explicit Host(const Clock& clock) : own_loop(0, clock), captured(clock) {}
  Loop& loop() noexcept override { return own_loop; }
  Log& log() noexcept override { return captured.log; }
  std::span<std::byte> scratch() noexcept override { return buffer; }
  void wake(Channel::Loops loops, const std::shared_ptr<Mount>& mount) override {
    woken |= loops;
    woken_mount = mount;
  }
  void source_ended(Source& source, EndReason reason) override {
    ended = true;
    why = reason;
    lease = source.take_lease();
  }

  Loop own_loop;
  CapturedLog captured;
  std::byte buffer[1000];
  Channel::Loops woken = 0;
  std::shared_ptr<Mount> woken_mount;
  bool ended = false;
  EndReason why = EndReason::kDone;
  WriterLease lease;
};

}  // namespace

TEST_GROUP(Source) {
  FakeClock clock;
  Host host{clock};
  MountSettings settings;
  std::shared_ptr<Mount> mount = std::make_shared<Mount>("/m", lb::test::mount_settings(), 2);
  SocketPair pair;
  std::unique_ptr<Source> source;

  void set(MountSettings next) {
    settings = std::move(next);
    mount->set_settings(lb::test::mount_settings(settings));
  }
  void begin(const FramerPlugin& plugin, std::string leftover = {}, std::size_t metaint = 0,
             bool chunked = false) {
    Request request;
    if (chunked) request.headers.add("transfer-encoding", "chunked");
    WriterLease lease;
    lease.mount = mount;
    lease.log = std::move(*StreamLog::create("test"));
    lease.id = 5;
    SourceOffer offer;
    offer.transport = pair.transport();
    offer.leftover = std::move(leftover);
    offer.body = *BodyReader::for_request(request, true);
    offer.metaint = metaint;
    offer.request = "SOURCE /m HTTP/1.0";
    auto facts = std::make_shared<SourceFacts>();
    facts->plugin = &plugin;
    source = std::make_unique<Source>(host, std::move(offer), std::move(lease), std::move(facts));
    source->start();
  }
  void begin_with_a_timeout() {
    settings.source_timeout = 0s;
    set(settings);
    begin(kUnits);
    settings.source_timeout = 5s;
    set(settings);
  }
  void arrive(std::string_view bytes) {
    pair.send(bytes);
    turn();
  }
  void turn() {
    for (int i = 0; i < 4; ++i) host.own_loop.run_once(false);
  }
  std::shared_ptr<const StreamView> view() const { return mount->channel().newest(); }
  std::string stream() const { return read_view(*view(), view()->begin); }
};

TEST(Source, ItsMountCanBeListenedToBeforeItsFirstByte) {
  mount->channel().take_and_arm(1);
  begin(kUnits);
  LONGS_EQUAL(0b10, host.woken);
  CHECK(host.woken_mount == mount);
  LONGS_EQUAL(0, view()->end);
  CHECK(!view()->ended);
  CHECK(source->started() == clock.steady());
  LONGS_EQUAL(5, source->lease().id);
  STRCMP_EQUAL("SOURCE /m HTTP/1.0", source->offer().request.c_str());
}
TEST(Source, WhatCameWithTheHeadIsThere) {
  begin(kUnits, pattern_text(0, 300));
  CHECK(stream() == pattern_text(0, 300));
  arrive(pattern_text(300, 500));
  CHECK(stream() == pattern_text(0, 500));
  LONGS_EQUAL(500, source->bytes_read());
  LONGS_EQUAL(500, mount->bytes_read.load());
}
TEST(Source, PublishesWholeUnitsWithTheirMarksAndCodec) {
  begin(kUnits);
  mount->channel().take_and_arm(0);
  arrive(pattern_text(0, 250));
  LONGS_EQUAL(1, host.woken);
  LONGS_EQUAL(200, view()->end);
  LONGS_EQUAL(3, view()->sync.end());
  LONGS_EQUAL(200, view()->sync[2].position);
  STRCMP_EQUAL("Units", mount->codec()->subtype.c_str());
}
TEST(Source, KeepsToTheWindowOfItsMount) {
  settings.burst_bytes = 1000;
  settings.queue_bytes = 2000;
  set(settings);
  begin(kPlain);
  for (int i = 0; i < 10; ++i) arrive(std::string(1000, 'x'));
  LONGS_EQUAL(8000, view()->begin);
  mount->channel().set_low_water(1, 8500);
  for (int i = 0; i < 2; ++i) arrive(std::string(500, 'x'));
  LONGS_EQUAL(9000, view()->begin);
}
TEST(Source, SetsTheRateOfItsMount) {
  begin(kPlain);
  arrive(std::string(1000, 'x'));
  clock.advance(1s);
  arrive(std::string(10, 'x'));
  LONGS_EQUAL(1000, mount->bytes_per_second.load());
}
TEST(Source, OneThatSendsAsFastAsItCanLeavesTheLoopToOthers) {
  begin(kLines);  // reads into 1000 bytes
  pair.send(std::string(50'000, 'x'));
  host.own_loop.run_once(false);
  LONGS_EQUAL(4000, source->bytes_read());
}
TEST(Source, ReadsOnAcrossTheEndOfASegment) {
  begin(kPlain);
  pair.send(pattern_text(0, 32'768 + 500));
  host.own_loop.run_once(false);
  CHECK(stream() == pattern_text(0, 33'268));
}

TEST(Source, ItsEndGivesTheLeaseBackAndIsNotTheEndOfTheMount) {
  begin(kUnits, pattern_text(0, 200));
  mount->channel().take_and_arm(0);
  pair.close();
  turn();
  CHECK(host.ended);
  CHECK(host.why == EndReason::kClientGone);
  CHECK(!view()->ended);
  LONGS_EQUAL(1, host.woken);
  CHECK(host.lease.mount == mount);
  CHECK(host.lease.log != nullptr);
}
TEST(Source, TheTailOfABrokenUnitIsNotPublishedAtTheEnd) {
  begin(kUnits, pattern_text(0, 299));
  pair.close();
  turn();
  LONGS_EQUAL(200, view()->end);
  CHECK(stream() == pattern_text(0, 200));
}
TEST(Source, MayBeEndedFromOutside) {
  begin(kUnits);
  source->finish(EndReason::kKilled);
  CHECK(host.why == EndReason::kKilled);
  pair.send("more");
  turn();
  LONGS_EQUAL(0, source->bytes_read());
}
TEST(Source, OneThatIsSilentForTheTimeoutEnds) {
  begin_with_a_timeout();
  clock.advance(4999ms);
  turn();  // the timer looks again: one millisecond is missing
  CHECK(!host.ended);
  clock.advance(1ms);
  while (!host.ended) host.own_loop.run_once(true);
  CHECK(host.why == EndReason::kTimeout);
  CHECK(host.captured.says("WARN source/source mount /m: source silent 5s (limit 5s), ended"));
}
TEST(Source, BytesRenewTheTimeout) {
  begin_with_a_timeout();
  clock.advance(4s);
  pair.send("x");
  host.own_loop.run_once(false);
  clock.advance(4s);
  turn();
  CHECK(!host.ended);
  LONGS_EQUAL(1, source->bytes_read());
}

TEST(Source, TimeInWhichTheSocketWasNotReadIsNoSilence) {
  begin_with_a_timeout();
  host.own_loop.beat();
  clock.advance(7s);  // SIGSTOP
  turn();             // its timer rings before the beat
  CHECK(!host.ended);
  host.own_loop.beat();
  for (int i = 0; i < 17; ++i) {
    clock.advance(Loop::kBeat);
    host.own_loop.beat();
    turn();
  }
  CHECK(!host.ended);
  clock.advance(Loop::kBeat);  // 0.5 s before the stop counted, 4.5 s after it do
  host.own_loop.beat();
  source->read_now();
  CHECK(source->silent() >= 5s);
}
TEST(Source, WhatWaitsInItsSocketIsReadBeforeItIsCalledSilent) {
  begin_with_a_timeout();
  clock.advance(6s);
  pair.send("x");
  source->on_timeout();
  CHECK(!host.ended);
  LONGS_EQUAL(1, source->bytes_read());
  clock.advance(5s);
  source->on_timeout();
  CHECK(host.why == EndReason::kTimeout);
}
TEST(Source, ASourceThatClosesInSilenceIsGone) {
  settings.source_timeout = 0s;
  set(settings);
  begin(kUnits);
  clock.advance(6s);
  pair.finish_sending();
  source->on_timeout();
  CHECK(host.why == EndReason::kClientGone);
}

TEST(Source, TakesTheChunksOutForEverySplit) {
  const std::string body = "5\r\nHello\r\n1;x=y\r\n,\r\n00b\r\n wide world\r\n0\r\nT: x\r\n\r\n";
  for (std::size_t split = 0; split < body.size(); ++split) {
    pair = SocketPair();
    host.ended = false;
    const bool in_head = split % 2 == 0;
    begin(kPlain, in_head ? body.substr(0, split) : "", 0, true);
    if (!in_head) arrive(body.substr(0, split));
    CHECK(!host.ended);
    arrive(body.substr(split));
    CHECK(host.ended);
    CHECK(host.why == EndReason::kDone);
    STRCMP_EQUAL("Hello, wide world", stream().c_str());
  }
}
TEST(Source, AChunkThatIsBrokenEndsTheSource) {
  begin(kPlain, {}, 0, true);
  arrive("5\r\nHello\r\n");
  arrive("nonsense\r\n");
  CHECK(host.why == EndReason::kClientGone);
  STRCMP_EQUAL("Hello", stream().c_str());
  CHECK(host.captured.says(
      "WARN source/source mount /m: chunked body: a size line that does not begin"));
}
TEST(Source, ABrokenChunkWithTheHeadEndsTheSourceAtOnce) {
  begin(kPlain, "nonsense\r\n", 0, true);
  CHECK(host.ended);
}
TEST(Source, ABodyOfAGivenLengthEndsAtItsLength) {
  Request request;
  request.headers.add("content-length", "10");
  begin(kPlain);
  source.reset();
  pair = SocketPair();
  WriterLease lease;
  lease.mount = mount;
  lease.log = std::move(*StreamLog::create("test"));
  SourceOffer offer;
  offer.transport = pair.transport();
  offer.body = *BodyReader::for_request(request, true);
  auto facts = std::make_shared<SourceFacts>();
  facts->plugin = &kPlain;
  source = std::make_unique<Source>(host, std::move(offer), std::move(lease), std::move(facts));
  source->start();
  arrive("0123456789 and more");
  CHECK(host.why == EndReason::kDone);
  STRCMP_EQUAL("0123456789", stream().c_str());
}

TEST(Source, TakesInlineTitlesOutForEverySplit) {
  const std::string one = make_icy_metadata("Anna - One", "", "", "").icy_block;
  const std::string two = make_icy_metadata("Two", "http://u/", "", "").icy_block;
  const std::string body = pattern_text(0, 50) + one + pattern_text(50, 100) +
                           std::string(1, '\0') + pattern_text(100, 150) + two +
                           pattern_text(150, 170);
  for (std::size_t split = 0; split < body.size(); ++split) {
    pair = SocketPair();
    begin(kPlain, body.substr(0, split), 50);
    arrive(body.substr(split));
    CHECK(stream() == pattern_text(0, 170));
    STRCMP_EQUAL("(none)", title_of(view()->metadata_at(49)).c_str());
    STRCMP_EQUAL("Anna - One", title_of(view()->metadata_at(50)).c_str());
    STRCMP_EQUAL("Anna - One", title_of(view()->metadata_at(149)).c_str());
    STRCMP_EQUAL("Two", title_of(view()->metadata_at(150)).c_str());
    STRCMP_EQUAL("Two", mount->metadata()->title.c_str());
    STRCMP_EQUAL("http://u/", mount->metadata()->url.c_str());
    LONGS_EQUAL(body.size(), source->bytes_read());
  }
}
TEST(Source, AnInlineBlockThatIsNoTitleEndsTheSource) {
  begin(kPlain, {}, 10);
  arrive("0123456789\1NotATitle=x     and audio");
  CHECK(host.ended);
  CHECK(host.why == EndReason::kClientGone);
  CHECK(host.captured.says("mount /m: Incorrect metadata format, ending stream"));
}
TEST(Source, AFormatWithoutInlineTitlesHasNone) {
  begin(kWithoutTitles, {}, 10);  // an Ogg source that sends icy-metaint all the same
  arrive(pattern_text(0, 100));
  CHECK(stream() == pattern_text(0, 100));
}
TEST(Source, InlineTitlesAreReadInTheCharsetOfTheMount) {
  settings.charset = "ISO-8859-2";
  set(settings);
  begin(kPlain, {}, 1);
  arrive("x\1StreamTitle='\xb1';");
  STRCMP_EQUAL("\xc4\x85", mount->metadata()->title.c_str());
}

TEST(Source, ATitleHoldsFromTheHeadOn) {
  begin(kPlain, "0123456789");
  CHECK(source->set_title(make_icy_metadata("Anna - One", "", "", ""), {}) == TitleResult::kDone);
  arrive("x");
  STRCMP_EQUAL("(none)", title_of(view()->metadata_at(9)).c_str());
  STRCMP_EQUAL("Anna - One", title_of(view()->metadata_at(10)).c_str());
  STRCMP_EQUAL("Anna - One", mount->metadata()->song().c_str());
}
TEST(Source, ATitleIsWrittenToTheLogsOnceThoughItIsSetAgain) {
  mount->gate().enter();
  begin(kPlain);
  source->set_title(make_icy_metadata("Anna - One", "", "", ""), {});
  source->set_title(make_icy_metadata("Anna - One", "", "", ""), {});
  CHECK(host.captured.says("INFO source/source mount /m: title is now \"Anna - One\""));
  const std::string lines = host.captured.playlist();
  LONGS_EQUAL(1, std::count(lines.begin(), lines.end(), '\n'));
  CHECK(lines.find("|/m|1|Anna - One\n") != std::string::npos);
}
TEST(Source, AFormatWithoutTitlesRefusesThem) {
  begin(kWithoutTitles);
  CHECK(source->set_title(make_icy_metadata("One", "", "", ""), {}) == TitleResult::kRefused);
  CHECK(host.captured.playlist().empty());
}
TEST(Source, ARewrittenStreamCarriesItsTitleInItself) {
  begin(kLines, "first\nsec");
  STRCMP_EQUAL("first\n", stream().c_str());
  CHECK(source->set_title(make_icy_metadata("T", "", "", ""), {}) == TitleResult::kDone);
  STRCMP_EQUAL("first\n", stream().c_str());
  arrive("ond\nthird\nhalf");
  STRCMP_EQUAL("first\n[T]second\nthird\n", stream().c_str());
  CHECK(source->set_title(make_icy_metadata("refused", "", "", ""), {}) == TitleResult::kRefused);
  pair.close();
  turn();
  STRCMP_EQUAL("first\n[T]second\nthird\n", stream().c_str());
  LONGS_EQUAL(23, source->bytes_read());
}

TEST(Source, NoMemoryEndsTheSourceAndIsLogged) {
  begin(kPlain);
  const ResourceLimit limit(RLIMIT_FSIZE, 32'768);
  pair.send(std::string(40'000, 'x'));
  turn();
  CHECK(host.ended);
  CHECK(host.why == EndReason::kIo);
  CHECK(
      host.captured.says("WARN source/source mount /m: stream log: cannot grow (File too large)"));
  LONGS_EQUAL(32'768, view()->end);
}
TEST(Source, NoMemoryForWhatCameWithTheHeadEndsTheSource) {
  const ResourceLimit limit(RLIMIT_FSIZE, 0);
  begin(kPlain, "bytes");
  CHECK(host.why == EndReason::kIo);
}
TEST(Source, NoMemoryForARewrittenStreamEndsTheSource) {
  const ResourceLimit limit(RLIMIT_FSIZE, 0);
  begin(kLines);
  arrive("line\n");
  CHECK(host.why == EndReason::kIo);
}
