// ProofStage: GET /_lb/proof?ask=…: a master finds out whether this is the node that it is linked
// to.
// Source: doc/link.md, PROVE.
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class ProofStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
