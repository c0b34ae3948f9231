// LinkStage: a node that asks for a link on an ordinary listen-socket, where a <cluster-port> is
// not wanted: within TLS, by the server's certificate, with its id and secret as Basic credentials.
// The connection leaves this worker and becomes a NodeSession on control.
// Source: doc/link.md.
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class LinkStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
