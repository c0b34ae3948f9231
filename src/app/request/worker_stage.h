// WorkerStage: a stage that reaches the running server through its worker.
// Thread: its worker.
// Ownership: its worker.
#pragma once

#include "http/stage.h"

namespace lb {

struct Worker;

class WorkerStage : public Stage {
 public:
  explicit WorkerStage(Worker& worker) : worker_(worker) {}

 protected:
  Worker& worker_;
};

}  // namespace lb
