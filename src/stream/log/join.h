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
  // The stream has headers, but no unit begins in the window: wait for the next mark.
  bool wait_for_mark = false;
};

// The same for a server that keeps addresses: its position and the address that it is sent;
// nullopt: the bytes have no address.
struct PlacedJoin {
  JoinPlan plan;
  std::optional<StreamPlace> place;
  std::uint64_t span_begin = 0;  // of the span that is sent, with which the connection ends
};

// A new listener: about `burst_bytes` of the newest data, beginning at the last sync mark at or
// before that point, so that no player gets half a frame; the oldest mark if the window is shorter.
// Without marks: the plain offset (doc/decisions.md B12).
JoinPlan plan_join(const StreamView& view, std::size_t burst_bytes);

// Exactly at the requested byte, if the window has it or is at most `ahead_bytes` of the same
// stream before it; behind the end of the requested stream, if another follows it; at the first
// byte of a stream that has just begun, if the requested one is not known here; else as a new
// listener, from a second-mark on, so that it cuts as this node does.
PlacedJoin plan_placed_join(const StreamView& view, std::size_t burst_bytes, const StreamAsk& ask,
                            std::uint64_t ahead_bytes);

// The address of the first byte that has one; nullopt: not known.
std::optional<StreamAddress> address_of(const StreamView& view, const JoinPlan& plan);

// Exactly at the byte where a player has stopped, behind the headers, which its decoder needs
// again; nullopt: the window does not have it. ahead_bytes: as in plan_placed_join(). exact: false
// accepts what follows the end of the stream.
std::optional<JoinPlan> plan_resume(const StreamView& view, const StreamAddress& at,
                                    std::uint64_t ahead_bytes, bool exact = false);

// A listener that already plays, and comes from another log or has fallen behind, enters at the
// newest mark (`live`), or where the present source began, if the window has that (`from_seam`).
JoinPlan plan_enter_live(const StreamView& view);
JoinPlan plan_enter_seam(const StreamView& view);

}  // namespace lb
