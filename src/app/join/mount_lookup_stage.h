// MountLookupStage: a listener's request for a mount that is not known here waits for a moment,
// while the masters are asked (app/topology/mount_lookup.h): without it a listener that was
// redirected here for a new mount would get 404.
//
// A mount that is found is new to every stage that asks about mounts, so the chain goes on from the
// first of them.  Where the mount is elsewhere, the listener is sent there, or told to come again.
// Thread: its worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

class MountLookupStage final : public Stage {
 public:
  // of_mounts: the first stage that asks about mounts, and is not for pages and other servers too.
  MountLookupStage(Worker& worker, const Stage& of_mounts)
      : worker_(worker), of_mounts_(of_mounts) {}
  Verdict handle(Connection& connection) override;

 private:
  Verdict send_elsewhere(Connection& connection);
  Worker& worker_;
  const Stage& of_mounts_;
};

}  // namespace lb
