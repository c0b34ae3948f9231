#include "http/stream_type.h"

#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(StreamType){};

TEST(StreamType, AudioVideoAndOggAreStreams) {
  for (const char* type :
       {"audio/mpeg", "Audio/AACP", "audio/x-anything", "video/webm", "video/MP2T",
        "application/ogg", "application/x-ogg", "audio/ogg; codecs=opus", "audio/mpeg charset=x",
        " audio/aac ", "video/webm; codecs=\"vp8, vorbis\""})
    CHECK_TEXT(is_stream_type(type), type);
}
TEST(StreamType, PagesListsAndTextsOfMoreThanOneTypeAreNone) {
  for (const char* type : {"",
                           "audio",
                           "audio/",
                           "/mpeg",
                           "text/html",
                           "TEXT/HTML",
                           "text/plain",
                           "image/svg+xml",
                           "audio/svg+xml",
                           "video/xml",
                           "application/xhtml+xml",
                           "application/pdf",
                           "application/javascript",
                           "multipart/x-mixed-replace",
                           "audio/x-mpegurl",
                           "audio/x-scpls",
                           "application/octet-stream",
                           "audio/mpeg, text/html",
                           "audio/mpeg; a=\"b\", text/html",
                           "audio/mpeg; a=\"b",
                           "audio/mpeg; a=\"\\\", text/html",
                           "audio/mp eg/x,text/html"})
    CHECK_TEXT(!is_stream_type(type), type);
}
TEST(StreamType, SourcesMaySendBytesAndWhatTheirMountAllows) {
  const std::vector<std::string> more{"text/plain", "Text/HTML"};
  CHECK(is_source_type("application/octet-stream"));
  CHECK(!is_source_type("text/plain"));
  CHECK(is_source_type("text/plain; charset=utf-8", more));
  CHECK(is_source_type("text/html", more));
  CHECK(!is_source_type("text/plain, image/svg+xml", more));
  CHECK(!is_source_type("", more));
}
TEST(StreamType, WhatIsPlayedStaysPlayableAndAllElseIsNoDocumentOfThisOrigin) {
  const auto has = [](const char* type, const char* words) {
    const std::string lines = stream_header_lines(type);
    CHECK(lines.find("X-Content-Type-Options: nosniff\r\n") != std::string::npos);
    CHECK(lines.find("default-src 'none'") != std::string::npos);
    return lines.find(words) != std::string::npos;
  };
  for (const char* type : {"audio/mpeg", "application/vnd.apple.mpegurl"}) {
    CHECK(has(type, "media-src *"));
    CHECK(!has(type, "sandbox"));
  }
  for (const char* type : {"text/html", "image/svg+xml", "application/octet-stream", ""})
    CHECK(has(type, "Content-Security-Policy: sandbox;"));
}
