// How another server that keeps addresses joins, and the address in its reply's head.
// Thread: the listener's loop.
#pragma once

#include <cstddef>
#include <cstdint>

#include "stream/listener/listener.h"
#include "stream/log/stream_place.h"
#include "stream/log/stream_view.h"
#include "stream/mount/mount.h"

namespace lb {

// The mount exists, but its source has published nothing, so no address is known yet.  A joining
// server waits for the first bytes, because without the address it would give the stream one of its
// own.
inline bool is_unborn(const StreamView& view) noexcept {
  return view.spans.empty() && view.end == 0 && !view.ended;
}

// How far a requested byte may be ahead of the log: the server waits for it.
std::uint64_t bytes_ahead(const Mount& mount);

// REQUIRES: its head has not been sent
void join_server(Listener& listener, const StreamView& view, const Mount& mount,
                 std::size_t burst_bytes, const StreamAsk& ask);

}  // namespace lb
