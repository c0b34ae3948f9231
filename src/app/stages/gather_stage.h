// GatherStage: the request of a listener goes on at the worker that has the mount's listeners
// (stream/worker_loads.h).
//
// The connection moves before anything of it belongs to the mount: its login is judged, its place
// is taken and its first byte is sent at the worker where it listens, in the order in which that
// hears of everything else.  It moves once.  What is none of a listener's, or of the mount's past,
// stays where it is.
// Thread: its worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

class GatherStage final : public Stage {
 public:
  explicit GatherStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

}  // namespace lb
