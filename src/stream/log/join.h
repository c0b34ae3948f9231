// Where a new listener starts: pure arithmetic over a view.
// Thread: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "stream/log/stream_place.h"
#include "stream/log/stream_view.h"

namespace lb {

struct JoinPlan {
  std::uint64_t position = 0;            // the first byte of the stream that the listener gets
  std::shared_ptr<const Bytes> headers;  // to be sent before it; null: none
  // The stream has headers, but no unit begins within the window: wait for the next mark.
  bool wait_for_mark = false;
};

// The same for a server that keeps addresses: where it joins, and what it is told of it; nullopt:
// these bytes have no address.
struct PlacedJoin {
  JoinPlan plan;
  std::optional<StreamPlace> place;
  std::uint64_t span_begin = 0;  // of the span that it is told of, with which the connection ends
};

// A new listener: about `burst_bytes` of the newest data, beginning at the last sync mark that is
// at or before that point, so that no player gets half a frame; the oldest mark when the window
// does not reach so far back.  Where nothing is in sync: the plain offset (doc/decisions.md B12).
JoinPlan plan_join(const StreamView& view, std::size_t burst_bytes);

// Exactly at the byte that is asked for where the window has it, or is about to have it: at most
// `ahead_bytes` of the same stream are missing; behind the end of the stream that is asked for,
// where the next one follows; the first byte of a stream that has just begun, where that one is not
// known here; else as a new listener, from a second-mark on, so that it cuts as
// this node does.
PlacedJoin plan_placed_join(const StreamView& view, std::size_t burst_bytes, const StreamAsk& ask,
                            std::uint64_t ahead_bytes);

// The address of the first byte that has one; nullopt: it is not known.
std::optional<StreamAddress> address_of(const StreamView& view, const JoinPlan& plan);

// Exactly at the byte where a player has stopped, behind the headers, which its decoder needs
// again; nullopt: the window has it not.  ahead_bytes: as in plan_placed_join().
// exact: behind the end of a stream nothing will do, else what follows it.
std::optional<JoinPlan> plan_resume(const StreamView& view, const StreamAddress& at,
                                    std::uint64_t ahead_bytes, bool exact = false);

// A listener that already plays and comes from another log or has fallen behind: the newest mark
// (`live`), or where the present source began, if that is still in the window (`from_seam`).
JoinPlan plan_enter_live(const StreamView& view);
JoinPlan plan_enter_seam(const StreamView& view);

}  // namespace lb
