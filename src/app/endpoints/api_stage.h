// ApiStage: /api/v1: finds the endpoint, the login and its role, then reads the body, then has the
// request answered: what only reads here, what changes something by RecordService, what is no
// record by control.
//
// A body is read after the credentials were judged, at most kMaxApiBodyBytes.  The connection is
// not kept.  Where the API is off, its addresses answer so.
// Source: doc/api.md.
// Thread: its worker.
#pragma once

#include <cstdint>

#include "api/request/request.h"
#include "app/request/worker_stage.h"

namespace lb {

class ApiStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 private:
  Verdict answer_off(Connection& connection) const;
  // No login, or a wrong one.
  Verdict refuse_nobody(Connection& connection) const;
  Verdict answer(Connection& connection, ApiTask task) const;
};

}  // namespace lb
