// AcmeStage: answers a certificate authority that asks whether a name is this server's (http-01).
//
// It comes before every limit: a full server keeps its certificate. A token that is not one of
// ours may be another program's, a file of the web root; else other servers are asked for it
// (ChallengeLookup), and what none of them knows goes on to the next stage.
// Source: RFC 8555 8.3.
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class AcmeStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
