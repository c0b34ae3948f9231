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

#include <memory>

#include "app/request/worker_stage.h"
#include "cluster/balance/eligibility.h"

namespace lb {

struct ClusterFacts;

class RedirectStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 private:
  Verdict ask(Connection& connection, const ClusterFacts& facts, bool redirects,
              std::shared_ptr<const NodeNames> recorded);
};

}  // namespace lb
