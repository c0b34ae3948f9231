// AdminStage: /admin/… and /admin.cgi: finds out who asks, hands the question to the admin floor
// on control, renders on the clerk, replies.
// Thread: its worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct Worker;

class AdminStage final : public Stage {
 public:
  explicit AdminStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

}  // namespace lb
