// PastStage: splits off, once, what a request wants of a mount's past, so that the stages behind it
// see the mount: the parameters timeshift, from, at, exact, to, duration, download, and Flussonic's
// /MOUNT/archive-T-SECONDS.mp3.  A mount or file of such a name wins.  Where nothing is recorded,
// `at` means a byte of the live window, and what the others ask for is not there.
// Thread: its worker.
#pragma once

#include <cstdint>

#include "app/request/worker_stage.h"

namespace lb {

class PastStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 private:
  Verdict take_unrecorded(Connection& connection, std::int64_t now_ms);
};

}  // namespace lb
