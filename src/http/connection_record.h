// HeldRequest: a connection with an unanswered request, for a process that asks it again from its
// first byte; also one in a TLS handshake, which a TlsPump completes.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/unique_fd.h"
#include "http/reply_source.h"
#include "net/address/address.h"

namespace lb {

struct ListenSocket;
class Transport;

// The part for the next process, beside the socket.
struct HeldState {
  Address peer;
  std::string bytes;     // received bytes; before `opened`, of the PROXY header
  bool opened = false;   // neither a PROXY header nor a handshake follows
  bool secure = false;   // the client speaks TLS, with us or with a proxy
  std::uint64_t id = 0;  // of its connection, and of the client at a backend; 0: a new one
  std::chrono::milliseconds head_time{0};  // left for its head; 0: <header-timeout>
  bool kept = false;                       // it has had an answer and waits for another request
  // Of an answer under way whose rest is requested: its status, and the bytes sent with its head;
  // of a Shoutcast login those of "OK2". 0: none.
  std::uint32_t status = 0;
  std::uint64_t sent = 0;
  std::int64_t asked_ms = 0;  // Connection::asked_ms(); 0: it was not asked for
  bool is_probe = false;      // Connection::is_probe
  bool keeps = false;         // its answer under way has said that the connection stays
};

struct HeldRequest : HeldState {
  Transport* transport = nullptr;  // stays with its connection
  std::shared_ptr<const ListenSocket> socket = {};
  ReplyRun file = {};  // the rest of the answer, if that is one file; otherwise no fd
};

// The limit of unsent answers that one worker hands over; they are copied while it stands still.
struct RestRoom {
  bool files = false;   // the other process reads HeldRequest::file
  bool shared = false;  // and takes one file for several requests
  std::uint64_t bytes = 32 << 20;
  // Copies of shared bodies, by their address in memory.
  std::map<std::pair<const char*, std::size_t>, std::shared_ptr<const UniqueFd>> bodies{};
};

}  // namespace lb
