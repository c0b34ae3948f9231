// LoginStage: where people log in and out: the page /admin/login, POST /admin/logout, and
// /api/v1/session with what belongs to it.  There only where <console> is.
//
// GET /admin/login is the form; its POST has user, password and back, or the token of a hand-over
// (login_handover.h).  /admin/login.js is what it loads.  The addresses below /api/v1 are described
// in api/endpoints.cc.
// DELETE /api/v1/users/NAME/sessions is answered here for users that no record has.
// Thread: its worker.
// Source: doc/operators.md.
#pragma once

#include <string>

#include "admin/page/identity.h"
#include "app/request/worker_stage.h"

namespace lb {

struct Worker;

class LoginStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 private:
  Verdict login_form(Connection& connection);
  Verdict script(Connection& connection);
  Verdict logout(Connection& connection);
  Verdict session(Connection& connection);
  Verdict end_session(Connection& connection, bool form);
  Verdict end_all(Connection& connection, const std::string& user);
};

// Of POST /api/v1/…, where it is JSON: what is read of a body before the stages.
std::size_t login_body_limit(Worker& worker, const Request& request);

}  // namespace lb
