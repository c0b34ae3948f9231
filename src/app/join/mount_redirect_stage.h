// MountRedirectStage: a mount with <redirect> or <redirect-to> is somewhere else: its listeners are
// sent there, whether it plays here or not (what Icecast-KH does).  The administrator and servers
// that relay with a password are served here: where they are sent may relay it from here.
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class MountRedirectStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
