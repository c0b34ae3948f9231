// SourceOffer: the connection of a logged-in encoder or of an upstream, with its first bytes.
// Thread: travels to the home worker of its source.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/body.h"
#include "net/socket/transport.h"
#include "stream/log/stream_place.h"
#include "stream/mount/gate.h"
#include "stream/source/source_ring.h"

namespace lb {

// An encoder's log-in, for the access log.
struct EncoderFacts {
  std::string request;  // "SOURCE /a.mp3 HTTP/1.0"; "": a relay, no line
  std::string user_agent, referer, user;
  std::uint64_t bytes_sent = 0;  // the answer
  bool shows_user = false;       // as in AccessFacts
};

struct SourceOffer : EncoderFacts {
  std::unique_ptr<Transport> transport;
  std::string leftover;  // bytes that came with the head
  BodyReader body;
  std::size_t metaint = 0;  // of blocks inside the source's own stream; 0: none
  GatePass client_pass, source_pass;
  bool is_logged = true;                    // as in WriterLease
  std::optional<StreamPlace> place = {};    // of the first byte, from an upstream
  std::unique_ptr<SourceState> state = {};  // of an encoder that was a standby; null: new
  std::chrono::milliseconds silence{0};     // of a spare: takes over after this silence
};

}  // namespace lb
