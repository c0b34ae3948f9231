// BanStage: bans of the store: an address, a network, a country, or a user once it is proved.
//
// It is asked twice: before a listener is sent to another node, and when its authenticator has
// named the user.  A ban of an address on all mounts has closed the connection before any stage.
// Source: doc/api.md.
// Thread: its worker.
#pragma once

#include <string_view>

#include "app/request/worker_stage.h"

namespace lb {

struct Worker;

class BanStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

// True: a ban of this mount or of all matches, and the client has been told so.
bool answer_if_banned(Worker& worker, Connection& connection, std::string_view mount);

}  // namespace lb
