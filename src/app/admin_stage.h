// AdminStage: /admin/… and /admin.cgi: finds out who asks, hands the question to the admin floor
// on control, renders on the clerk, replies.
// Thread: its worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

// The most of a body that is read for a request before its stages: of a node's report, from whoever
// has a password for it and has not guessed too often.
std::size_t body_limit(Worker& worker, Connection& connection);

class AdminStage final : public Stage {
 public:
  explicit AdminStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

}  // namespace lb
