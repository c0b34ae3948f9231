#include "stream/listener/delivery.h"

#include "base/random.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;

namespace {

constexpr std::size_t kPlenty = 1 << 30;
const std::string kNoTitleBlock = make_icy_metadata("", "", "", "").icy_block;
const std::string kUnchangedBlock(1, '\0');

// What a player makes of interleaved bytes.
struct Played {
  std::string audio;
  std::vector<std::string> blocks;  // the k-th stands behind (k + 1) * metaint bytes of audio
  bool whole = true;                // the last block is complete
};
Played play(const std::string& wire, std::size_t metaint) {
  Played played;
  for (std::size_t at = 0; at < wire.size();) {
    const std::string audio = wire.substr(at, metaint);
    played.audio += audio;
    at += audio.size();
    if (audio.size() < metaint || at == wire.size()) return played;
    const std::size_t size = 1 + 16 * static_cast<unsigned char>(wire[at]);
    played.whole = at + size <= wire.size();
    played.blocks.push_back(wire.substr(at, size));
    at += size;
  }
  return played;
}
// Icecast's blocks: the title in effect, a zero byte while it is the one sent last.
std::vector<std::string> expected_blocks(const StreamView& view, std::uint64_t start,
                                         std::size_t metaint, std::size_t n) {
  std::vector<std::string> blocks;
  std::string told;
  for (std::size_t k = 1; k <= n; ++k) {
    const auto metadata = view.metadata_at(start + k * metaint);
    const std::string now = metadata ? metadata->icy_block : kNoTitleBlock;
    blocks.push_back(now == told ? kUnchangedBlock : now);
    told = now;
  }
  return blocks;
}

}  // namespace

