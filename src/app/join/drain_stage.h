// DrainStage: a listener's request while the node drains (app/drain/drain.h).
//
// The listener is sent to a master of ours, once: many players come back to the address where they
// were, and not to the one that they were given.  Where there is none, or it has just come from
// there: 503, before a password is asked for.  A listener that this node can send to
// another node by itself has been sent by then (RedirectStage).
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class DrainStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
