// ArrivalStage: takes the token of a redirect out of a request, before other stages see it, checks
// it, and keeps what it says in the request's context.
// Source: doc/redirects.md; doc/decisions.md C1.
//
// Cost without a token: a look at the query for "lb=".
// Thread: its worker.
#pragma once

#include "app/request/worker_stage.h"

namespace lb {

class ArrivalStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

}  // namespace lb
