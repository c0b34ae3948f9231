#include "hls/path.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(HlsPath){};

TEST(HlsPath, TheListOfAMount) {
  const auto path = parse_hls_path("/rock/live.mp3/live.m3u8");
  CHECK(path.has_value());
  CHECK(path->mount == "/rock/live.mp3");
  CHECK(path->kind == HlsPath::Kind::kLive);
}
TEST(HlsPath, ASegment) {
  const auto path = parse_hls_path("/m/4f2a01c1-598386000.aac");
  CHECK(path.has_value());
  CHECK(path->kind == HlsPath::Kind::kSegment);
  CHECK(path->mount == "/m");
  CHECK_EQUAL(0x4f2a01c1u, path->stream);
  LONGS_EQUAL(598386000, path->sequence);
  CHECK(path->adts);
  CHECK(!parse_hls_path("/m/00000000-0.mp3")->adts);
}
TEST(HlsPath, ListsOfThePast) {
  using Kind = HlsPath::Kind;
  const struct {
    const char* path;
    Kind kind;
    std::uint64_t from, seconds;
  } rows[] = {{"/m/archive-1795158080-600.m3u8", Kind::kArchive, 1'795'158'080, 600},
              {"/m/archive-1795158080-now.m3u8", Kind::kEvent, 1'795'158'080, 0},
              {"/m/rewind-3600.m3u8", Kind::kRewind, 0, 3600},
              {"/m/timeshift_rel-60.m3u8", Kind::kShifted, 0, 60},
              {"/m/timeshift_abs-1795158080.m3u8", Kind::kShiftedTo, 1'795'158'080, 0}};
  for (const auto& row : rows) {
    const auto path = parse_hls_path(row.path);
    CHECK_TEXT(path.has_value(), row.path);
    CHECK(path->mount == "/m");
    CHECK_TEXT(path->kind == row.kind, row.path);
    CHECK(path->of_past());
    LONGS_EQUAL(row.from, path->from);
    LONGS_EQUAL(row.seconds, path->seconds);
    STRCMP_EQUAL(row.path + 3, hls_list_name(*path).c_str());
  }
}
TEST(HlsPath, NothingElse) {
  for (const char* path : {"",
                           "/",
                           "/live.m3u8",
                           "//live.m3u8",
                           "m/live.m3u8",
                           "/m/live.m3u8/",
                           "/m/LIVE.m3u8",
                           "/m/archive-1795158080.m3u8",
                           "/m/archive-1795158080-0.m3u8",
                           "/m/archive-01-600.m3u8",
                           "/m/archive--600-600.m3u8",
                           "/m/archive-1795158080-NOW.m3u8",
                           "/m/rewind-.m3u8",
                           "/m/rewind-1000000000001.m3u8",
                           "/m/timeshift-600.m3u8",
                           "/m/timeshift_rel-0.m3u8",
                           "/m/timeshift_abs-1795158080-1.m3u8",
                           "/m/.m3u8",
                           "/rewind-600.m3u8",
                           "/m/4F2A01C1-1.mp3",
                           "/m/4f2a01c1-01.mp3",
                           "/m/4f2a01c1-.mp3",
                           "/m/4f2a01c-1.mp3",
                           "/m/4f2a01c1_1.mp3",
                           "/m/4f2a01c1-1.ogg",
                           "/m/4f2a01c1--1.mp3",
                           "/m/4f2a01c1-1a.mp3",
                           "/m/4f2a01c1-12345678901234567890.mp3",
                           "/4f2a01c1-1.mp3",
                           "/m/.mp3"})
    CHECK_TEXT(!parse_hls_path(path), path);
}
