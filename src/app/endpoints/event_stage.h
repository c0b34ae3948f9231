// EventStage: GET /admin/events, the administrator's stream of what happens here
// (admin/feed/event_stream.h).
// Thread: its worker; the socket then moves to control.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class EventStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
