// QuotaStage: no new listener of mounts whose account has used up its hard quota of this month.
//
// It is asked before a listener is sent to another node.  Those that listen stay, and so do nodes
// that relay.
// Source: doc/hosting.md.
// Thread: its worker.
#pragma once

#include "app/stages/worker_stage.h"

namespace lb {

class QuotaStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
