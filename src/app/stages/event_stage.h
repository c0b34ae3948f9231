// EventStage: GET /admin/events, the administrator's stream of what happens here
// (admin/event_stream.h).
// Thread: its worker; the socket then moves to control.
#pragma once

#include "app/stages/worker_stage.h"

namespace lb {

class EventStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
