// Parses the lines that ffmpeg's filter silencedetect writes about the sound.
//
// Thread: pure.
// Bounds: the reader limits a line (net/loop/child_process.h); numbers beyond kMax are ignored.
// Source: the output of ffmpeg 5.1:
//   [silencedetect @ 0x55d1153990c0] silence_start: 6
//   [silencedetect @ 0x55d1153990c0] silence_end: 14 | silence_duration: 8.00002
// Other output of ffmpeg, including titles of the stream, begins differently.
#pragma once

#include <optional>
#include <string_view>

namespace lb {

struct SilenceLine {
  static constexpr double kMax = 1e9;  // seconds

  bool begins =
      false;          // the sound has been silent for as long as the filter waits; else it is back
  double lasted = 0;  // seconds of silence; 0 at its start
};
// nullopt: the line does not report silence.
std::optional<SilenceLine> parse_silence_line(std::string_view line);

}  // namespace lb
