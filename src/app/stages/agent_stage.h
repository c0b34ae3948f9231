// AgentStage: <deny-agents> turns programs away by their User-Agent.  (Addresses are judged at
// accept, by Connections::Plan: nothing is sent to them.)
// Source: Icecast-KH's deny-agents.
//
// Thread: its worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

class AgentStage final : public Stage {
 public:
  explicit AgentStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

}  // namespace lb
