// The places of a view by wall time: where the sound of a moment begins.
//
// Thread: pure functions.
// Bounds: a walk over the spans of the window, and a search in the marks of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "stream/log/stream_place.h"
#include "stream/log/stream_view.h"

namespace lb {

struct WallPlace {
  StreamAddress at;
  std::int64_t wall_ms = 0;   // Unix, of the unit that begins there
  std::int64_t media_ms = 0;  // of that unit, since the stream began
};

// In a stream whose time is not known yet: it will be that of another place of the same stream,
// less the media time between the two.
struct YoungPlace {
  StreamAddress at;
  std::int64_t media_ms = 0;
};

// The last unit that begins at or before that time; nullopt: the window does not reach so far back,
// or has no times.
std::optional<WallPlace> place_at_wall(const StreamView& view, std::int64_t wall_ms);
// Where a new listener with this burst begins; nullopt: that place has no address or no time.
std::optional<WallPlace> place_of_join(const StreamView& view, std::size_t burst_bytes);
std::optional<YoungPlace> young_place_of_join(const StreamView& view, std::size_t burst_bytes);
// The first unit that has address and time, and the last one.
std::optional<WallPlace> oldest_place(const StreamView& view);
std::optional<WallPlace> newest_place(const StreamView& view);

}  // namespace lb
