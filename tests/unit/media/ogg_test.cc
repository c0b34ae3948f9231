#include <string>
#include <vector>

#include "media/builders.h"
#include "media/framer.h"
#include "media/recorder.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

// Builds a stream of several parts and keeps where each one begins.
class Stream {
 public:
  std::size_t add(std::string_view part) {
    const std::size_t at = bytes.size();
    bytes += part;
    return at;
  }
  std::string bytes;
};
std::string at(const char* kind, std::size_t position) {
  return std::string(kind) + " " + std::to_string(position);
}

}  // namespace

TEST_GROUP(OggFramer) {
  OggWriter w{11};
  Stream s;

  // Whole and in pieces; all marks as one text.
  std::string marks() {
    const FramerPlugin& ogg = framer_for("application/ogg");
    CHECK_EQUAL(std::string(), check_splits(ogg, s.bytes));
    run = run_framer(ogg, s.bytes, all_at_once);
    return run.marks.text();
  }
  FramerRun run;
};

TEST(OggFramer, MarksStartHeadersTitleAndMedia) {
  const std::string headers = vorbis_headers(w, {"ARTIST=A", "TITLE=T"});
  s.add(headers);
  const std::size_t media = s.add(w.page({std::string(600, 'm')}, 1000));
  const std::size_t more = s.add(w.page({std::string(100, 'm'), "n"}, 2000));
  CHECK_EQUAL("start 0\ncodec Vorbis 2 44100 128000\n" + at("headers", media) + " " +
                  std::to_string(headers.size()) + "\n" + at("metadata", media) + " A|T\n" +
                  at("sync", media) + "\n" + at("sync", more) + "\n",
              marks());
  CHECK_EQUAL(headers, run.marks.header_sets.at(0));
  LONGS_EQUAL(s.bytes.size(), run.complete);
}
TEST(OggFramer, APageBeginsToSoundWhereTheOneBeforeEnds) {
  s.add(vorbis_headers(w, {}));
  const std::string page(600, 'm');
  for (const std::uint64_t end : {40'000U, 90'000U, 130'000U}) s.add(w.page({page}, end));
  OggWriter next{12};
  s.add(vorbis_headers(next, {}));
  for (const std::uint64_t end : {44'100U, 88'200U}) s.add(next.page({page}, end));
  marks();
  // Time 0 is the end of the first page.
  CHECK(run.marks.begins == std::vector<std::uint64_t>({0, 0, 50'000, 90'000, 134'100}));
}
TEST(OggFramer, TheFirstPageOfAnotherChainMayLastAsLongAsItsPackets) {
  const std::string packet = "\xfc";  // 20 ms
  const auto add = [&](std::uint32_t serial, std::size_t packets, std::uint64_t end) {
    OggWriter writer(serial);
    s.add(opus_headers(writer));
    s.add(writer.page(std::vector<std::string>(packets, packet), end, kEos));
  };
  add(1, 1, 960);
  add(2, 250, 240'000);
  add(3, 250, 240'000);  // no new title, though it ends at the same granule
  add(4, 50, 240'000);   // recorded from a stream, 4 s after its begin
  marks();
  CHECK(run.marks.begins == std::vector<std::uint64_t>({0, 0, 240'000, 480'000}));
}
TEST(OggFramer, BeginsAtThePositionItIsGiven) {
  s.add(opus_headers(w, {}));
  const std::size_t media = s.add(w.page({"m"}, 960));
  const FramerPlugin& ogg = framer_for("audio/ogg");
  CHECK_EQUAL(std::string(), check_splits(ogg, s.bytes, 5000));
  run = run_framer(ogg, s.bytes, all_at_once, 1, 5000);
  CHECK_EQUAL("start 5000\ncodec Opus 0 0 0\n" + at("headers", 5000 + media) + " " +
                  std::to_string(media) + "\n" + at("sync", 5000 + media) + "\n",
              run.marks.text());
}
TEST(OggFramer, KeepsOnlyTheNewestHeaderSet) {
  OggWriter first(1), second(2);
  s.add(opus_headers(first, {"TITLE=one"}));
  s.add(first.page({"m"}, 960, kEos));
  const std::string headers = opus_headers(second, {"TITLE=two"});
  const std::size_t chain = s.add(headers);
  const std::size_t media = s.add(second.page({"m"}, 960));
  CHECK(marks().ends_with(at("start", chain) + "\n" + at("headers", media) + " " +
                          std::to_string(headers.size()) + "\n" + at("metadata", media) +
                          " |two\n" + at("sync", media) + "\n"));
  LONGS_EQUAL(2, run.marks.header_sets.size());
  CHECK_EQUAL(headers, run.marks.header_sets.at(1));
}
TEST(OggFramer, ReportsEqualTitlesAndFactsOnce) {
  for (unsigned i = 0; i < 20; ++i) {
    OggWriter chain(i);
    s.add(opus_headers(chain, {"TITLE=same"}));
    s.add(chain.page({"m"}, 960, kEos));
  }
  marks();
  LONGS_EQUAL(1, run.marks.of("metadata").size());
  LONGS_EQUAL(1, run.marks.of("codec").size());
  LONGS_EQUAL(20, run.marks.of("headers").size());
  LONGS_EQUAL(20, run.marks.of("start").size());
  LONGS_EQUAL(20, run.marks.of("sync").size());
}
TEST(OggFramer, AChainWithoutATitleClearsIt) {
  OggWriter first(1), second(2);
  s.add(join({opus_headers(first, {"TITLE=one"}), first.page({"m"}, 960)}));
  s.add(opus_headers(second, {}));
  const std::size_t media = s.add(second.page({"m"}, 960));
  CHECK(marks().find(at("metadata", media) + " |\n") != std::string::npos);
}
TEST(OggFramer, AChainOfAnotherCodecChangesTheFacts) {
  OggWriter first(1), second(2);
  s.add(join({opus_headers(first), first.page({"m"}, 960)}));
  s.add(join({vorbis_headers(second), second.page({"m"}, 960)}));
  marks();
  LONGS_EQUAL(2, run.marks.of("codec").size());
}
TEST(OggFramer, ThinsMarksTo512BytesButMarksTheFirstMediaPage) {
  s.add(opus_headers(w));
  const std::size_t media = s.add(w.page({std::string(100, 'm')}, 1));
  for (int i = 0; i < 3; ++i) s.add(w.page({std::string(100, 'm')}, 2));
  const std::size_t fifth = s.add(w.page({std::string(100, 'm')}, 3));  // 4 * 128 behind the first
  s.add(w.page({std::string(100, 'm')}, 3));
  CHECK(marks().ends_with(at("sync", media) + "\n" + at("sync", fifth) + "\n"));
}
TEST(OggFramer, DoesNotMarkPagesThatContinueAPacketOrHoldNone) {
  s.add(opus_headers(w));
  const std::size_t media =
      s.add(w.raw(0, kNoGranule, std::string(3, '\xff'), std::string(765, 'm')));
  s.add(w.raw(kContinued, 960, "\x0a", std::string(10, 'm')));
  s.add(w.raw(0, 960, "", ""));
  const std::size_t next = s.add(w.page({"m"}, 960));
  CHECK(marks().ends_with(at("sync", media) + "\n" + at("sync", next) + "\n"));
}
TEST(OggFramer, PagesThatBeginWithinAPacketAreInnerMarks) {
  s.add(opus_headers(w));
  // Each has the end of a packet, 700 bytes and the beginning of another one.
  const std::string lacing = "\x0a\xff\xff\xbe\xff", body(10 + 700 + 255, 'm');
  s.add(w.page({std::string(600, 'm')}, 960));
  std::string wanted;
  for (unsigned i = 1; i <= 6; ++i) {
    const std::size_t page = s.add(w.raw(kContinued, i * 30'000, lacing, body));
    const std::uint64_t samples = i * 30'000 - 960;  // the clock begins with the first page's end
    const bool second = i == 2 || i == 4 || i == 5;
    wanted += std::to_string(page) + " " + std::to_string(samples) + (second ? " second\n" : "\n");
  }
  // It ends a packet and begins none, and one within a packet ends none.
  s.add(w.raw(kContinued, 200'000, "\x0a", std::string(10, 'm')));
  s.add(w.raw(0, kNoGranule, "\xff", std::string(255, 'm')));
  s.add(w.raw(kContinued, kNoGranule, "\xff", std::string(255, 'm')));
  marks();
  std::string found;
  for (const auto& one : run.marks.inner_marks) found += one + "\n";
  CHECK_EQUAL(wanted, found);
  LONGS_EQUAL(2, run.marks.of("sync").size());
}
TEST(OggFramer, HeadersOfSeveralStreamsComeTogetherFirstPagesFirst) {
  OggWriter theora(1), vorbis(2);
  std::string headers =
      join({theora.page({theora_head()}, 0, kBos), vorbis.page({vorbis_head()}, 0, kBos)});
  headers += theora.page({theora_comments({"TITLE=film"})}, 0);
  headers += vorbis.page({vorbis_comments({"TITLE=sound"}), vorbis_setup()}, 0);
  headers += theora.page({theora_setup()}, 0);
  s.add(headers);
  const std::size_t media = s.add(vorbis.page({"m"}, 10));
  CHECK_EQUAL(
      "start 0\ncodec Vorbis/Theora 2 44100 128000 frame_rate=29.97 frame_size=320 x 240 "
      "video_bitrate=200000 video_quality=48\n" +
          at("headers", media) + " " + std::to_string(headers.size()) + "\n" +
          at("metadata", media) + " |film\n" + at("sync", media) + "\n",
      marks());
  CHECK_EQUAL(headers, run.marks.header_sets.at(0));
}
TEST(OggFramer, TakesTheTitleOfTheFirstStreamThatHasOne) {
  OggWriter theora(1), vorbis(2);
  s.add(join({theora.page({theora_head()}, 0, kBos), vorbis.page({vorbis_head()}, 0, kBos)}));
  s.add(theora.page({theora_comments({}), theora_setup()}, 0));
  s.add(vorbis.page({vorbis_comments({"ARTIST=a"}), vorbis_setup()}, 0));
  CHECK(marks().ends_with(" a|\n"));
}
TEST(OggFramer, WithTheoraOnlyPagesThatBeginAKeyFrameAreMarked) {
  OggWriter theora(1), vorbis(2);
  s.add(join({theora.page({theora_head()}, 0, kBos), vorbis.page({vorbis_head()}, 0, kBos)}));
  s.add(theora.page({theora_comments({}), theora_setup()}, 0));
  s.add(vorbis.page({vorbis_comments({}), vorbis_setup()}, 0));
  const std::size_t media = s.add(vorbis.page({std::string(600, 'm')}, 10));  // the first: always
  s.add(vorbis.page({std::string(600, 'm')}, 20));
  s.add(theora.page({theora_delta(600)}, 65));
  s.add(theora.page({theora_delta(600), theora_key(600)}, 128));
  const std::size_t key = s.add(theora.page({theora_key(600), theora_delta()}, 129));
  s.add(theora.page({"", theora_key(600)}, 192));  // an empty packet repeats the frame before
  s.add(vorbis.page({std::string(600, 'm')}, 30));
  CHECK(marks().ends_with(at("sync", media) + "\n" + at("sync", key) + "\n"));
}
TEST(OggFramer, SkeletonIsPartOfTheHeadersAndNeverMedia) {
  OggWriter skeleton(1), vorbis(2);
  std::string headers = skeleton.page({"fishead" + std::string(57, '\0')}, 0, kBos);
  headers += vorbis.page({vorbis_head()}, 0, kBos);
  headers += vorbis.page({vorbis_comments({}), vorbis_setup()}, 0);
  headers += skeleton.page({"fisbone" + std::string(50, '\0')}, 0);
  headers += skeleton.page({""}, 0, kEos);
  s.add(headers);
  const std::size_t late = s.add(skeleton.page({"index"}, 0));
  const std::size_t media = s.add(vorbis.page({"m"}, 10));
  CHECK_EQUAL("start 0\ncodec Vorbis/Skeleton 2 44100 128000\n" + at("headers", late) + " " +
                  std::to_string(headers.size()) + "\n" + at("sync", media) + "\n",
              marks());
}
TEST(OggFramer, ASkeletonWithoutAnEndDoesNotHoldUpTheMedia) {
  OggWriter skeleton(1), vorbis(2);
  s.add(skeleton.page({"fishead" + std::string(57, '\0')}, 0, kBos));
  s.add(vorbis_headers(vorbis));
  const std::size_t media = s.add(vorbis.page({"m"}, 10));
  s.add(skeleton.page({"late"}, 0));
  CHECK(marks().ends_with(at("headers", media) + " " + std::to_string(media) + "\n" +
                          at("sync", media) + "\n"));
}
TEST(OggFramer, AnUnknownCodecPassesWithItsFirstPageAsHeaders) {
  const std::string head = w.page({"OVP80 something"}, 0, kBos);
  s.add(head);
  const std::size_t media = s.add(w.page({"m"}, 10));
  CHECK_EQUAL("start 0\ncodec  0 0 0\n" + at("headers", media) + " " + std::to_string(media) +
                  "\n" + at("sync", media) + "\n",
              marks());
  CHECK_EQUAL(head, run.marks.header_sets.at(0));
}
TEST(OggFramer, MediaThatComesBeforeAllHeadersIsNotMarked) {
  OggWriter opus(1), vorbis(2);
  std::string headers =
      join({opus.page({opus_head()}, 0, kBos), vorbis.page({vorbis_head()}, 0, kBos)});
  headers += opus.page({opus_tags({})}, 0);
  s.add(headers);
  s.add(opus.page({"early"}, 960));
  const std::string rest = vorbis.page({vorbis_comments({}), vorbis_setup()}, 0);
  s.add(rest);
  const std::size_t media = s.add(opus.page({"m"}, 1920));
  CHECK(marks().ends_with(at("sync", media) + "\n"));
  CHECK_EQUAL(headers + rest, run.marks.header_sets.at(0));
}
TEST(OggFramer, PagesOfStreamsThatNeverBeganAreNotMarked) {
  OggWriter stranger(99);
  s.add(stranger.page({"m"}, 960));
  s.add(opus_headers(w));
  s.add(stranger.page({std::string(600, 'm')}, 960));
  const std::size_t media = s.add(w.page({"m"}, 960));
  CHECK(marks().ends_with(at("sync", media) + "\n"));
  LONGS_EQUAL(1, run.marks.of("sync").size());
}
TEST(OggFramer, SixteenStreamsAreTakenButNotSeventeen) {
  for (unsigned streams = 16; streams <= 17; ++streams) {
    s.bytes.clear();
    std::vector<OggWriter> writers;
    for (unsigned i = 0; i < streams; ++i) writers.emplace_back(i);
    for (auto& writer : writers) s.add(writer.page({opus_head()}, 0, kBos));
    for (auto& writer : writers) s.add(writer.page({opus_tags({})}, 0));
    s.add(writers[0].page({"m"}, 960));
    marks();
    LONGS_EQUAL(streams == 16 ? 1 : 0, run.marks.of("headers").size());
    LONGS_EQUAL(streams == 16 ? 1 : 0, run.marks.of("sync").size());
    LONGS_EQUAL(1, run.marks.of("start").size());
  }
  OggWriter next(50);
  const std::size_t chain = s.add(opus_headers(next));
  const std::size_t media = s.add(next.page({"m"}, 960));
  CHECK(marks().find(at("start", chain)) != std::string::npos);
  CHECK(run.marks.text().ends_with(at("sync", media) + "\n"));
}
TEST(OggFramer, EndlessHeadersGiveNoMarksUntilTheNextChain) {
  s.add(w.page({vorbis_head()}, 0, kBos));
  s.add(w.raw(0, kNoGranule, std::string(255, '\xff'), "\x03vorbis" + std::string(65018, 'x')));
  for (int i = 0; i < 17; ++i)
    s.add(w.raw(kContinued, kNoGranule, std::string(255, '\xff'), std::string(65025, 'x')));
  s.add(w.page({"m"}, 960));
  CHECK_EQUAL(std::string("start 0\n"), marks());
  OggWriter next(50);
  const std::size_t chain = s.add(join({opus_headers(next), next.page({"m"}, 960)}));
  CHECK(marks().find(at("start", chain)) != std::string::npos);
  LONGS_EQUAL(1, run.marks.of("sync").size());
}
TEST(OggFramer, TheLargestPictureInTheCommentsIsInTheHeaders) {
  constexpr std::size_t kWholePage = 65025, kBase64 = (std::size_t{512} << 10) * 4 / 3;
  s.add(w.page({opus_head()}, 0, kBos));
  std::string rest = opus_tags({"METADATA_BLOCK_PICTURE=" + std::string(kBase64 + 100, 'x')});
  for (unsigned flags = 0; rest.size() > kWholePage; flags = kContinued) {
    s.add(w.raw(flags, kNoGranule, std::string(255, '\xff'), rest.substr(0, kWholePage)));
    rest.erase(0, kWholePage);
  }
  s.add(w.raw(kContinued, 0, lacing_of(rest), rest));
  const std::size_t media = s.add(w.page({"m"}, 960));
  CHECK(marks().ends_with(at("sync", media) + "\n"));
  LONGS_EQUAL(1, run.marks.of("headers").size());
}
TEST(OggFramer, AMissingHeaderPageGivesNoMarksUntilTheNextChain) {
  s.add(w.page({vorbis_head()}, 0, kBos));
  std::string bad = w.page({vorbis_comments({}), vorbis_setup()}, 0);
  bad.back() ^= 1;
  s.add(bad);
  for (int i = 0; i < 5; ++i) s.add(w.page({std::string(600, 'm')}, 960));
  CHECK_EQUAL(std::string("start 0\n"), marks());
}
TEST(OggFramer, JunkAndBadChecksumsBetweenPagesPass) {
  s.add(opus_headers(w));
  s.add(w.page({"m"}, 960));
  s.add("junk junk");
  std::string bad = w.page({std::string(600, 'b')}, 960);
  bad[40] ^= 1;
  s.add(bad);
  const std::size_t good = s.add(w.page({"m"}, 960));
  CHECK(marks().ends_with(at("sync", good) + "\n"));
  LONGS_EQUAL(2, run.marks.of("sync").size());
  LONGS_EQUAL(s.bytes.size(), run.complete);
}
TEST(OggFramer, PagesInsideAFalsePageAreFound) {
  s.add(opus_headers(w));
  s.add("junk OggS" + std::string(22, '\0') + "\xff");  // claims what follows as its own
  std::size_t last = 0;
  for (int i = 0; i < 40; ++i) last = s.add(w.page({std::string(2000, 'm')}, 960));
  CHECK(marks().ends_with(at("sync", last) + "\n"));
  LONGS_EQUAL(40, run.marks.of("sync").size());
}
TEST(OggFramer, TheSameSerialTwiceBeginsAnotherChain) {
  OggWriter again(11);
  s.add(w.page({opus_head()}, 0, kBos));
  const std::size_t chain = s.add(opus_headers(again));
  const std::size_t media = s.add(again.page({"m"}, 960));
  marks();
  LONGS_EQUAL(2, run.marks.of("start").size());
  CHECK_EQUAL(at("start", chain), run.marks.of("start").at(1));
  CHECK(run.marks.text().ends_with(at("sync", media) + "\n"));
}
TEST(OggFramer, AStreamOfOnePageEndsItsChain) {
  for (unsigned i = 0; i < 30; ++i) {
    OggWriter one(i);
    s.add(one.page({"unknown"}, 0, kBos | kEos));
  }
  OggWriter last(40);
  s.add(last.page({"unknown"}, 0, kBos));
  s.add(last.page({"m"}, 0));
  marks();
  LONGS_EQUAL(31, run.marks.of("start").size());
  LONGS_EQUAL(1, run.marks.of("headers").size());
}
TEST(OggFramer, ComesBackFromRandomBytes) {
  Rng rng(5);
  for (int i = 0; i < 3000; ++i) s.bytes += static_cast<char>(rng.next());
  const std::size_t chain = s.add(opus_headers(w));
  const std::size_t media = s.add(w.page({"m"}, 960));
  CHECK(marks().starts_with(at("start", chain)));
  CHECK(run.marks.text().ends_with(at("sync", media) + "\n"));
}
TEST(OggFramer, AStormOfChainsIsCheap) {
  for (unsigned i = 0; i < 1500; ++i) {
    OggWriter chain(i + 1);
    s.add(opus_headers(chain, {"TITLE=t" + std::to_string(i)}));
    s.add(chain.page({"m"}, 960, kEos));
  }
  run = run_framer(framer_for("audio/ogg"), s.bytes, all_at_once);
  CHECK_EQUAL(std::string(), run.fault);
  LONGS_EQUAL(1500, run.marks.of("headers").size());
  std::size_t kept = 0;
  for (const auto& set : run.marks.header_sets) kept += set.size();
  CHECK(kept < s.bytes.size());  // no chain carries the headers of another
}

namespace {

std::string closing_of(std::string_view stream) {
  const auto framer = framer_for("audio/ogg").make(0, {});
  MarkRecorder marks;
  framer->consume(as_byte_span(stream), marks);
  return std::string(as_text(framer->closing()));
}

}  // namespace

TEST(OggFramer, ClosesEachLogicalStreamThatHasNoLastPage) {
  OggWriter video{12};
  s.add(w.page({vorbis_head()}, 0, kBos));
  s.add(video.page({theora_head()}, 0, kBos));
  CHECK_EQUAL(raw_page(kEos, 0, 11, 1, "", "") + raw_page(kEos, 0, 12, 1, "", ""),
              closing_of(s.bytes));
  s.add(w.page({vorbis_comments({}), vorbis_setup()}, 0));
  s.add(video.page({theora_comments({}), theora_setup()}, 0));
  s.add(w.page({"m"}, 1000));
  s.add(w.raw(0, kNoGranule, "\xff", std::string(255, 'm')));
  s.add(video.page({theora_key()}, 64, kEos));
  CHECK_EQUAL(raw_page(kEos, 1000, 11, 4, "", ""), closing_of(s.bytes));
  OggWriter next{13};
  s.add(opus_headers(next, {}));
  CHECK_EQUAL(raw_page(kEos, 0, 13, 2, "", ""), closing_of(s.bytes));
  s.add(next.page({"m"}, 960, kEos));
  CHECK_EQUAL(std::string(), closing_of(s.bytes));
}
TEST(OggFramer, HasNothingToCloseWhereNoChainHasBegun) {
  CHECK_EQUAL(std::string(), closing_of("OggS and no page of it"));
  w.skip_a_page();
  CHECK_EQUAL(std::string(), closing_of(w.page({"m"}, 1000)));
}
TEST(OggFramer, WhatItClosesIsWholeAndBegunAnewBehindIt) {
  s.add(opus_headers(w, {}));
  s.add(w.page({"m"}, 960));
  s.bytes += closing_of(s.bytes);
  CHECK_EQUAL(std::string(), closing_of(s.bytes));
  OggWriter next{14};
  const std::size_t begin = s.add(opus_headers(next, {}));
  s.add(next.page({"m"}, 960));
  CHECK(marks().find(at("start", begin)) != std::string::npos);
}
TEST(OggFramer, TellsTheSerialNumbersOfItsLastChain) {
  const auto framer = framer_for("audio/ogg").make(0, {});
  MarkRecorder sink;
  CHECK(framer->serials().empty());
  OggWriter video{12}, next{13};
  framer->consume(as_byte_span(w.page({vorbis_head()}, 0, kBos)), sink);
  framer->consume(as_byte_span(video.page({theora_head()}, 0, kBos | kEos)), sink);
  CHECK(framer->serials() == std::vector<std::uint32_t>({11, 12}));
  framer->consume(as_byte_span(opus_headers(w, {})), sink);
  framer->consume(as_byte_span(opus_headers(next, {})), sink);
  CHECK(framer->serials() == std::vector<std::uint32_t>({13}));
}
