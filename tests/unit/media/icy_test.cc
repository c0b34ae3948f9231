#include "media/icy.h"

#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/random.h"
#include "base/through_record.h"
#include "media/metadata.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string padded(std::string text) {
  text.resize((text.size() / 16 + 1) * 16, '\0');
  return static_cast<char>(text.size() / 16) + text;
}
// "title|url", or "none".
std::string parsed(std::string_view block) {
  const auto text = parse_icy_text(block);
  return text ? text->title + "|" + text->url : "none";
}

}  // namespace

TEST_GROUP(IcyBlock){};
TEST(IcyBlock, OfAnEmptyTitleHas17Bytes) {
  CHECK_EQUAL(std::string("\x01StreamTitle='';", 16) + std::string(1, '\0'),
              make_icy_block("", ""));
  LONGS_EQUAL(17, make_icy_block("", "").size());
}
TEST(IcyBlock, HoldsTitleAndUrlAndIsPadded) {
  CHECK(padded("StreamTitle='A - B';") == make_icy_block("A - B", ""));
  CHECK(padded("StreamTitle='A';StreamUrl='http://u/';") == make_icy_block("A", "http://u/"));
}
// Icecast's relays read all bytes of a block but the last.
TEST(IcyBlock, HasANulBehindATextThatFillsAUnit) {
  CHECK_EQUAL(std::string("\x02StreamTitle='A';", 17) + std::string(16, '\0'),
              make_icy_block("A", ""));
  CHECK(with_icy_place(make_icy_block("A", ""), "12345678901").ends_with('\0'));
}
TEST(IcyBlock, KeepsQuotesAndSemicolonsThatEndNothing) {
  CHECK(padded("StreamTitle='It's me';") == make_icy_block("It's me", ""));
  CHECK(padded("StreamTitle='a; b ' ;';") == make_icy_block("a; b ' ;", ""));
}
TEST(IcyBlock, NeutralisesThePairThatWouldEndTheTitle) {
  CHECK(padded("StreamTitle='a' ;StreamUrl='b';") == make_icy_block("a';StreamUrl='b", ""));
  CHECK(padded("StreamTitle='\u00e9\u2019;x';") == make_icy_block("\u00e9';x", ""));
  CHECK(padded("StreamTitle='\xe9' ;x';") == make_icy_block("\xe9';x", ""));
  CHECK(padded("StreamTitle=''' ;x';") == make_icy_block("'';x", ""));
  CHECK(padded("StreamTitle='a';StreamUrl='u%27;x';") == make_icy_block("a", "u';x"));
}
TEST(IcyBlock, DropsControlBytesAlsoBetweenThePair) {
  CHECK(padded("StreamTitle='abc' ;';") == make_icy_block("a\nb\x7f\x1b"
                                                          "c'\r;",
                                                          ""));
}
TEST(IcyBlock, CutsATitleThatDoesNotFit) {
  const std::string block = make_icy_block(std::string(10000, 'T'), "");
  LONGS_EQUAL(1 + 4080, block.size());
  CHECK(static_cast<unsigned char>(block[0]) == 255);
  CHECK(block.ends_with(std::string("T';\0", 4)));
  LONGS_EQUAL(4064, parse_icy_text(block.substr(1))->title.size());
}
TEST(IcyBlock, CutsUtf8AtAWholeCharacter) {
  for (std::size_t shift = 0; shift < 3; ++shift) {
    std::string title(shift, 'x');
    for (int i = 0; i < 2000; ++i) title += "\u20ac";
    const auto text = parse_icy_text(make_icy_block(title, "").substr(1));
    CHECK(valid_utf8(text->title));
    CHECK(text->title.size() > 4061);
  }
}
TEST(IcyBlock, LeavesOutAUrlThatHasNoRoom) {
  const std::string url(100, 'u');
  CHECK_EQUAL(std::string(3951, 'T') + "|" + url,
              parsed(make_icy_block(std::string(3951, 'T'), url).substr(1)));
  CHECK_EQUAL(std::string(3952, 'T') + "|",
              parsed(make_icy_block(std::string(3952, 'T'), url).substr(1)));
}

