// Positions of a view by wall time.
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

// A place in a stream whose time is not known yet: it follows from another place of the same stream
// and the media time between the two.
struct YoungPlace {
  StreamAddress at;
  std::int64_t media_ms = 0;
};

// The last unit that begins at or before that time; nullopt: it has left the window, or has no
// time.
std::optional<WallPlace> place_at_wall(const StreamView& view, std::int64_t wall_ms);
// Where a new listener with this burst begins; nullopt: no address or no time there.
std::optional<WallPlace> place_of_join(const StreamView& view, std::size_t burst_bytes);
std::optional<YoungPlace> young_place_of_join(const StreamView& view, std::size_t burst_bytes);
// The first and the last unit with address and time.
std::optional<WallPlace> oldest_place(const StreamView& view);
std::optional<WallPlace> newest_place(const StreamView& view);

}  // namespace lb
