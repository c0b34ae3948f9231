// StatsStage: STATS /, the administrator's live feed of all counters (admin/stats_feed.h).
// Thread: its worker; the socket then moves to control.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

class StatsStage final : public Stage {
 public:
  explicit StatsStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

}  // namespace lb
