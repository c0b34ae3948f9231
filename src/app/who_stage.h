// WhoStage: a listener's request for a mount that nobody here has heard of waits a moment, while
// the masters are asked whether they know it: a source may have connected there an instant ago.
// Source: cluster.md 3.4.
// Thread: its worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

class WhoStage final : public Stage {
 public:
  explicit WhoStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

}  // namespace lb
