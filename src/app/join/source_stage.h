// SourceStage: SOURCE, PUT and POST of audio become sources: login, limits, lease, "200 OK".
// Source: Icecast 2.4.4; doc/decisions.md B1.
// Thread: its worker; the lease comes from control.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

struct Worker;

class SourceStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

// A Shoutcast v1 password line; answers "OK2" when it is right.
bool shoutcast_login(Worker& worker, Connection& connection);

}  // namespace lb
