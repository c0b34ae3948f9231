// EventStage: GET /admin/events, the administrator's stream of what happens here
// (admin/event_stream.h).
// Thread: its worker; the socket then moves to control.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

class EventStage final : public Stage {
 public:
  explicit EventStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

}  // namespace lb
