// PullFault: why a node cannot pull a stream, in one word, as nodes report it to their masters over
// links and by HTTP (doc/link.md, "cannot").
// Thread: plain values, pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace lb {

enum class PullFault : std::uint8_t {
  kNone,
  kRefused,   // the connection: no server listens there, or no route exists
  kTimeout,   // no connection or no answer in time
  kClosed,    // the connection broke before the first byte of the stream
  kTls,       // the certificate, or the handshake
  kDenied,    // 401, 403
  kNotFound,  // 404, 410
  kStatus,    // another status without a stream
  kNoStream,  // an answer without a stream: its type, its framing, a loop of redirects
  kCircle,    // the stream comes from here
  kOther,     // a word of a later version
};

// "refused", "timeout" … as sent; kNone: "".
std::string_view to_text(PullFault fault) noexcept;
// A phrase for the log: "the connection is refused" …
std::string_view describe(PullFault fault) noexcept;
// An unknown word is kOther; "" is kNone.
PullFault parse_pull_fault(std::string_view word) noexcept;

// Whether the path to the server fails, so that all mounts from there fail alike.
bool is_of_path(PullFault fault) noexcept;

// The fault of an upstream that could not be asked (net/socket/connector.h, http/client.h).
PullFault fault_of(Error::Code code) noexcept;
// The fault by the status of an answer; kNone: 2xx.
PullFault fault_of_status(int status) noexcept;

}  // namespace lb
