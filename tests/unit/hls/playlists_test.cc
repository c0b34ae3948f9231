#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "hls/master_playlist.h"
#include "hls/media_playlist.h"
#include "media/builders.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;

namespace {

HlsSegment list_segment(std::uint64_t sequence, std::uint64_t generation, std::uint64_t frames,
                        std::int64_t wall_ms) {
  HlsSegment segment;
  segment.sequence = sequence;
  segment.generation = generation;
  segment.stream = 0x4f2a01c1;
  segment.duration = frames * 1152;
  segment.rate_hz = 44'100;
  segment.cut_ms = 6000;
  segment.wall_ms = wall_ms;
  return segment;
}

}  // namespace

TEST_GROUP(HlsLists){};

TEST(HlsLists, AMediaPlaylistAsTheRfcHasIt) {
  HlsSegment last = list_segment(598'386'002, 8, 40, 1'795'158'013'045);
  last.stream = 0xab;
  last.adts = true;
  const HlsSegment segments[] = {list_segment(598'386'000, 7, 230, 1'795'158'000'007),
                                 list_segment(598'386'001, 7, 229, 1'795'158'006'015), last};
  STRCMP_EQUAL(
      "#EXTM3U\n"
      "#EXT-X-VERSION:3\n"
      "#EXT-X-TARGETDURATION:6\n"
      "#EXT-X-MEDIA-SEQUENCE:598386000\n"
      "#EXT-X-DISCONTINUITY-SEQUENCE:7\n"
      "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T07:00:00.007Z\n"
      "#EXTINF:6.00816,\n"
      "4f2a01c1-598386000.mp3\n"
      "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T07:00:06.015Z\n"
      "#EXTINF:5.98204,\n"
      "4f2a01c1-598386001.mp3\n"
      "#EXT-X-DISCONTINUITY\n"
      "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T07:00:13.045Z\n"
      "#EXTINF:1.04490,\n"
      "000000ab-598386002.aac\n",
      playlist_text(segments).text.c_str());
}
TEST(HlsLists, TheQueryIsInEachAddress) {
  const HlsSegment segment = list_segment(5, 7, 230, 0);
  const std::string list = with_query(playlist_text(std::span(&segment, 1)), "s=0123&x=%20");
  STRCMP_CONTAINS("\n4f2a01c1-5.mp3?s=0123&x=%20\n", list.c_str());
}
TEST(HlsLists, PiecesAreTheWholeList) {
  std::vector<HlsSegment> segments;
  for (std::uint64_t i = 0; i < 500; ++i)
    segments.push_back(list_segment(100 + i, 7, 230, static_cast<std::int64_t>(i) * 6000));
  for (const bool ended : {false, true}) {
    const PlaylistText list = playlist_text(segments, HlsListKind::kEvent, ended);
    for (const std::string query : {"", "s=0123"}) {
      const std::string whole = with_query(list, query);
      PlaylistPieces pieces(list, query);
      LONGS_EQUAL(whole.size(), pieces.size());
      std::string got;
      for (std::string piece = pieces.next(1000); !piece.empty(); piece = pieces.next(1000)) {
        CHECK(query.empty() || piece.size() < 1200);
        got += piece;
      }
      STRCMP_EQUAL(whole.c_str(), got.c_str());
      LONGS_EQUAL(query.empty() ? 0 : 500, std::count(whole.begin(), whole.end(), '?'));
      CHECK(whole.ends_with(ended ? "#EXT-X-ENDLIST\n"
                                  : "599.mp3" + (query.empty() ? "" : "?" + query) + "\n"));
    }
  }
}
TEST(HlsLists, TheTargetIsTheCutHoweverShortItsSegmentsAre) {
  const HlsSegment segment = list_segment(5, 7, 3, 0);
  STRCMP_CONTAINS("TARGETDURATION:6\n", playlist_text(std::span(&segment, 1)).text.c_str());
}
TEST(HlsLists, AMasterPlaylistNamesEachPlaceOfEachStream) {
  const HlsVariant variants[] = {{140'000, "mp4a.40.34", {"live.m3u8?s=1"}},
                                 {70'000, "", {"http://a/l?s=1", "http://b/l?s=1"}}};
  STRCMP_EQUAL(
      "#EXTM3U\n"
      "#EXT-X-VERSION:3\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=140000,CODECS=\"mp4a.40.34\"\n"
      "live.m3u8?s=1\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=70000\n"
      "http://a/l?s=1\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=70000\n"
      "http://b/l?s=1\n",
      master_playlist(variants).c_str());
}
TEST(HlsLists, TheCodecIsThatOfTheFrameOrOfTheType) {
  const auto of = [](std::string_view frame, std::string_view type) {
    return hls_codecs(std::as_bytes(std::span(frame.data(), frame.size())), type);
  };
  STRCMP_EQUAL("mp4a.40.34", of(mp3_frame(), "audio/aac").c_str());
  // Layers II and I.
  STRCMP_EQUAL("mp4a.40.33", of(std::string_view("\xff\xfd\xa4\x00", 4), "audio/mpeg").c_str());
  STRCMP_EQUAL("mp4a.40.32", of(std::string_view("\xff\xff\xa4\x00", 4), "audio/mpeg").c_str());
  STRCMP_EQUAL("mp4a.40.2", of(adts_frame(100), "audio/mpeg").c_str());
  STRCMP_EQUAL("mp4a.40.5", of(adts_frame(100, 'a', 6), "audio/aac").c_str());
  STRCMP_EQUAL("mp4a.40.34", of("", "audio/mpeg").c_str());
  STRCMP_EQUAL("mp4a.40.2", of("", "audio/aac").c_str());
  STRCMP_EQUAL("mp4a.40.5", of("", "audio/aacp").c_str());
}
