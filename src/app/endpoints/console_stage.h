// ConsoleStage: the pages of the console, /admin/console and below, and the files that they load,
// for each login that may see something there.
//
// It stands before AdminStage, and only where <console> is on and the API is too; without them, and
// for all other addresses, the request goes on to what a server without a console has there.
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class ConsoleStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
