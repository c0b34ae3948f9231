#include "media/ogg_page.h"

#include <string>
#include <utility>
#include <vector>

#include "media/builders.h"
#include "media/framer.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

// "P<position>+<size>" for a page, "J<size>" for what is between; equal neighbours are joined.
class Finder final : public OggPageSink {
 public:
  void page(std::uint64_t position, const OggPage& page) override {
    flush();
    found += "P" + std::to_string(position) + "+" + std::to_string(page.size()) + " ";
    bytes += std::string(as_text(page.header)) + std::string(as_text(page.body));
  }
  void between(ByteSpan between) override {
    junk_ += between.size();
    bytes += as_text(between);
  }
  std::string take() {
    flush();
    return std::exchange(found, {});
  }
  std::string found;
  std::string bytes;

 private:
  void flush() {
    if (junk_ > 0) found += "J" + std::to_string(junk_) + " ";
    junk_ = 0;
  }
  std::size_t junk_ = 0;
};

struct Scan {
  std::string found;
  std::uint64_t complete;
};
Scan scan(std::string_view bytes, std::size_t piece, std::uint64_t begin = 0) {
  OggPageScanner scanner(begin);
  Finder finder;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    scanner.feed(as_byte_span(bytes.substr(at, piece)), finder);
  CHECK(bytes.starts_with(finder.bytes));
  return {finder.take(), scanner.complete()};
}
void check(const std::string& expected, std::uint64_t complete, std::string_view bytes) {
  for (const std::size_t piece :
       {bytes.size() + 1, std::size_t{1}, std::size_t{7}, std::size_t{33}}) {
    const Scan result = scan(bytes, piece);
    CHECK_EQUAL(expected, result.found);
    LONGS_EQUAL(complete, result.complete);
  }
}

}  // namespace

TEST_GROUP(OggPageScanner) {
  OggWriter w{7};
  std::string a = w.page({"first"}, 0, kBos);   // 33 bytes
  std::string b = w.page({"second", "x"}, 10);  // 36 bytes
};
TEST(OggPageScanner, FindsPagesAndTheirPositions) {
  check("P0+33 P33+36 ", 69, a + b);
  LONGS_EQUAL(1069, scan(a + b, 5, 1000).complete);
  CHECK_EQUAL(std::string("P1000+33 P1033+36 "), scan(a + b, 5, 1000).found);
}
TEST(OggPageScanner, ReadsAllFieldsOfAPage) {
  struct Fields final : OggPageSink {
    void page(std::uint64_t, const OggPage& p) override {
      CHECK(p.continued());
      CHECK(!p.bos());
      CHECK(p.eos());
      CHECK(p.granule() == 0x0102030405060708u);
      CHECK(p.serial() == 0xdeadbeefu);
      CHECK(p.sequence() == 0x01020304u);
      CHECK_EQUAL(std::string("\x03\x02", 2), std::string(as_text(p.lacing())));
      CHECK_EQUAL(std::string("abcde"), std::string(as_text(p.body)));
      ++pages;
    }
    int pages = 0;
  } sink;
  const std::string page = raw_page(kContinued | kEos, 0x0102030405060708u, 0xdeadbeefu,
                                    0x01020304u, "\x03\x02", "abcde");
  OggPageScanner(0).feed(as_byte_span(page), sink);
  LONGS_EQUAL(1, sink.pages);
}
TEST(OggPageScanner, HoldsAPageUntilItIsWhole) {
  check("P0+33 ", 33, a + b.substr(0, 35));
  check("", 0, a.substr(0, 3));
  check("", 0, a.substr(0, 30));
}
TEST(OggPageScanner, LetsJunkPassAtOnceAndFindsTheNextPage) {
  check("J5 ", 5, "hello");
  check("J5 P5+33 J6 P44+36 ", 80, "hello" + a + "OggOgg" + b);
  check("P0+33 J2 ", 35, a + "xy");
}
TEST(OggPageScanner, DoesNotHoldBackWhileOutOfSync) {
  // The start of a page behind junk is not given away as junk, but it counts as passed.
  const Scan result = scan("junk" + a.substr(0, 20), 6);
  CHECK_EQUAL(std::string("J4 "), result.found);
  LONGS_EQUAL(24, result.complete);
}
TEST(OggPageScanner, APageWithAWrongChecksumIsJunk) {
  std::string bad = a;
  bad[30] ^= 1;
  check("J33 P33+36 ", 69, bad + b);
  check("J33 ", 33, bad);
}
TEST(OggPageScanner, APageOfAnotherVersionIsJunk) {
  std::string bad = a;
  bad[4] = 1;
  check("J33 P33+36 ", 69, bad + b);
}
TEST(OggPageScanner, FindsAPageInsideAFalseOne) {
  const std::string fake = std::string("OggS") + std::string(22, '\0') + le(255, 1);
  check("J27 P27+33 P60+36 J70000 ", 96 + 70000, fake + a + b + std::string(70000, 'z'));
}
TEST(OggPageScanner, TakesTheLargestPageThereIs) {
  const std::string large = raw_page(0, 0, 7, 0, std::string(255, '\xff'), std::string(65025, 'L'));
  LONGS_EQUAL(kOggMaxPage, large.size());
  check("P0+65307 P65307+33 ", 65307 + 33, large + a);
}
TEST(OggPageScanner, TakesAPageWithoutPackets) {
  check("P0+27 P27+33 ", 60, raw_page(kEos, 5, 7, 9, "", "") + a);
}
TEST(OggPageScanner, ForgedPagesCostNoMoreThanTheirShare) {
  // Every 27 bytes claim a page of 58 KiB: without a limit this is 4 GB of checksums.  That there
  // is one shows in a good page amid the flood, which is skipped with the page that claims it …
  std::string forged;
  for (int i = 0; i < 40000; ++i)
    forged += std::string("OggS\0\0", 6) + std::string(20, '\xff') + "\xff";
  const std::string flood = forged + a + forged;
  CHECK(scan(flood, 5000).found.find('P') == std::string::npos);
  // … and what follows the flood is found again.
  const std::string after = flood + std::string(70000, 'z') + a;
  CHECK(scan(after, 5000).found.ends_with("P" + std::to_string(flood.size() + 70000) + "+33 "));
}

