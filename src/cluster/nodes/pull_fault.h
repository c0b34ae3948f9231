// PullFault: why a node cannot pull a stream, in one word, as nodes tell their masters over links
// and in reports (doc/link.md, "cannot").
// Thread: plain values, pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace lb {

enum class PullFault : std::uint8_t {
  kNone,
  kRefused,   // the connection: nothing listens there, or there is no way
  kTimeout,   // no connection, or no answer, in time
  kClosed,    // the connection broke before an answer, or before the first byte of the stream
  kTls,       // the certificate, or the handshake
  kDenied,    // 401, 403
  kNotFound,  // 404, 410
  kStatus,    // another status that is no stream
  kNoStream,  // an answer that is no stream: its type, its framing, redirects without end
  kCircle,    // the stream comes from here
  kOther,     // a word of a later version
};

// "refused", "timeout" … as it travels; kNone: "".
std::string_view to_text(PullFault fault) noexcept;
// As a phrase of the log: "the connection is refused" …
std::string_view describe(PullFault fault) noexcept;
// A word that we do not know is kOther; "" is kNone.
PullFault parse_pull_fault(std::string_view word) noexcept;

// The way to the server fails, whatever the mount: all mounts from there fail alike.
bool is_of_path(PullFault fault) noexcept;

// Of an upstream that could not be asked (net/socket/connector.h, http/client.h).
PullFault fault_of(Error::Code code) noexcept;
// Of an answer; kNone: 2xx.
PullFault fault_of_status(int status) noexcept;

}  // namespace lb
