// delivery: chooses the call by which stream bytes are sent: sendfile from the log, or writev from
// its mapping.
//
// Plain bytes, a page or more of them → sendfile: no copy, and a stalled listener costs the kernel
// nothing (measured).  ICY-interleaved, TLS, or less than a page → writev.
// Thread: the listener's worker.
#pragma once

#include <cstddef>
#include <cstdint>

#include "stream/listener/listener.h"
#include "stream/log/stream_view.h"
#include "stream/mount/settings.h"

namespace lb {

enum class Delivered : std::uint8_t {
  kCaughtUp,  // it has the whole view, or up to leave_at, and nothing is held back
  kMore,      // the budget is used up, the socket is not full
  kBlocked,   // the socket is full: wait for it
  kGone,      // the connection is broken
};

// The metadata of a stream without a title.
const std::shared_ptr<const Metadata>& no_title();

// Sends the part of `view` that `listener` lacks, at most about `budget_bytes`.
// REQUIRES: view.begin <= listener.position
Delivered deliver(Listener& listener, const StreamView& view, std::size_t budget_bytes,
                  DeliveryCall call);

}  // namespace lb
