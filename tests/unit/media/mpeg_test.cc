#include <string>
#include <vector>

#include "media/builders.h"
#include "media/framer.h"
#include "media/mpeg_header.h"
#include "media/recorder.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

using What = MpegUnit::What;

MpegUnit frame(std::initializer_list<int> bytes) {
  std::string text;
  for (const int b : bytes) text += static_cast<char>(b);
  return mpeg_frame_at(as_byte_span(text));
}
std::size_t size_of(std::initializer_list<int> bytes) {
  const MpegUnit unit = frame(bytes);
  CHECK(unit.what == What::kFrame);
  return unit.size;
}
bool is_nothing(std::initializer_list<int> bytes) { return frame(bytes).what == What::kNothing; }

std::string repeat(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_GROUP(MpegHeader){};
TEST(MpegHeader, SizesOfAllVersionsAndLayers) {
  LONGS_EQUAL(417, size_of({0xff, 0xfb, 0x90, 0x00}));   // MPEG 1 III 128 kbit/s 44.1 kHz
  LONGS_EQUAL(418, size_of({0xff, 0xfb, 0x92, 0x00}));   // the same, padded
  LONGS_EQUAL(1044, size_of({0xff, 0xfb, 0xe0, 0x00}));  // 320 kbit/s
  LONGS_EQUAL(144, size_of({0xff, 0xfb, 0x18, 0x00}));   // 32 kbit/s 32 kHz
  LONGS_EQUAL(1728, size_of({0xff, 0xfd, 0xe8, 0x00}));  // II 384 kbit/s 32 kHz
  LONGS_EQUAL(96, size_of({0xff, 0xfd, 0x14, 0x00}));    // II 32 kbit/s 48 kHz
  LONGS_EQUAL(672, size_of({0xff, 0xff, 0xe8, 0x00}));   // I 448 kbit/s 32 kHz
  LONGS_EQUAL(676, size_of({0xff, 0xff, 0xea, 0x00}));   // I pads four bytes
  LONGS_EQUAL(208, size_of({0xff, 0xf3, 0x80, 0x00}));   // MPEG 2 III 64 kbit/s 22.05 kHz
  LONGS_EQUAL(192, size_of({0xff, 0xf3, 0x84, 0x00}));   // 24 kHz
  LONGS_EQUAL(417, size_of({0xff, 0xf5, 0x80, 0x00}));   // MPEG 2 II 64 kbit/s 22.05 kHz
  LONGS_EQUAL(556, size_of({0xff, 0xf7, 0xe0, 0x00}));   // MPEG 2 I 256 kbit/s 22.05 kHz
  LONGS_EQUAL(1440, size_of({0xff, 0xe3, 0xe8, 0x00}));  // MPEG 2.5 III 160 kbit/s 8 kHz
  LONGS_EQUAL(52, size_of({0xff, 0xe3, 0x10, 0x00}));    // MPEG 2.5 III 8 kbit/s 11.025 kHz
}
TEST(MpegHeader, ReservedValuesAndFreeFormatAreNoFrames) {
  CHECK(is_nothing({0xff, 0xeb, 0x90, 0x00}));  // version
  CHECK(is_nothing({0xff, 0xfb, 0x00, 0x00}));  // free format
  CHECK(is_nothing({0xff, 0xfb, 0xf0, 0x00}));  // bit rate
  CHECK(is_nothing({0xff, 0xfb, 0x9c, 0x00}));  // sample rate
  CHECK(is_nothing({0xff, 0xfb, 0x90, 0x02}));  // emphasis
  CHECK(is_nothing({0xff, 0xdb, 0x90, 0x00}));  // sync word
  CHECK(is_nothing({0xfe, 0xfb, 0x90, 0x00}));
  CHECK(is_nothing({0xff, 0xff, 0xff, 0xff}));
}
TEST(MpegHeader, SizesOfAdts) {
  for (const std::size_t size : {8u, 371u, 8191u}) {
    const MpegUnit unit = mpeg_frame_at(as_byte_span(adts_frame(size)));
    CHECK(unit.what == What::kFrame);
    LONGS_EQUAL(size, unit.size);
    LONGS_EQUAL(0, unit.kind.layer);
    LONGS_EQUAL(4, unit.kind.rate);
  }
}
TEST(MpegHeader, AdtsWithReservedRateOrWithoutContentIsNoFrame) {
  CHECK(is_nothing({0xff, 0xf1, 0x74, 0x80, 0x2e, 0x7f, 0xfc}));  // rate 13
  CHECK(is_nothing({0xff, 0xf1, 0x50, 0x80, 0x00, 0x1f, 0xfc}));  // 0 bytes
  CHECK(is_nothing({0xff, 0xf1, 0x50, 0x80, 0x00, 0xff, 0xfc}));  // 7 bytes: the header alone
  CHECK(is_nothing({0xff, 0xf0, 0x50, 0x80, 0x01, 0x3f, 0xfc}));  // 9 with a checksum
  CHECK(is_nothing({0xff, 0xe1, 0x50, 0x80, 0x2e, 0x7f, 0xfc}));  // 11 bits of sync word
}
TEST(MpegHeader, DecidesAsSoonAsItCanAndNotBefore) {
  const std::string mp3 = mp3_frame(), aac = adts_frame(100);
  for (std::size_t n = 0; n < 4; ++n)
    CHECK(mpeg_frame_at(as_byte_span(mp3.substr(0, n))).what == What::kNeedsMore);
  CHECK(mpeg_frame_at(as_byte_span(mp3.substr(0, 4))).what == What::kFrame);
  // The number of its blocks, and so its duration, is in the last byte of the header.
  for (std::size_t n = 0; n < 7; ++n)
    CHECK(mpeg_frame_at(as_byte_span(aac.substr(0, n))).what == What::kNeedsMore);
  CHECK(mpeg_frame_at(as_byte_span(aac.substr(0, 7))).what == What::kFrame);
  CHECK(is_nothing({0xff, 0x10}));
  CHECK(is_nothing({0xff, 0xfb, 0xf0}));
  CHECK(is_nothing({0xff, 0xf1, 0x74}));
}
TEST(MpegHeader, TagsBetweenFrames) {
  const auto unit = [](const std::string& bytes) { return mpeg_unit_at(as_byte_span(bytes)); };
  CHECK(unit(id3v2(1000)).what == What::kTag);
  LONGS_EQUAL(1010, unit(id3v2(1000)).size);
  std::string footer = id3v2(1000);
  footer[5] = 0x10;
  LONGS_EQUAL(1020, unit(footer).size);
  LONGS_EQUAL(128, unit("TAG").size);
  const std::string ape = "APETAGEX" + le(2000, 4) + le(100, 4) + le(1, 4);
  LONGS_EQUAL(132, unit(ape + le(1u << 29, 4)).size);
  LONGS_EQUAL(32, unit(ape + le(0, 4)).size);
  CHECK(unit(ape).what == What::kNeedsMore);
  for (const char* start : {"", "I", "ID", "ID3", "T", "TA", "A", "APETAGE"})
    CHECK(unit(start).what == What::kNeedsMore);
  for (const char* text : {"IT", "TO", "AB", "x"}) CHECK(unit(text).what == What::kNothing);
}
TEST(MpegHeader, TagsThatAreBrokenOrLargeAreNothing) {
  const auto what = [](const std::string& bytes) { return mpeg_unit_at(as_byte_span(bytes)).what; };
  CHECK(what("ID3\x04" + le(0, 2) + le(0x80, 1) + le(0, 3)) == What::kNothing);
  CHECK(what(id3v2(65536 - 10)) == What::kTag);
  CHECK(what(id3v2(65536 - 9)) == What::kNothing);
  CHECK(what("APETAGEX" + le(2000, 4) + le(0xffffffff, 4) + le(1, 4) + le(1u << 29, 4)) ==
        What::kNothing);
}

TEST_GROUP(MpegFramer) {
  const FramerPlugin& mpeg = framer_for("audio/mpeg");
  FramerRun run;

  std::vector<std::string> marks(const std::string& bytes) {
    CHECK_EQUAL(std::string(), check_splits(mpeg, bytes));
    run = run_framer(mpeg, bytes, all_at_once);
    return run.marks.lines;
  }
  static std::vector<std::string> syncs(std::initializer_list<std::size_t> positions) {
    std::vector<std::string> lines;
    for (const std::size_t position : positions)
      lines.push_back("sync " + std::to_string(position));
    return lines;
  }
};

TEST(MpegFramer, MarksFramesAtLeast1024BytesApart) {
  CHECK(syncs({0, 1251, 2502, 3753}) == marks(repeat(mp3_frame(), 10)));
  LONGS_EQUAL(4170, run.complete);
}
TEST(MpegFramer, MarksEveryFrameThatIsLarge) {
  CHECK(syncs({0, 1044, 2088}) == marks(repeat(mp3_frame(false, 'm', 14), 3)));
}
TEST(MpegFramer, MarksFramesExactly1024BytesApart) {
  CHECK(syncs({0, 1024, 2048}) == marks(repeat(adts_frame(512), 5)));
  CHECK(syncs({0, 1022 + 511}) == marks(repeat(adts_frame(511), 4)));
}
TEST(MpegFramer, MarksNothingBeforeASecondFrameConfirmsTheFirst) {
  CHECK(marks(mp3_frame()).empty());
  LONGS_EQUAL(417, run.complete);
  CHECK(marks(mp3_frame() + mp3_frame().substr(0, 3)).empty());
  CHECK(syncs({0}) == marks(mp3_frame() + mp3_frame().substr(0, 4)));
}
TEST(MpegFramer, IsCompleteToTheEndOfTheLastWholeFrame) {
  marks(mp3_frame() + mp3_frame().substr(0, 416));
  LONGS_EQUAL(417, run.complete);
  marks(mp3_frame().substr(0, 416));
  LONGS_EQUAL(0, run.complete);
  marks(mp3_frame() + "\xff");
  LONGS_EQUAL(417, run.complete);
}
TEST(MpegFramer, BitRateAndPaddingMayVary) {
  std::string bytes;
  for (unsigned i = 1; i < 15; ++i) bytes += mp3_frame(i % 2 == 0, 'm', i);
  marks(bytes);
  LONGS_EQUAL(bytes.size(), run.complete);
  CHECK(run.marks.lines.size() > 4);
}
TEST(MpegFramer, TakesAacInAdts) {
  CHECK(syncs({0, 1113, 2226}) == marks(repeat(adts_frame(371), 7)));
  LONGS_EQUAL(7 * 371, run.complete);
}
TEST(MpegFramer, TextPassesAtOnce) {
  const FramerPlugin& aac = framer_for("audio/aac");
  const std::string text = "HEAD-OF-STREAM" + std::string(200, 'x');
  for (std::size_t n = 1; n <= text.size(); ++n)
    LONGS_EQUAL(n, run_framer(aac, text.substr(0, n), all_at_once).complete);
  CHECK_EQUAL(std::string(), check_splits(aac, text));
}
TEST(MpegFramer, AFloodOfSyncBytesPasses) {
  CHECK(marks(std::string(5000, '\xff')).empty());
  LONGS_EQUAL(5000, run.complete);
  CHECK(marks(repeat(std::string("\xff\xfb\0\0", 4), 1000)).empty());
  LONGS_EQUAL(4000, run.complete);
}
TEST(MpegFramer, FindsFramesBehindJunk) {
  const std::string junk = "some text \xff\xfb\x90 and more";
  CHECK(syncs({junk.size()}) == marks(junk + mp3_frame() + mp3_frame()));
  LONGS_EQUAL(junk.size() + 834, run.complete);
}
TEST(MpegFramer, LosesSyncWhereAFrameShouldBeAndComesBack) {
  const std::string start = repeat(mp3_frame(), 3);
  const std::string junk(1000, 'j');
  const std::size_t back = start.size() + junk.size();
  CHECK(syncs({0, back, back + 3 * 417}) == marks(start + junk + repeat(mp3_frame(), 5)));
}
TEST(MpegFramer, WhatWasConsumedIsCompleteOnceSyncIsLost) {
  const std::string bytes = mp3_frame() + mp3_frame() + "x";
  marks(bytes);
  LONGS_EQUAL(bytes.size(), run.complete);
  // … also while a frame that may be one is coming in.
  marks(bytes + mp3_frame().substr(0, 300));
  LONGS_EQUAL(bytes.size() + 300, run.complete);
}
TEST(MpegFramer, DoesNotTakeBackWhatHasPassed) {
  // The third frame is in doubt until the fourth begins; by then seven bytes of that have passed.
  const std::string bytes = mp3_frame() + "x" + mp3_frame() + mp3_frame().substr(0, 100);
  marks(bytes);
  LONGS_EQUAL(417 + 1 + 417 + 7, run.complete);
}
TEST(MpegFramer, AFalseFrameInJunkDoesNotHideATrueOne) {
  // The false frame claims 1044 bytes; true ones begin within.
  const std::string junk = "j\xff\xfb\xe0" + std::string(1, '\0') + "jjj";
  CHECK(syncs({junk.size(), junk.size() + 3 * 417}) == marks(junk + repeat(mp3_frame(), 5)));
}
TEST(MpegFramer, AFrameOfAnotherKindIsNotFollowed) {
  // It claims 5000 bytes; true frames come right behind its header.
  const std::string start = repeat(mp3_frame(), 3);
  const std::string other = adts_frame(5000).substr(0, 7);
  const std::size_t back = start.size() + other.size();
  CHECK(syncs({0, back, back + 1251}) ==
        marks(start + other + repeat(mp3_frame(), 6) + std::string(5000, 'x')));
}
TEST(MpegFramer, AChangeOfSampleRateIsFoundAgain) {
  const std::string first = repeat(mp3_frame(), 3);
  const std::string other = std::string("\xff\xfb\x94\x00", 4) + std::string(380, 'o');  // 48 kHz
  CHECK(syncs({0, 1251, 1251 + 3 * 384}) == marks(first + repeat(other, 5)));
}
TEST(MpegFramer, TagsBetweenFramesDoNotDisturb) {
  const std::string tag1 = "TAG" + std::string(125, ' ');
  const std::string ape = "APETAGEX" + le(2000, 4) + le(100, 4) + le(1, 4) + le(1u << 29, 4) +
                          std::string(8, '\0') + std::string(100, 'a');
  const std::string bytes = id3v2(3000) + mp3_frame() + tag1 + ape + id3v2(500) + mp3_frame();
  CHECK(syncs({3010, 3010 + 417 + 128 + 132 + 510}) == marks(bytes));
  LONGS_EQUAL(bytes.size(), run.complete);
}
TEST(MpegFramer, AHugeTagPasses) {
  const std::string bytes =
      std::string("ID3\x04\0\0\x7f\x7f\x7f\x7f", 10) + std::string(1000, '\0');
  CHECK(syncs({1010}) == marks(bytes + mp3_frame() + mp3_frame()));
  marks(bytes);
  LONGS_EQUAL(bytes.size(), run.complete);
}
TEST(MpegFramer, SmallFramesBetweenJunkAreThinnedToo) {
  std::string bytes;
  for (int i = 0; i < 200; ++i) bytes += adts_frame(8) + adts_frame(8) + "junk";
  // Of 400 frames in 4000 bytes: one in each of the ten seconds of sound.
  LONGS_EQUAL(10, marks(bytes).size());
}
TEST(MpegFramer, MediaTimeCountsSamplesAndMarksEachSecond) {
  marks(repeat(mp3_frame(), 120));  // 26.12 ms each
  CHECK_EQUAL(std::string("0 clock 44100"), run.marks.times.at(0));
  CHECK_EQUAL(std::string("0 0 second"), run.marks.times.at(1));
  std::vector<std::string> seconds;
  for (const auto& time : run.marks.times)
    if (time.ends_with("second")) seconds.push_back(time);
  LONGS_EQUAL(4, seconds.size());
  // 39 · 1152 = 44928 samples are the first frame's begin behind a second.
  CHECK_EQUAL(std::to_string(39 * 417) + " " + std::to_string(39 * 1152) + " second", seconds[1]);
}
TEST(MpegFramer, AnotherSampleRateBeginsMediaTimeAgain) {
  const std::string first = repeat(mp3_frame(), 3);
  const std::string other = std::string("\xff\xfb\x94\x00", 4) + std::string(380, 'o');  // 48 kHz
  marks(first + repeat(other, 5));
  CHECK_EQUAL(std::string("1251 clock 48000"), run.marks.times.at(2));
  CHECK_EQUAL(std::string("1251 0 second"), run.marks.times.at(3));
}
TEST(MpegFramer, GoesOnWithTheTimeThatAnUpstreamTells) {
  const auto framer = mpeg.make(0, MediaTime{88'200, 44'100});
  MarkRecorder told;
  framer->consume(as_byte_span(repeat(mp3_frame(), 42)), told);
  CHECK_EQUAL(std::string("0 88200 second"), told.times.at(0));
  CHECK_EQUAL(std::to_string(39 * 417) + " " + std::to_string(88'200 + 39 * 1152) + " second",
              told.times.back());
}
TEST(MpegFramer, BeginsAtThePositionItIsGiven) {
  CHECK_EQUAL(std::string(), check_splits(mpeg, repeat(mp3_frame(), 3), 777));
  run = run_framer(mpeg, repeat(mp3_frame(), 3), all_at_once, 1, 777);
  CHECK(syncs({777}) == run.marks.lines);
  LONGS_EQUAL(777 + 1251, run.complete);
}
TEST(MpegFramer, RandomBytesGiveTheSameMarksInAllSplits) {
  Rng rng(3);
  std::string bytes;
  for (int i = 0; i < 20000; ++i) {
    // Many sync words, so that false frames are common.
    const std::uint64_t r = rng.below(8);
    bytes += r == 0 ? '\xff' : r == 1 ? '\xfb' : r == 2 ? '\xf1' : static_cast<char>(rng.next());
    if (rng.below(500) == 0) bytes += mp3_frame() + adts_frame(100) + mp3_frame();
  }
  marks(bytes);
}
