#include "hls/id3_head.h"

#include "media/builders.h"
#include "media/mpeg_header.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(Id3Head){};

namespace {

const std::string kOwner =
    std::string("com.apple.streaming.transportStreamTimestamp") + std::string(1, '\0');

}  // namespace

TEST(Id3Head, HasTheTimestampAndTheTitle) {
  const std::string priv = "PRIV" + be(53, 4) + be(0, 2) + kOwner + be(0x1'2345'6789, 8);
  const std::string title = "TIT2" + be(7, 4) + be(0, 2) + "\x03Gr\xc3\xbc\xc3\x9f";
  const std::string wanted = "ID3" + be(4, 1) + be(0, 2) +
                             be(0, 4).replace(3, 1, be(priv.size() + title.size(), 1)) + priv +
                             title;
  CHECK(id3_head(0x1'2345'6789, "Gr\xc3\xbc\xc3\x9f") == wanted);
}
TEST(Id3Head, HasNoTitleWhereThereIsNone) { LONGS_EQUAL(10 + 10 + 53, id3_head(0, "").size()); }
TEST(Id3Head, HasTheArtistBehindTheTitle) {
  const std::string tag = id3_head(0, "A - B", "A");
  LONGS_EQUAL(10 + 63 + 10 + 6 + 10 + 2, tag.size());
  CHECK(tag.ends_with("TPE1" + be(2, 4) + be(0, 2) + "\x03" + "A"));
}
TEST(Id3Head, HasTheAddressOfThePicture) {
  const std::string tag = id3_head(0, "A", {}, "/_lb/art/1.png");
  CHECK(tag.ends_with("WXXX" + be(16, 4) + be(0, 2) + be(0, 2) + "/_lb/art/1.png"));
  LONGS_EQUAL(id3_head(0, "A").size(), id3_head(0, "A", {}, std::string(1025, 'x')).size());
}
TEST(Id3Head, CutsALongTitleAtACharacterAndSaysItsSizeInSevenBits) {
  std::string title;
  for (int i = 0; i < 2000; ++i) title += "\xe2\x82\xac";
  const std::string tag = id3_head(1, title);
  const std::size_t frames = tag.size() - 10;
  LONGS_EQUAL(10 + 53 + 10 + 1 + 1023, frames);
  LONGS_EQUAL(frames >> 7, static_cast<unsigned char>(tag[8]));
  LONGS_EQUAL(frames & 0x7f, static_cast<unsigned char>(tag[9]));
  const auto unit = mpeg_unit_at(std::as_bytes(std::span(tag)));
  CHECK(unit.what == MpegUnit::What::kTag);
  LONGS_EQUAL(tag.size(), unit.size);
}
