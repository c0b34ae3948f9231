// QuotaStage: refuses new listeners of mounts that have used up their hard limit of this month, or
// whose account has.  Present listeners stay.  The stage runs before a listener is redirected; a
// request that claims to come from a relaying server passes and is judged after its login
// (Of::kServers): only nodes of the cluster and relays with a password may listen, as a User-Agent
// proves nothing.
// Source: doc/hosting.md.
// Thread: its worker.
// Ownership: its worker.
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
