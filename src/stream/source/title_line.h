// A line of the playlist log, for every new title of a stream.
//   20/Nov/2026:06:52:24 +0000|/live.mp3|73|Artist - Title              (Icecast's)
//   {"time":"2026-11-20T06:52:24+00:00","mount":"/live.mp3","listeners":73,"title":"Artist -
//   Title"}
// The text is not escaped yet (Log does it), the JSON is; a title too long for a line is cut.
// Thread: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"

namespace lb {

struct TitleFacts {
  std::string_view mount;
  std::int64_t listeners = 0;
  std::string_view title;
};
std::string title_line(LogFormat format, const TitleFacts& facts, WallTime now);

}  // namespace lb