TEST_GROUP(IcyText){};
TEST(IcyText, ReadsTitleAndUrl) {
  CHECK_EQUAL(std::string("A - B|"), parsed("StreamTitle='A - B';"));
  CHECK_EQUAL(std::string("A|http://u/"), parsed("StreamTitle='A';StreamUrl='http://u/';"));
  CHECK_EQUAL(std::string("A|u"), parsed("StreamUrl='u';StreamTitle='A';"));
  CHECK_EQUAL(std::string("|"), parsed("StreamTitle='';StreamUrl='';"));
  CHECK_EQUAL(std::string("A|"), parsed(std::string("StreamTitle='A';\0\0\0x", 20)));
}
TEST(IcyText, AllowsQuotesInsideATitle) {
  CHECK_EQUAL(std::string("It's me|"), parsed("StreamTitle='It's me';"));
  CHECK_EQUAL(std::string("a'; b|u"), parsed("StreamTitle='a'; b';StreamUrl='u';"));
  CHECK_EQUAL(std::string("a';='b|"), parsed("StreamTitle='a';='b';"));
  CHECK_EQUAL(std::string("'a'|"), parsed("StreamTitle=''a'';"));
  CHECK_EQUAL(std::string("a;b|"), parsed("StreamTitle='a;b';"));
}
TEST(IcyText, KeepsFieldsThatOnlyPlayersKnow) {
  const std::string block =
      "StreamTitle='A';adw_ad='true';StreamUrl='u'; ad-2='7';LB='x.1';StreamTitle='B';";
  CHECK_EQUAL(std::string("A|u"), parsed(block));
  CHECK_EQUAL(std::string("adw_ad='true';ad-2='7';"), parse_icy_text(block)->others);
  CHECK(padded("StreamTitle='A';StreamUrl='u';adw_ad='true';") ==
        make_icy_block("A", "u", "adw_ad='true';"));
  CHECK(make_icy_block("A", "", std::string(4080, 'o')) == make_icy_block("A", ""));
}
TEST(IcyText, TakesTheFirstOfEachField) {
  CHECK_EQUAL(std::string("A|u"),
              parsed("StreamTitle='A';StreamUrl='u';StreamTitle='B';StreamUrl='v';"));
}
TEST(IcyText, ForgivesMissingEndsAndQuotes) {
  CHECK_EQUAL(std::string("A|"), parsed("StreamTitle='A'"));
  CHECK_EQUAL(std::string("A|"), parsed("StreamTitle='A"));
  CHECK_EQUAL(std::string("A|"), parsed("StreamTitle='A' "));
  CHECK_EQUAL(std::string("|"), parsed("StreamTitle='"));
  CHECK_EQUAL(std::string("|"), parsed("StreamTitle="));
  CHECK_EQUAL(std::string("A B|u"), parsed("StreamTitle=A B;StreamUrl='u';"));
}
TEST(IcyText, IsNothingWithoutATitle) {
  CHECK_EQUAL(std::string("none"), parsed(""));
  CHECK_EQUAL(std::string("none"), parsed("StreamUrl='u';"));
  CHECK_EQUAL(std::string("none"), parsed("streamtitle='u';"));
  CHECK_EQUAL(std::string("none"), parsed("random bytes"));
  CHECK_EQUAL(std::string("none"), parsed(std::string("\0StreamTitle='A';", 17)));
}
TEST(IcyText, ReadsWhatMakeIcyBlockWrites) {
  for (const char* title : {"", "A - B", "It's me", "quote'", "';", "a';b';c", "=';StreamUrl='x"}) {
    const auto text = parse_icy_text(make_icy_block(title, "http://u/?a='b'").substr(1));
    CHECK(text.has_value());
    CHECK_EQUAL(std::string("http://u/?a='b'"), text->url);
    CHECK(text->title.find("';") == std::string::npos);
  }
}

