
#include <vector>

#include "hls/media_playlist.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

HlsSegment segment(std::uint64_t number) {
  HlsSegment one;
  one.sequence = number;
  one.duration = 96000;
  one.rate_hz = 48000;
  one.cut_ms = 2000;
  one.wall_ms = static_cast<std::int64_t>(number) * 2000;
  return one;
}

std::vector<std::string> ranges(const std::string& list) {
  std::vector<std::string> lines;
  for (std::size_t at = list.find("#EXT-X-DATERANGE:"); at != std::string::npos;
       at = list.find("#EXT-X-DATERANGE:", at + 1))
    lines.push_back(list.substr(at, list.find('\n', at) - at));
  return lines;
}

}  // namespace

TEST_GROUP(DateRanges) {
  std::vector<HlsSegment> segments{segment(5), segment(6), segment(7)};  // 10 s to 16 s
  PlaylistText list = playlist_text(segments);
  std::vector<std::string> with(const std::vector<HlsTitle>& titles) {
    return ranges(with_titles(list, segments, titles).text);
  }
};

TEST(DateRanges, OfTheListAndTheOneBefore) {
  const auto lines = with({{"a.1", 1000, "A", "One"},
                           {"a.2", 9000, "A", "Two"},
                           {"a.3", 12345, "", "Three"},
                           {"a.4", 16000, "A", "Four"}});
  LONGS_EQUAL(2, lines.size());
  STRCMP_EQUAL(
      "#EXT-X-DATERANGE:ID=\"a.2\",CLASS=\"org.icecast.title\",START-DATE=\"1970-01-01T00:00:"
      "09.000Z\",X-ARTIST=\"A\",X-TITLE=\"Two\",END-ON-NEXT=YES",
      lines[0].c_str());
  STRCMP_EQUAL(
      "#EXT-X-DATERANGE:ID=\"a.3\",CLASS=\"org.icecast.title\",START-DATE=\"1970-01-01T00:00:"
      "12.345Z\",X-TITLE=\"Three\",END-ON-NEXT=YES",
      lines[1].c_str());
}
TEST(DateRanges, NothingElseOfTheListChanges) {
  const std::vector<HlsTitle> titles{{"a.0", 1000, "A", "A"}, {"a.1", 11000, "A", "B"}};
  for (const std::string query : {"", "s=0123"}) {
    std::string text = with_query(with_titles(list, segments, titles), query);
    for (int lines = 0; lines < 2; ++lines) {
      const std::size_t at = text.find("#EXT-X-DATERANGE");
      CHECK(at != std::string::npos);
      text.erase(at, text.find('\n', at) + 1 - at);
    }
    STRCMP_EQUAL(with_query(list, query).c_str(), text.c_str());
  }
  STRCMP_EQUAL(list.text.c_str(), with_titles(list, segments, {}).text.c_str());
}
TEST(DateRanges, ATitleCannotEndItsValueOrItsLine) {
  const auto lines = with({{"a.1", 11000, "A\"", "B\",X-EVIL=\"1\"\n#EXT-X-ENDLIST\r"}});
  LONGS_EQUAL(1, lines.size());
  STRCMP_CONTAINS(",X-ARTIST=\"A'\",X-TITLE=\"B',X-EVIL='1'#EXT-X-ENDLIST\",END-ON-NEXT=YES",
                  lines[0].c_str());
}
TEST(DateRanges, APictureIsNamedByItsPath) {
  const auto lines =
      with({{"a.1", 20000, "", "Ahead"}, {"a.2", 11000, "", "T", "/_lb/art/9f.jpg"}});
  LONGS_EQUAL(1, lines.size());
  STRCMP_CONTAINS("X-TITLE=\"T\",X-ART=\"/_lb/art/9f.jpg\",END-ON-NEXT=YES", lines[0].c_str());
}
TEST(DateRanges, OfTitlesAtOneByteTheLast) {
  const auto lines = with({{"a.1", 11000, "", "One"}, {"a.1", 11000, "", "Two"}});
  LONGS_EQUAL(1, lines.size());
  STRCMP_CONTAINS("X-TITLE=\"Two\"", lines[0].c_str());
}
