// Where a recording may begin, end and be cut in a view of a stream's log: the marks, clocks and
// seams around a position.
// Thread: any; a view does not change.
#pragma once

#include <cstdint>

#include "stream/log/stream_view.h"

namespace lb {

using Marks = AppendLog<SyncMark>::View;

// The first mark at or after a position; null: none.
const SyncMark* first_mark(const Marks& marks, std::uint64_t position);
// The same, inner marks too.
const SyncMark* mark_from(const StreamView& view, std::uint64_t position);
// The last one before a position, inner marks too; null: none.
const SyncMark* mark_before(const StreamView& view, std::uint64_t position);

// The span whose clock holds for a unit: its own, or, where that was not known yet, the next one of
// the same stream.  Null: it is not known now.
const StreamSpan* clock_of(const StreamView& view, std::uint64_t position);

// Where the bytes at `position` stop to be of one address and one sample rate;
// Channel::kNoReader: they go on.
std::uint64_t seam_of(const StreamView& view, std::uint64_t position);

// Of the frames of MPEG between two positions; 0: the stream has other ones.
std::uint64_t samples_in(const StreamView& view, std::uint64_t from, std::uint64_t to);

}  // namespace lb
