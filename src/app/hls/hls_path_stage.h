// HlsPathStage: splits the name of a list or segment, and the session, off an address of HLS, so
// that the stages behind it see the mount.  A mount or file of such a name wins.
// Source: doc/hls.md.
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class HlsPathStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