TEST_GROUP(Delivery) {
  Writer writer;
  std::shared_ptr<Wire> wire = std::make_shared<Wire>();
  std::unique_ptr<Listener> listener = fresh();

  std::unique_ptr<Listener> fresh() {
    *wire = Wire();
    return std::make_unique<Listener>(1, std::make_unique<FakeTransport>(wire), RequestFacts());
  }
  Delivered go(const StreamView& view, std::size_t budget = kPlenty,
               DeliveryCall call = DeliveryCall::kAuto) {
    return deliver(*listener, view, budget, call);
  }
  // Until the socket has taken all; a call or two.
  Delivered go_on(const StreamView& view) {
    const Delivered result = go(view);
    return result == Delivered::kBlocked ? go(view) : result;
  }
  void preamble(std::string head, const char* headers = nullptr) {
    listener->preamble = std::make_unique<Preamble>();
    listener->preamble->head = std::move(head);
    if (headers != nullptr)
      listener->preamble->headers = std::make_shared<const Bytes>(to_bytes(headers));
  }
  void icy(std::uint32_t metaint) {
    listener->icy.metaint = metaint;
    listener->icy.until_block = metaint;
  }
  // A stream whose titles change at odd places, across the border of two segments.
  std::shared_ptr<const StreamView> titled_stream() {
    writer.window = {100'000, 100'000};
    writer.bytes(32'768 - 300);
    writer.title("one")
        .bytes(150)
        .title("two")
        .bytes(333)
        .title("three, with a longer text")
        .bytes(1);
    writer.title("four").bytes(200).title("").bytes(111).title("four").bytes(77);
    return writer.view();
  }
};

TEST(Delivery, SendsWhatTheListenerLacks) {
  writer.bytes(1000);
  listener->position = 400;
  CHECK(go(*writer.view()) == Delivered::kCaughtUp);
  CHECK(wire->sent == pattern_text(400, 1000));
  LONGS_EQUAL(1000, listener->position);
  LONGS_EQUAL(600, listener->bytes_sent);
  CHECK(go(*writer.view()) == Delivered::kCaughtUp);
  LONGS_EQUAL(1, wire->calls.size());
}
TEST(Delivery, ReturnsBlockedWhenTheSocketIsFull) {
  writer.bytes(1000);
  wire->script = {300, Wire::kAgain};
  CHECK(go(*writer.view()) == Delivered::kBlocked);
  LONGS_EQUAL(300, listener->position);
  CHECK(go(*writer.view()) == Delivered::kCaughtUp);
  CHECK(wire->sent == pattern_text(0, 1000));
}
TEST(Delivery, ReturnsBlockedWhileTheTransportHoldsSomethingBack) {
  writer.bytes(1000);
  wire->flush_status = IoStatus::kAgain;
  CHECK(go(*writer.view()) == Delivered::kBlocked);
  LONGS_EQUAL(1000, listener->position);
  CHECK(go(*writer.view()) == Delivered::kBlocked);
  wire->flush_status = IoStatus::kDone;
  CHECK(go(*writer.view()) == Delivered::kCaughtUp);
  LONGS_EQUAL(1000, wire->sent.size());
  wire->flush_status = IoStatus::kError;
  CHECK(go(*writer.view()) == Delivered::kGone);
}
TEST(Delivery, ReturnsGoneWhenTheConnectionIsBroken) {
  writer.bytes(1000);
  wire->script = {Wire::kBroken};
  CHECK(go(*writer.view()) == Delivered::kGone);
  icy(16000);
  wire->script = {Wire::kBroken};
  CHECK(go(*writer.view()) == Delivered::kGone);
  preamble("head");
  wire->script = {Wire::kBroken};
  CHECK(go(*writer.view()) == Delivered::kGone);
}
TEST(Delivery, StopsAtItsBudgetAndGoesOnNextTime) {
  writer.bytes(1000);
  CHECK(go(*writer.view(), 400) == Delivered::kMore);
  LONGS_EQUAL(400, listener->position);
  CHECK(go(*writer.view(), 400) == Delivered::kMore);
  CHECK(go(*writer.view(), 400) == Delivered::kCaughtUp);
  CHECK(wire->sent == pattern_text(0, 1000));
}
TEST(Delivery, ABudgetUsedUpAtTheEndIsCaughtUp) {
  writer.bytes(1000);
  CHECK(go(*writer.view(), 1000) == Delivered::kCaughtUp);
}
TEST(Delivery, StopsWhereTheListenerLeaves) {
  writer.bytes(1000);
  listener->continuation = std::make_unique<Continuation>();
  listener->continuation->leave_at = 700;
  CHECK(go(*writer.view()) == Delivered::kCaughtUp);
  LONGS_EQUAL(700, listener->position);
  listener->continuation->leave_at = 500;  // behind it already
  CHECK(go(*writer.view()) == Delivered::kCaughtUp);
  LONGS_EQUAL(700, listener->position);
  CHECK(wire->sent == pattern_text(0, 700));
}
TEST(Delivery, ALeavingPlaceAheadOfTheEndIsNotReached) {
  writer.bytes(1000);
  listener->continuation = std::make_unique<Continuation>();
  listener->continuation->leave_at = 1500;
  CHECK(go(*writer.view()) == Delivered::kCaughtUp);
  LONGS_EQUAL(1000, listener->position);
}
TEST(Delivery, AListenerAheadOfAnOldViewGetsNothing) {
  writer.bytes(1000);
  const auto old = writer.view();
  listener->position = 2000;
  CHECK(go(*old) == Delivered::kCaughtUp);
  LONGS_EQUAL(2000, listener->position);
  CHECK(wire->calls.empty());
}

TEST(Delivery, SendsHeadAndHeadersBeforeTheStreamForEverySplit) {
  writer.bytes(50);
  const std::string all = "HTTP/1.0 200 OK\r\n\r\nOggS headers" + pattern_text(20, 50);
  for (std::size_t split = 0; split <= all.size(); ++split) {
    listener = fresh();
    preamble("HTTP/1.0 200 OK\r\n\r\n", "OggS headers");
    listener->position = 20;
    wire->stops = {split};
    const Delivered first = go(*writer.view());
    CHECK(first == (split == all.size() ? Delivered::kCaughtUp : Delivered::kBlocked));
    CHECK_EQUAL(split < 31, listener->preamble != nullptr);
    LONGS_EQUAL(split, listener->bytes_sent);
    CHECK(go_on(*writer.view()) == Delivered::kCaughtUp);
    CHECK(wire->sent == all);
    LONGS_EQUAL(all.size(), listener->bytes_sent);
    CHECK(listener->preamble == nullptr);
  }
}
TEST(Delivery, TheHeadGoesOutBeforeThereIsAnyByteOfTheStream) {
  preamble("head");
  CHECK(go(*writer.view()) == Delivered::kCaughtUp);
  CHECK(wire->sent == "head");
  CHECK(!wire->calls[0].more);
}
TEST(Delivery, HoldsThePacketWithTheHeadForTheStreamThatFollows) {
  writer.bytes(10);
  preamble("head");
  go(*writer.view());
  CHECK(wire->calls[0].more);
  CHECK(!wire->calls[1].more);
}
TEST(Delivery, AnEmptyPreambleIsNoCall) {
  writer.bytes(10);
  preamble("");
  CHECK(go(*writer.view()) == Delivered::kCaughtUp);
  CHECK(listener->preamble == nullptr);
  LONGS_EQUAL(1, wire->calls.size());
}
TEST(Delivery, HeadersAloneAreAPreamble) {
  writer.bytes(10);
  preamble("", "headers");
  wire->stops = {3};
  CHECK(go(*writer.view()) == Delivered::kBlocked);
  CHECK(go_on(*writer.view()) == Delivered::kCaughtUp);
  CHECK(wire->sent == "headers" + pattern_text(0, 10));
}
TEST(Delivery, APreambleLargerThanTheBudgetGoesOutWhole) {
  writer.bytes(10);
  preamble(std::string(500, 'h'));
  CHECK(go(*writer.view(), 100) == Delivered::kMore);
  LONGS_EQUAL(500, wire->sent.size());
  CHECK(go(*writer.view(), 100) == Delivered::kCaughtUp);
}

TEST(Delivery, SendsAPageOrMoreFromTheFileAndLessFromTheMapping) {
  writer.bytes(3 * Store::page_bytes());
  go(*writer.view());
  CHECK(wire->calls.back().file);
  writer.bytes(Store::page_bytes() - 1);
  go(*writer.view());
  CHECK(!wire->calls.back().file);
  writer.bytes(Store::page_bytes());
  go(*writer.view());
  CHECK(wire->calls.back().file);
  CHECK(wire->sent == pattern_text(0, writer.log->head()));
}
TEST(Delivery, TheBudgetCountsForTheChoiceOfTheCall) {
  writer.bytes(3 * Store::page_bytes());
  go(*writer.view(), 100);
  CHECK(!wire->calls.back().file);
}
TEST(Delivery, TheConfigurationMayChooseTheCall) {
  writer.bytes(100);
  go(*writer.view(), kPlenty, DeliveryCall::kSendfile);
  CHECK(wire->calls.back().file);
  writer.bytes(100'000 - 100);
  const auto view = writer.view(0);
  go(*view, kPlenty, DeliveryCall::kWritev);
  CHECK(!wire->calls.back().file);
  CHECK(wire->sent == pattern_text(0, 100'000));
}
TEST(Delivery, ATransportThatCannotSendFilesGetsBytes) {
  wire->can_send_file = false;
  writer.bytes(60'000);
  for (const DeliveryCall call : {DeliveryCall::kAuto, DeliveryCall::kSendfile}) {
    listener->position = 0;
    wire->sent.clear();
    CHECK(go(*writer.view(), kPlenty, call) == Delivered::kCaughtUp);
    CHECK(wire->sent == pattern_text(0, 60'000));
  }
  for (const auto& made : wire->calls) CHECK(!made.file);
}
TEST(Delivery, InterleavedBytesAreNeverSentFromTheFile) {
  writer.bytes(60'000);
  icy(16'000);
  go(*writer.view(), kPlenty, DeliveryCall::kSendfile);
  for (const auto& made : wire->calls) CHECK(!made.file);
}
TEST(Delivery, AViewWithoutItsSegmentsIsABrokenConnectionNotAnEndlessLoop) {
  StreamView view;
  view.segments = std::make_shared<const SegmentTable>();
  view.end = 100;
  CHECK(go(view, kPlenty, DeliveryCall::kWritev) == Delivered::kGone);
  icy(10);
  CHECK(go(view) == Delivered::kGone);
}

TEST(Delivery, PutsATitleBehindEveryIntervalAndAZeroByteWhileItStays) {
  writer.title("one").bytes(400).title("two").bytes(400);
  icy(100);
  CHECK(go(*writer.view()) == Delivered::kCaughtUp);
  const Played played = play(wire->sent, 100);
  CHECK(played.audio == pattern_text(0, 800));
  LONGS_EQUAL(7, played.blocks.size());
  for (const std::size_t k : {1u, 2u, 4u, 5u, 6u}) CHECK(played.blocks[k] == kUnchangedBlock);
  CHECK(played.blocks[0] == make_icy_metadata("one", "", "", "").icy_block);
  CHECK(played.blocks[3] == make_icy_metadata("two", "", "", "").icy_block);
  LONGS_EQUAL(wire->sent.size(), listener->bytes_sent);
  LONGS_EQUAL(800, listener->position);
}
TEST(Delivery, AStreamWithoutATitleHasAnEmptyOneOnce) {
  writer.bytes(500);
  icy(100);
  go(*writer.view());
  const Played played = play(wire->sent, 100);
  CHECK(played.blocks == (std::vector<std::string>{kNoTitleBlock, kUnchangedBlock, kUnchangedBlock,
                                                   kUnchangedBlock}));
}
TEST(Delivery, AMetadataWithoutABlockIsNoTitle) {
  writer.log->metadata(0, Metadata());
  writer.bytes(150);
  icy(100);
  go(*writer.view());
  CHECK(play(wire->sent, 100).blocks == std::vector<std::string>{kNoTitleBlock});
}
TEST(Delivery, ABlockThatIsDueAtTheEndWaitsForTheNextByte) {
  writer.title("one").bytes(100);
  icy(100);
  CHECK(go(*writer.view()) == Delivered::kCaughtUp);
  LONGS_EQUAL(100, wire->sent.size());
  writer.title("two").bytes(1);
  go(*writer.view());
  const Played played = play(wire->sent, 100);
  CHECK(played.blocks == std::vector<std::string>{make_icy_metadata("two", "", "", "").icy_block});
  LONGS_EQUAL(101, played.audio.size());
}
TEST(Delivery, InterleavesCorrectlyForEverySplit) {
  const auto view = titled_stream();
  const std::uint64_t start = view->end - 1000;
  for (const std::uint32_t metaint : {1u, 17u, 64u, 1000u}) {
    listener = fresh();
    listener->position = start;
    icy(metaint);
    CHECK(go(*view) == Delivered::kCaughtUp);
    const std::string whole = wire->sent;
    const Played played = play(whole, metaint);
    CHECK(played.whole);
    CHECK(played.audio == pattern_text(start, view->end));
    CHECK(played.blocks ==
          expected_blocks(*view, start, metaint, (view->end - start - 1) / metaint));
    for (std::size_t split = 0; split < whole.size(); ++split) {
      listener = fresh();
      listener->position = start;
      icy(metaint);
      wire->stops = {split};
      CHECK(go(*view) == Delivered::kBlocked);
      LONGS_EQUAL(split, listener->bytes_sent);
      CHECK(go(*view) == Delivered::kCaughtUp);
      CHECK(wire->sent == whole);
    }
  }
}
TEST(Delivery, InterleavesCorrectlyForPiecesOfEverySize) {
  const auto view = titled_stream();
  listener->position = view->end - 1000;
  icy(64);
  CHECK(go(*view) == Delivered::kCaughtUp);
  const std::string whole = wire->sent;
  for (std::size_t piece = 1; piece <= whole.size(); ++piece) {
    listener = fresh();
    listener->position = view->end - 1000;
    icy(64);
    wire->otherwise = static_cast<long>(piece);
    CHECK(go(*view) == Delivered::kCaughtUp);
    CHECK(wire->sent == whole);
  }
}
TEST(Delivery, InterleavesCorrectlyForEveryBudgetAndManySplits) {
  const auto view = titled_stream();
  listener->position = view->end - 1000;
  icy(64);
  CHECK(go(*view) == Delivered::kCaughtUp);
  const std::string whole = wire->sent;
  Rng rng(7);
  for (std::size_t budget = 1; budget <= 300; ++budget) {
    listener = fresh();
    listener->position = view->end - 1000;
    icy(64);
    for (std::size_t at = rng.below(40); at < whole.size(); at += 1 + rng.below(90))
      wire->stops.push_back(at);
    for (int i = 0; i < 5000 && go(*view, budget) != Delivered::kCaughtUp; ++i) {
    }
    CHECK(wire->sent == whole);
  }
}
TEST(Delivery, InterleavesTheSameWhenBytesAndTitlesArriveBitByBit) {
  icy(50);
  std::vector<std::string> titles;
  for (int i = 0; i < 60; ++i) {
    if (i % 7 == 3) writer.title("title " + std::to_string(i));
    writer.bytes(13);
    CHECK(go(*writer.view(0)) == Delivered::kCaughtUp);
  }
  const Played played = play(wire->sent, 50);
  CHECK(played.audio == pattern_text(0, 780));
  CHECK(played.blocks == expected_blocks(*writer.view(0), 0, 50, 15));
}
TEST(Delivery, ATitleHalfSentIsFinishedThoughANewOneHasCome) {
  writer.title("one").bytes(150);
  icy(100);
  wire->stops = {110};
  CHECK(go(*writer.view()) == Delivered::kBlocked);
  writer.title("two").bytes(100);
  CHECK(go(*writer.view()) == Delivered::kCaughtUp);
  const Played played = play(wire->sent, 100);
  CHECK(played.blocks ==
        (std::vector<std::string>{make_icy_metadata("one", "", "", "").icy_block,
                                  make_icy_metadata("two", "", "", "").icy_block}));
  CHECK(played.audio == pattern_text(0, 250));
}
TEST(Delivery, TheTitleIsSentAgainWhenItIsToBeToldAgain) {
  writer.title("one").bytes(150);
  icy(100);
  go(*writer.view());
  listener->icy.title_sent = false;
  writer.bytes(100);
  go(*writer.view());
  const Played played = play(wire->sent, 100);
  LONGS_EQUAL(2, played.blocks.size());
  CHECK(played.blocks[0] == played.blocks[1]);
  LONGS_EQUAL(33, played.blocks[1].size());
}
