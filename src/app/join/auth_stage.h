// AuthStage: asks the authenticator of a mount before a listener joins it.
//
// Source: Icecast 2.4.4; doc/decisions.md A13 (its place among the stages).
// Server pages and files are asked for only where a <mount> has exactly their name: a pattern or
// the default mount never locks /status.xsl.  A node of the cluster that
// shows its secret, or proves it by a mark (cluster/relay/pull_mark.h), is not asked about: it
// pulls the stream for listeners that it authenticates itself.
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class AuthStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
