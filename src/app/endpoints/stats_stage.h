// StatsStage: STATS /, the administrator's live feed of all counters (admin/feed/stats_feed.h).
// Thread: its worker; the socket then moves to control.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class StatsStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
