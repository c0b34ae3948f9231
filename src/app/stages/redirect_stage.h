// RedirectStage: a listener's request is served here, or answered 302 to the node that the
// cluster's balancer chooses.
//
// Never redirected: servers that relay (cluster/relay/relay_marks.h), the administrator, requests
// that were redirected already, everything that is not a GET of a mount.  HEAD is answered here,
// and so is Safari's question for two bytes: neither is a listener yet. A relay whose request has
// come through this node before is answered 508.
// Source: doc/redirects.md; doc/decisions.md A13 (the place among the stages), C1.
//
// Cost while redirecting is off: one atomic load.
// Thread: its worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "app/stages/worker_stage.h"
#include "base/unique_function.h"
#include "cluster/balance/eligibility.h"

namespace lb {

struct ClusterFacts;
struct RedirectAnswer;
struct RedirectAsk;
struct Network;
struct Worker;

// MountRedirectStage: a mount with <redirect> or <redirect-to> is somewhere else: its listeners are
// sent there, whether it plays here or not (what Icecast-KH does).  The administrator and servers
// that relay with a password are served here: where they are sent may relay it from here.
class MountRedirectStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

class RedirectStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 private:
  Verdict ask(Connection& connection, const ClusterFacts& facts, bool redirects,
              std::shared_ptr<const NodeNames> recorded);
};

// The password of a relay, or of a node of the cluster.  kThrottled: it has been answered.
enum class ServerLogin : std::uint8_t { kNone, kRight, kThrottled };
ServerLogin server_login(Worker& worker, Connection& connection);

// Does what the cluster has answered about a request that waited for it, if it is still there.
void carry_out(Worker& worker, std::uint64_t connection, const RedirectAnswer& answer);

// A listener that this node cannot serve: 302 to a master of ours that has the mount, once; else
// 503 with this X-Reason; otherwise() where no master is known to have it, or a server asks.
void answer_unserved(Worker& worker, Connection& connection, std::string_view reason,
                     UniqueFunction<void(Connection&)> otherwise);
// Where it would go; `then` is called later on its worker, if the connection is still there.
void ask_way_back(Worker& worker, Connection& connection,
                  UniqueFunction<void(Connection&, const RedirectAnswer&)> then);
// REQUIRES: answer.kind is kRedirect
void redirect_to(const Network& network, Connection& connection, const RedirectAnswer& answer);

// A listener's question, from a request for `mount`.
RedirectAsk make_redirect_ask(const Network& network, Connection& connection,
                              const std::string& mount, const ClusterFacts& facts);

}  // namespace lb