TEST_GROUP(OggPageWriter){
    static std::string text(const std::vector<std::byte>& bytes){return std::string(as_text(bytes));
}
}
;
TEST(OggPageWriter, WritesThePageThatTheSpecificationAsksFor) {
  Bytes out;
  append_ogg_page(out, {kOggBos, 77, 5, 6}, as_byte_span("\x03\x01"), as_byte_span("abcd"));
  CHECK_EQUAL(raw_page(kBos, 77, 5, 6, "\x03\x01", "abcd"), text(out));
}
TEST(OggPageWriter, PutsPacketsOnAsFewPagesAsPossible) {
  const std::string first(300, 'f'), second(70000, 's');
  const ByteSpan packets[] = {as_byte_span(first), as_byte_span(second)};
  Bytes out;
  LONGS_EQUAL(5, append_ogg_packets(out, {0, 9, 1, 3}, packets));
  OggWriter w(1);
  for (int i = 0; i < 3; ++i) w.skip_a_page();
  const std::string all = first + second;
  const std::string page1 = w.raw(0, 9, std::string("\xff\x2d") + std::string(253, '\xff'),
                                  all.substr(0, 300 + 253 * 255));
  const std::string rest = all.substr(300 + 253 * 255);
  const std::string page2 = w.raw(kContinued, 9, lacing_of(rest), rest);
  CHECK_EQUAL(page1 + page2, text(out));
}
TEST(OggPageWriter, APageOnWhichNoPacketEndsHasNoGranule) {
  const std::string packet(70000, 's');
  const ByteSpan packets[] = {as_byte_span(packet)};
  Bytes out;
  append_ogg_packets(out, {0, 9, 1, 0}, packets);
  CHECK_EQUAL(raw_page(0, kNoGranule, 1, 0, std::string(255, '\xff'), packet.substr(0, 65025)),
              text(out).substr(0, kOggMaxPage));
}
TEST(OggPageWriter, APacketOfAMultipleOf255EndsWithAnEmptyLacingValue) {
  const std::string packet(255 * 255, 'x');
  const ByteSpan packets[] = {as_byte_span(packet)};
  Bytes out;
  LONGS_EQUAL(2, append_ogg_packets(out, {kOggBos, 0, 1, 0}, packets));
  CHECK_EQUAL(raw_page(kBos, kNoGranule, 1, 0, std::string(255, '\xff'), packet) +
                  raw_page(kContinued, 0, 1, 1, std::string(1, '\0'), ""),
              text(out));
}
TEST(OggPageWriter, NoPacketsGiveNoPage) {
  Bytes out;
  LONGS_EQUAL(4, append_ogg_packets(out, {0, 0, 1, 4}, {}));
  CHECK(out.empty());
}

TEST(OggPageWriter, AHeaderIsPatchedWithoutALookAtTheBody) {
  for (const std::size_t size : {0u, 1u, 255u, 4000u, 65025u}) {
    const std::string body(size, 'b');
    const std::string lacing = size == 65025 ? std::string(255, '\xff') : lacing_of(body);
    std::string page = raw_page(kContinued, 77, 5, 9, lacing, body);
    const auto header = std::as_writable_bytes(std::span(page)).first(27 + lacing.size());
    patch_ogg_header(header, body.size(), {kEos, 0x123456789abcull, 0xfedcba98u, 0x80000001u});
    CHECK(page == raw_page(kEos, 0x123456789abcull, 0xfedcba98u, 0x80000001u, lacing, body));
  }
}
