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
TEST(HlsPath, NothingElse) {
  for (const char* path :
       {"", "/", "/live.m3u8", "//live.m3u8", "m/live.m3u8", "/m/live.m3u8/", "/m/LIVE.m3u8",
        "/m/archive-1795158080-600.m3u8", "/m/4F2A01C1-1.mp3", "/m/4f2a01c1-01.mp3",
        "/m/4f2a01c1-.mp3", "/m/4f2a01c-1.mp3", "/m/4f2a01c1_1.mp3", "/m/4f2a01c1-1.ogg",
        "/m/4f2a01c1--1.mp3", "/m/4f2a01c1-1a.mp3", "/m/4f2a01c1-12345678901234567890.mp3",
        "/4f2a01c1-1.mp3", "/m/.mp3"})
    CHECK_TEXT(!parse_hls_path(path), path);
}
