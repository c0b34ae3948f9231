// PlayerStage: /listen/STATION and /listen/MOUNT, the page on which a station or a mount is
// listened to in a browser, and what it loads; and /oembed, how other sites show it.
//
// It stands behind ListenStage, so a mount of the whole name wins, and a file of the web root does
// too.  A hidden mount, and one that does not play here, is as one that does not exist: the request
// goes on to the 404.  A <station> has its page also while none of its streams plays.
// Thread: its worker.
// Bounds: a page asks for six names of mounts, or for those of one <station>, whatever number there
// is.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

struct Config;

class PlayerStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 private:
  Verdict answer_oembed(Connection& connection);
  // The colour of a station.
  Verdict answer_sheet(Connection& connection, const Config& config);
};

}  // namespace lb
