// What ffmpeg's filter silencedetect writes of the sound that it hears, one line at a time.
//
// Thread: pure.
// Bounds: a line is as long as its reader makes it (net/loop/child_process.h); numbers beyond kMax are
// none.
// Source: the output of ffmpeg 5.1:
//   [silencedetect @ 0x55d1153990c0] silence_start: 6
//   [silencedetect @ 0x55d1153990c0] silence_end: 14 | silence_duration: 8.00002
// Everything else that ffmpeg says, the stream's own titles among it, begins in another way.
#pragma once

#include <optional>
#include <string_view>

namespace lb {

struct SilenceLine {
  static constexpr double kMax = 1e9;  // seconds

  bool begins =
      false;          // the sound has been silent for as long as the filter waits; else it is back
  double lasted = 0;  // seconds of silence; 0 where it begins
};
// nullopt: the line tells nothing of silence.
std::optional<SilenceLine> parse_silence_line(std::string_view line);

}  // namespace lb
