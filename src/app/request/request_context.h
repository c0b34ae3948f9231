// RequestContext: what the stages have found out about a request, from one to the next: its place
// among the clients, and of each part that asks about it what that has found (its header says it).
//
// Thread: the worker of its connection.
// Ownership: the connection, until the answer is out (http/connection.h); a request that becomes a
// listener, a source or a reader of events takes its place with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "app/request/request_config.h"
#include "app/services/parked_requests.h"
#include "cluster/balance/arrival.h"
#include "cluster/slots/slot_row.h"
#include "http/connection.h"
#include "stream/listener/end_notice.h"
#include "stream/mount/gate.h"
#include "stream/mount/slot_gate.h"

namespace lb {

struct HlsAsk;
struct Identity;
struct PastAsk;
struct Runtime;
struct ShiftedStart;
struct StreamAddress;

// The sender of a request, as far as the stages have found out.
// kind: the stages that prove a server (auth_stage(), server_login.h), or the cluster
// (redirecting.h).  identity, judged: who_asks.h.
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

// LetIn: that a listener has been let in, and on which terms.  auth_stage() has asked the
// authenticator of the path that was asked for; without one no listener is.
struct LetIn {
  // kRelay: limits of listeners do not hold.
  enum class As : std::uint8_t { kNot, kListener, kRelay };

  As as = As::kNot;
  std::optional<std::chrono::seconds> time_limit;
  // When its listening ends; of its places by address too (app/join/listener_places.h).
  std::unique_ptr<EndNotice> notice;

  bool authorised() const noexcept { return as != As::kNot; }
  bool is_relay() const noexcept { return as == As::kRelay; }
};

// SlotAnswer: what a request for a mount with <max-listeners-cluster> has been answered that waited
// for a slot (Worker::resume_with_slot()).
struct SlotAnswer {
  SlotPass pass;                    // empty: it has none …
  SlotWord word = SlotWord::kNone;  // … for this reason
};

// What others have been asked about a request, each once.
struct AskedOthers {
  bool masters = false;   // for its mount
  bool external = false;  // the backend of the external configuration, likewise
  bool direct = false;    // the cluster: only what cannot be redirected is served here, and it is
};

struct RequestContext {
  RequestContext();
  ~RequestContext();
  RequestContext(const RequestContext&) = delete;
  RequestContext& operator=(const RequestContext&) = delete;

  GatePass client_pass;
  PinnedConfig pinned;
  Arrival arrival;
  Sender sender;
  LetIn let_in;
  AskedOthers asked;
  Waited waited;                   // of the stage that has waited, which takes it
  std::optional<SlotAnswer> slot;  // likewise of a slot of the mount that it asks for
  std::unique_ptr<HlsAsk> hls;     // null: it is not of HLS
  std::shared_ptr<PastAsk> past;   // it wants something of the mount's past; gone: it has left

  // Where it begins in a recorded file, or in the live log; null: it does not, or not yet.
  ShiftedStart* shifted() const;
  const StreamAddress* resumes() const;
};

RequestContextPtr make_request_context();

}  // namespace lb
