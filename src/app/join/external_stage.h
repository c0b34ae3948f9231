// ExternalStage: a listener's request for a mount that nothing here knows waits for a moment, while
// the backend of the external configuration is asked (app/external/external_lookups.h).
//
// A mount that it knows is new to the stages that ask about mounts, so the chain goes on from them.
// Thread: its worker.
// Source: doc/external.md.
#pragma once

#include <string>

#include "http/connection.h"

namespace lb {

struct Worker;

class ExternalStage final : public Stage {
 public:
  // of_mounts: as for MountLookupStage.
  ExternalStage(Worker& worker, const Stage& of_mounts) : worker_(worker), of_mounts_(of_mounts) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
  const Stage& of_mounts_;
};

// True: the request waits for what the backend says of this mount; its stage is asked again, and
// this is false then.
bool waits_for_external(Worker& worker, Connection& connection, const std::string& mount);

}  // namespace lb
