// HealthStage: /_lb/health, may listeners be sent here (200 or 503, and why in JSON), and
// /_lb/live, does the process still turn (200 or 503).
//
// They come before every limit: a probe is no client, so a full server answers too, and a
// probe never takes a listener's place, nor a line in the access log.  They need no login: a
// load balancer has no password.
// Source: doc/orchestration.md; Kubernetes probes.
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class HealthStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
