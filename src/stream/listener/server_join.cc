#include "stream/listener/server_join.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/cat.h"
#include "stream/log/join.h"

namespace lb {
namespace {

constexpr std::uint64_t kMaxAheadSeconds = 10;

}  // namespace

std::uint64_t bytes_ahead(const Mount& mount) {
  return std::max<std::uint64_t>(mount.usual_bytes_per_second() * kMaxAheadSeconds,
                                 mount.settings()->burst_bytes);
}

void join_server(Listener& listener, const StreamView& view, const Mount& mount,
                 std::size_t burst_bytes, const StreamAsk& ask) {
  PlacedJoin placed = plan_placed_join(view, burst_bytes, ask, bytes_ahead(mount));
  if (placed.place && listener.preamble) {
    const auto relays = static_cast<std::uint64_t>(std::max<std::int64_t>(0, mount.relays()));
    if (relays >= StreamPlace::kCrowd) placed.place->relays = relays;
    listener.preamble->add_line("X-LB-Stream: " + print_stream_place(*placed.place));
    // More than its own listeners would get.
    const std::uint64_t past = view.end - std::min(view.end, placed.plan.position);
    if (past > mount.settings()->burst_bytes)
      listener.preamble->add_line(cat({"X-LB-Burst: ", past}));
    listener.span_begin = placed.span_begin;
  }
  listener.position = placed.plan.position;
  listener.wait_for_mark = placed.plan.wait_for_mark;
  if (listener.preamble) listener.preamble->headers = std::move(placed.plan.headers);
}

}  // namespace lb
