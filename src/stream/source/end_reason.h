// EndReason: every way a connection ends; used by the log, the counters and the tests.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/strings.h"

namespace lb {

enum class EndReason : std::uint8_t {
  kDone,         // answered
  kClientGone,   // the peer closed or broke the connection
  kLagged,       // fell behind more than queue-size
  kKilled,       // by an administrator
  kSourceEnded,  // the source left and there is no fallback
  kLimit,        // duration, connections
  kAuth,
  kTimeout,
  kIo,         // our side: no memory, no descriptor
  kShutdown,   // the server stops
  kReplaced,   // of a source: another one took its place
  kRemoved,    // of a relay: no longer configured, or without listeners
  kSpan,       // of a relay: its upstream has sent this span, and is asked again
  kOverLimit,  // the mount has more listeners than the cluster allows; the newest end
  kMoved,      // this node drains; the listener returns through a master
  kHours,      // of a source: the hours of its login are over
};

constexpr std::string_view end_reason_text(EndReason reason) noexcept {
  return word_of<EndReason::kHours>(
      reason, {"done", "client gone", "too far behind", "killed", "source ended", "limit reached",
               "not allowed", "timed out", "input/output error", "server stops",
               "replaced by another source", "relay stopped", "end of a span",
               "more than the limit of the cluster", "sent to another node",
               "the hours of its login are over"});
}

}  // namespace lb
