// Sender: the sender of a request, as far as the stages have found out.
//
// kind: the stages that prove a server (auth_stage(), server_login.h, pulling_node.h), or the
// cluster (redirecting.h).  identity, judged: who_asks.h.
// Thread: the worker of the connection.
// Ownership: the request's context.
#pragma once

#include <cstdint>
#include <memory>

#include "http/connection.h"

namespace lb {

struct Identity;
struct Runtime;

struct Sender {
  // kServer: another server that relays the mount, no part of the audience.  kNode: one of the
  // cluster, which takes slots for its own listeners.
  enum class Kind : std::uint8_t { kClient, kServer, kNode };

  Kind kind = Kind::kClient;
  std::shared_ptr<const Identity> identity;  // null: not asked for yet
  bool password_judged = false;              // … and counted, right or wrong
  bool source_judged = false;                // likewise as the login of the mount's source

  bool is_server() const noexcept { return kind != Kind::kClient; }
  bool is_node() const noexcept { return kind == Kind::kNode; }
  // What is known already is not forgotten.
  void proves(Kind proved) noexcept {
    if (proved > kind) kind = proved;
  }
};

// A server asks that relays, proved or by its own word: behind it are listeners of its own.
bool is_server(const Runtime& runtime, Connection& connection);

}  // namespace lb
