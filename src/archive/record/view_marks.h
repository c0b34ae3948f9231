// Marks, clocks and seams around a position in a view of a stream's log, at which a recording may
// begin, end and be cut.
// Thread: any; a view does not change.
#pragma once

#include <cstdint>

#include "stream/log/stream_view.h"

namespace lb {

using Marks = AppendLog<SyncMark>::View;

// The first mark at or after a position; null: none.
const SyncMark* first_mark(const Marks& marks, std::uint64_t position);
// The first mark at or after a position, including inner marks; null: none.
const SyncMark* mark_from(const StreamView& view, std::uint64_t position);
// The last mark before a position, including inner ones; null: none.
const SyncMark* mark_before(const StreamView& view, std::uint64_t position);

// The span with the clock of a unit: its own, or, if that is not known yet, the next one of the
// same stream.  Null: not known.
const StreamSpan* clock_of(const StreamView& view, std::uint64_t position);

// The position where address or sample rate change next after `position`; Channel::kNoReader: they
// do not.
std::uint64_t seam_of(const StreamView& view, std::uint64_t position);

}  // namespace lb
