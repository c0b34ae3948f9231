// QuotaStage: no new listener of mounts whose account has used up its hard quota of this month.
//
// It is asked before a listener is sent to another node.  Those that listen stay.  What says that
// it is a server that relays is let pass there, and judged behind its login: a node of the cluster
// may, and a relay with its password; a name that a program gives itself proves nothing.
// Source: doc/hosting.md.
// Thread: its worker.
#pragma once

#include <cstdint>

#include "app/operate/usage_watch.h"
#include "app/request/worker_stage.h"

namespace lb {

class QuotaStage final : public WorkerStage {
 public:
  enum class Of : std::uint8_t { kListeners, kServers };

  QuotaStage(Worker& worker, Of of);
  Verdict handle(Connection& connection) override;

 private:
  const Of of_;
  UsageWatch::Reader usage_;
};

}  // namespace lb
