#include "media/silence_line.h"

#include <string>

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(SilenceLine){};

TEST(SilenceLine, BeginningsAndEndsAreRead) {
  auto line = parse_silence_line("[silencedetect @ 0x55d1153990c0] silence_start: 6");
  CHECK(line && line->begins);
  line = parse_silence_line("[silencedetect @ 0x55d1153990c0] silence_start: -0.00133787");
  CHECK(line && line->begins);
  line = parse_silence_line(
      "[silencedetect @ 0x55d1153990c0] silence_end: 14 | silence_duration: 8.00002");
  CHECK(line && !line->begins);
  DOUBLES_EQUAL(8.00002, line->lasted, 1e-9);
}

TEST(SilenceLine, WhatElseFfmpegSaysIsNone) {
  const char* const kOthers[] = {
      "",
      "[",
      "[silencedetect @ ",
      "[silencedetect @ 0x1]",
      "[silencedetect @ 0x1] ",
      "[silencedetect @ 0x1] silence_start",
      "[silencedetect @ 0x1] silence_start: ",
      "[silencedetect @ 0x1] silence_start: x",
      "[silencedetect @ 0x1] silence_start: 1x",
      "[silencedetect @ 0x1] silence_start: nan",
      "[silencedetect @ 0x1] silence_start: inf",
      "[silencedetect @ 0x1] silence_start: 1e300",
      "[silencedetect @ 0x1] silence_end: 14",
      "[silencedetect @ 0x1] silence_end: 14 | ",
      "[silencedetect @ 0x1] silence_end: 14 | silence_duration: ",
      "[silencedetect @ 0x1] silence_end: 14 | silence_duration: -1",
      "[silencedetect @ 0x1] silence_end: 14 | silence_duration: 8 s",
      "[mp3float @ 0x1] silence_start: 6",
      // A title cannot say it: ffmpeg indents what a stream says of itself.
      "    StreamTitle     : [silencedetect @ 0x1] silence_start: 6",
      "    StreamTitle     : silence_start: 6",
      "Press [q] to stop, [?] for help",
  };
  for (const char* line : kOthers) CHECK_TEXT(!parse_silence_line(line), line);
}

TEST(SilenceLine, EveryCutOfALineIsReadOrPassedOver) {
  const std::string whole = "[silencedetect @ 0x1] silence_end: 14.5 | silence_duration: 8.25";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto line = parse_silence_line(whole.substr(0, size));
    CHECK(!line || (!line->begins && line->lasted >= 8 && line->lasted <= 8.25));
  }
  CHECK(parse_silence_line(whole).has_value());
}