TEST_GROUP(IcyDeinterleaver) {
  // Puts a block behind every `metaint` bytes of audio.
  static std::string interleaved(std::string_view audio, std::size_t metaint,
                                 const std::vector<std::string>& blocks) {
    std::string out;
    std::size_t next = 0;
    for (std::size_t at = 0; at < audio.size(); at += metaint) {
      out += audio.substr(at, metaint);
      if (at + metaint <= audio.size()) out += blocks[next++ % blocks.size()];
    }
    return out;
  }
  struct Taken {
    std::string audio;
    std::vector<std::string> blocks;  // "position text"
  };
  static Taken take(std::string data, std::size_t metaint, Rng * rng) {
    IcyDeinterleaver deinterleaver(metaint);
    Taken taken;
    for (std::size_t at = 0; at < data.size();) {
      const std::size_t left = data.size() - at;
      const std::size_t n =
          rng == nullptr
              ? 1
              : std::min<std::size_t>(left, 1 + static_cast<std::size_t>(rng->below(300)));
      std::string piece = data.substr(at, n);
      deinterleaver = test::through_record(deinterleaver, IcyDeinterleaver(0));
      const std::size_t audio = deinterleaver.take(
          std::as_writable_bytes(std::span(piece)), [&](std::string_view text, std::size_t offset) {
            taken.blocks.push_back(std::to_string(taken.audio.size() + offset) + " " +
                                   std::string(text.substr(0, text.find('\0'))));
          });
      taken.audio += piece.substr(0, audio);
      at += n;
    }
    return taken;
  }
};
TEST(IcyDeinterleaver, TellsABlockOnceHoweverOftenItComes) {
  const std::string one = "\x01StreamTitle='1';", two = "\x01StreamTitle='2';";
  const Taken taken =
      take(interleaved(std::string(80, 'a'), 10, {one, one, std::string(1, '\0'), one, two, one}),
           10, nullptr);
  LONGS_EQUAL(3, taken.blocks.size());
  STRCMP_EQUAL("10 StreamTitle='1';", taken.blocks[0].c_str());
  STRCMP_EQUAL("50 StreamTitle='2';", taken.blocks[1].c_str());
  STRCMP_EQUAL("60 StreamTitle='1';", taken.blocks[2].c_str());
}
TEST(IcyDeinterleaver, SeparatesAudioAndBlocksInAnySplit) {
  std::string audio;
  for (int i = 0; i < 5000; ++i) audio += static_cast<char>(i * 7);
  const std::string data = interleaved(
      audio, 100, {std::string(1, '\0'), make_icy_block("one", ""), make_icy_block("two", "u")});
  std::vector<std::string> expected;
  for (int i = 1; i <= 50; ++i) {
    if (i % 3 == 2) expected.push_back(std::to_string(i * 100) + " StreamTitle='one';");
    if (i % 3 == 0)
      expected.push_back(std::to_string(i * 100) + " StreamTitle='two';StreamUrl='u';");
  }
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Rng rng(seed);
    const Taken taken = take(data, 100, seed == 0 ? nullptr : &rng);
    CHECK(audio == taken.audio);
    CHECK(expected == taken.blocks);
  }
}
TEST(IcyDeinterleaver, TakesTheLargestBlockAndTheSmallestInterval) {
  const std::string large = std::string(1, '\xff') + std::string(4080, 'x');
  const std::string other = std::string(1, '\xff') + std::string(4080, 'y');
  const Taken taken = take(interleaved("abc", 1, {large, other}), 1, nullptr);
  CHECK_EQUAL(std::string("abc"), taken.audio);
  LONGS_EQUAL(3, taken.blocks.size());
  CHECK_EQUAL("1 " + std::string(4080, 'x'), taken.blocks[0]);
}
TEST(IcyDeinterleaver, WithoutAnIntervalAllIsAudio) {
  const Taken taken = take("abc\x01xyz", 0, nullptr);
  CHECK_EQUAL(std::string("abc\x01xyz"), taken.audio);
  CHECK(taken.blocks.empty());
}
