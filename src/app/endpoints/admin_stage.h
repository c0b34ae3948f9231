// AdminStage: /admin/… and /admin.cgi: checks the login, hands the question to the admin floor
// on control, renders on the clerk, replies.
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

struct Worker;

// The most of a body that is read for a request before its stages: of a report, from a node
// that has a password for it.
std::size_t body_limit(Worker& worker, Connection& connection);

class AdminStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
