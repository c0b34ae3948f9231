// RequestContext: passes the results of one stage about a request to the next.  Each struct in it
// is explained by its own header.
//
// Thread: the worker of its connection.
// Ownership: the connection, until the answer is out (http/connection.h).  A listener, a source or
// a reader of events that the request becomes takes over its place among the clients.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "app/cluster/seat_pass.h"
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
struct ShiftedStart;
struct StreamAddress;

// The sender of a request, as far as known.  `kind` is set by stages that prove a server
// (sender_stage(), auth_stage(), server_login.h) or ask the cluster (redirecting.h),
// `claims_server` and `mark` by sender_stage(), the other members by who_asks.h.
struct Sender {
  // kServer: a relaying server, not part of the audience.  kNode: a node of the cluster, which
  // takes slots for its own listeners.
  enum class Kind : std::uint8_t { kClient, kServer, kNode };
  // The mark of a node that pulls; without a proof it is worth nothing.  kThrottled: not judged.
  enum class Mark : std::uint8_t { kNone, kJudged, kThrottled };

  Kind kind = Kind::kClient;
  bool claims_server = false;  // by lines of its head; a false claim only avoids a redirect
  Mark mark = Mark::kNone;
  std::shared_ptr<const Identity> identity;  // null: not asked for yet
  bool password_judged = false;              // judged and counted, right or wrong
  bool source_judged = false;                // the same, as the login of the mount's source

  bool is_server() const noexcept { return kind != Kind::kClient; }
  bool is_node() const noexcept { return kind == Kind::kNode; }
  // A stronger proof is never replaced by a weaker one.
  void proves(Kind proved) noexcept {
    if (proved > kind) kind = proved;
  }
};

// LetIn: whether and on which terms the listener may hear the mount.  auth_stage() sets it for the
// asked path; without an authenticator it stays kNot.
struct LetIn {
  // kRelay: the limits on listeners do not apply.
  enum class As : std::uint8_t { kNot, kListener, kRelay };

  As as = As::kNot;
  std::optional<std::chrono::seconds> time_limit;
  // Reports the end of the listening; holds the places by address too (app/join/listener_places.h).
  std::unique_ptr<EndNotice> notice;

  SeatPass::Dropped dropped;  // null: it has no seat

  bool authorised() const noexcept { return as != As::kNot; }
  bool is_dropped() const noexcept { return dropped && dropped->load(std::memory_order_acquire); }
  bool is_relay() const noexcept { return as == As::kRelay; }
};

// SlotAnswer: the answer to a request that waited for a slot of a mount with
// <max-listeners-cluster> (Worker::resume_with_slot()).
struct SlotAnswer {
  SlotPass pass;                    // empty: there is no slot …
  SlotWord word = SlotWord::kNone;  // … for this reason
};

// Questions that are asked at most once for a request.
struct AskedOthers {
  bool masters = false;   // masters, whether they have its mount
  bool external = false;  // the backend of the external configuration, likewise
  bool direct = false;    // the cluster, which serves here only listeners that cannot be redirected
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
  Waited waited;                   // the outcome of the last wait, taken by its stage
  std::optional<SlotAnswer> slot;  // the outcome of a wait for a slot
  std::unique_ptr<HlsAsk> hls;     // null: not a request for HLS
  std::shared_ptr<PastAsk> past;   // null: not about the mount's past; expired: it left

  // Where the listener begins: in a recorded file, or in the live log; null: not there, or not
  // known.
  ShiftedStart* shifted() const;
  const StreamAddress* resumes() const;

  // Whether a relaying server asks, proved or by its own claim: it has listeners of its own.
  bool is_server() const noexcept {
    return is_node_or_relay() || sender.is_server() || sender.claims_server;
  }
  // Whether that is proved of a node, or the mount's authenticator says it: no limit on listeners
  // applies.
  bool is_node_or_relay() const noexcept { return let_in.is_relay() || sender.is_node(); }
};

RequestContextPtr make_request_context();

}  // namespace lb
