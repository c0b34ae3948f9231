// The measuring programs must be able to find faults: a checker that sees nothing proves nothing.
#include <string>
#include <string_view>
#include <vector>

#include "tools/frame.h"
#include "tools/listener.h"
#include "tools/samples.h"

// After all others: it defines new as a macro.
#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string frames(std::uint64_t first, std::uint64_t count, unsigned kbit = 128,
                   std::uint32_t source = 0) {
  std::string out;
  for (std::uint64_t i = first; i < first + count; ++i) append_frame(out, kbit, {source, i, 5});
  return out;
}

FrameCounts check(std::string_view bytes, std::size_t piece = 1'000'000) {
  FrameChecker checker;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    checker.consume(bytes.substr(0, piece), [](const FrameStamp&) {});
  }
  return checker.counts();
}

}  // namespace

TEST_GROUP(Frame){};

TEST(Frame, HasTheLengthOfARealEncodersFrameAtEveryBitrate) {
  CHECK_EQUAL(417U, frame_bytes(128, 0));
  CHECK_EQUAL(418U, frame_bytes(128, 1));
  CHECK_EQUAL(104U, frame_bytes(32, 0));
  CHECK_EQUAL(1044U, frame_bytes(320, 0));
  CHECK_EQUAL(16000U * 1152, frames(0, 44100).size());
  for (const unsigned kbit :
       {32U, 40U, 48U, 56U, 64U, 80U, 96U, 112U, 128U, 160U, 192U, 224U, 256U, 320U}) {
    CHECK(is_bitrate(kbit));
    CHECK_EQUAL(200U, check(frames(0, 200, kbit)).frames);
  }
  CHECK(!is_bitrate(0));
  CHECK(!is_bitrate(129));
}

TEST(Frame, TellsItsSourceItsNumberAndItsTime) {
  std::string one;
  append_frame(one, 128, {.source = 65535, .number = 1ULL << 40, .sent_ns = 0x123456789abcdefULL});
  const auto stamp = check_frame(one);
  CHECK(stamp.has_value());
  CHECK_EQUAL(65535U, stamp->source);
  CHECK_EQUAL(1ULL << 40, stamp->number);
  CHECK_EQUAL(0x123456789abcdefULL, stamp->sent_ns);
}

TEST(Frame, IsRefusedWhenAnyByteButThoseOfTheTimeIsWrong) {
  const std::string right = frames(7, 1);
  constexpr std::size_t kTime = 36 + 4 + 4 + 16;
  for (std::size_t i = 0; i < right.size(); ++i) {
    std::string wrong = right;
    wrong[i] = static_cast<char>(wrong[i] ^ 0x55);
    if (i < kTime || i >= kTime + 16) CHECK(!check_frame(wrong).has_value());
  }
  CHECK(!check_frame(std::string_view(right).substr(0, right.size() - 1)).has_value());
  CHECK(!check_frame("").has_value());
}

TEST_GROUP(FrameChecker){};

TEST(FrameChecker, FindsNothingWrongInPiecesOfAnySize) {
  const std::string good = frames(1000, 50);
  for (std::size_t piece = 1; piece < 900; piece += 13) {
    const FrameCounts counts = check(good, piece);
    CHECK_EQUAL(50U, counts.frames);
    CHECK_EQUAL(0U, counts.lost + counts.repeated + counts.damaged + counts.cut + counts.moved);
  }
}

TEST(FrameChecker, CountsAJoinInsideAFrameAsCutNotAsDamage) {
  const FrameCounts counts = check(frames(0, 3).substr(100));
  CHECK_EQUAL(2U, counts.frames);
  CHECK_EQUAL(317U, counts.cut);
  CHECK_EQUAL(0U, counts.damaged);
}

TEST(FrameChecker, CountsLostRepeatedAndForeignFrames) {
  CHECK_EQUAL(5U, check(frames(0, 3) + frames(8, 2)).lost);
  CHECK_EQUAL(1U, check(frames(0, 3) + frames(2, 3)).repeated);
  CHECK_EQUAL(2U, check(frames(0, 3) + frames(9, 1, 128, 1) + frames(3, 1)).moved);
}

TEST(FrameChecker, CountsBytesThatAreMissingOrZeroed) {
  std::string zeroed = frames(0, 5);
  zeroed.replace(frames(0, 2).size() + 200, 64, 64, '\0');
  const FrameCounts hole = check(zeroed);
  CHECK_EQUAL(4U, hole.frames);
  CHECK_EQUAL(1U, hole.lost);
  CHECK_EQUAL(frame_bytes(128, 2), hole.damaged);

  std::string shorter = frames(0, 5);
  shorter.erase(frames(0, 2).size() + 200, 10);
  CHECK_EQUAL(1U, check(shorter).lost);
  CHECK_EQUAL(frame_bytes(128, 2) - 10, check(shorter).damaged);
}

TEST_GROUP(IcyRemover){};

TEST(IcyRemover, GivesBackTheAudioWhateverThePieces) {
  const std::string text = "StreamTitle='a b';" + std::string(14, '\0');  // 32 bytes
  const std::string wire =
      "0123456789" + std::string(1, '\2') + text + "abcdefghij" + std::string(1, '\0') + "ABCDE";
  for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
    IcyRemover remover;
    remover.set_interval(10);
    std::string audio;
    for (std::size_t at = 0; at < wire.size(); at += piece) {
      remover.remove(std::string_view(wire).substr(at, piece), audio);
    }
    STRCMP_EQUAL("0123456789abcdefghijABCDE", audio.c_str());
    CHECK_EQUAL(1U, remover.blocks());
  }
}

TEST(IcyRemover, ChangesNothingWithoutAnInterval) {
  IcyRemover remover;
  std::string audio;
  remover.remove(std::string("a\0b", 3), audio);
  CHECK_EQUAL(3U, audio.size());
}

TEST_GROUP(Samples){};

TEST(Samples, GiveNearestRanksAndZeroWhenEmpty) {
  Samples samples;
  CHECK_EQUAL(0.0, samples.ms(0.5));
  CHECK_EQUAL(0.0, samples.mean_ms());
  for (std::uint64_t i = 100; i > 0; --i) samples.add(i * 1'000'000);
  CHECK_EQUAL(51.0, samples.ms(0.5));
  CHECK_EQUAL(100.0, samples.ms(0.99));
  CHECK_EQUAL(100.0, samples.ms(1));
  CHECK_EQUAL(1.0, samples.ms(0));
  CHECK_EQUAL(50.5, samples.mean_ms());
}
