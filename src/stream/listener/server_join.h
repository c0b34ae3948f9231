// Where another server that keeps addresses joins, and what its head says of that.
// Thread: the listener's loop.
#pragma once

#include <cstddef>
#include <cstdint>

#include "stream/listener/listener.h"
#include "stream/log/stream_place.h"
#include "stream/log/stream_view.h"
#include "stream/mount/mount.h"

namespace lb {

// The mount is there, and its source has published nothing: no address either.  It does in a
// moment, and a server that did not wait for that would give the stream an address of its own.
inline bool is_unborn(const StreamView& view) noexcept {
  return view.spans.empty() && view.end == 0 && !view.ended;
}

// How far ahead of what is here a byte may be that is asked for: it comes when it comes.
std::uint64_t bytes_ahead(const Mount& mount);

// REQUIRES: its head has not been sent
void join_server(Listener& listener, const StreamView& view, const Mount& mount,
                 std::size_t burst_bytes, const StreamAsk& ask);

}  // namespace lb
