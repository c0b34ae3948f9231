// EndReason: every way a connection ends; used by the log, the counters and the tests.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string_view>

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
  switch (reason) {
    case EndReason::kDone:
      return "done";
    case EndReason::kClientGone:
      return "client gone";
    case EndReason::kLagged:
      return "too far behind";
    case EndReason::kKilled:
      return "killed";
    case EndReason::kSourceEnded:
      return "source ended";
    case EndReason::kLimit:
      return "limit reached";
    case EndReason::kAuth:
      return "not allowed";
    case EndReason::kTimeout:
      return "timed out";
    case EndReason::kIo:
      return "input/output error";
    case EndReason::kShutdown:
      return "server stops";
    case EndReason::kReplaced:
      return "replaced by another source";
    case EndReason::kRemoved:
      return "relay stopped";
    case EndReason::kSpan:
      return "end of a span";
    case EndReason::kOverLimit:
      return "more than the limit of the cluster";
    case EndReason::kMoved:
      return "sent to another node";
    case EndReason::kHours:
      return "the hours of its login are over";
  }
  return "";
}

}  // namespace lb
