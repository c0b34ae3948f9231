// AgentStage: <deny-agents> turns programs away by their User-Agent.  (Addresses are judged at
// accept, by Connections::Plan: nothing is sent to them.)
// Source: Icecast-KH's deny-agents.
//
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class AgentStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
