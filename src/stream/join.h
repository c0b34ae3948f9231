// Where a new listener starts: pure arithmetic over a view.
// Thread: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "stream/stream_view.h"

namespace lb {

struct JoinPlan {
  std::uint64_t position = 0;            // the first byte of the stream that the listener gets
  std::shared_ptr<const Bytes> headers;  // to be sent before it; null: none
  // The stream has headers, but no unit begins within the window: wait for the next mark.
  bool wait_for_mark = false;
};

// A new listener: about `burst_bytes` of the newest data, beginning at the last sync mark that is
// at or before that point, so that no player gets half a frame; the oldest mark when the window
// does not reach so far back.  Where nothing is in sync: the plain offset (decisions B12).
JoinPlan plan_join(const StreamView& view, std::size_t burst_bytes);

// A listener who already plays and comes from another log or has fallen behind: the newest mark
// (`live`), or where the present source began, if that is still in the window (`from_seam`).
JoinPlan plan_enter_live(const StreamView& view);
JoinPlan plan_enter_seam(const StreamView& view);

}  // namespace lb
