// ArrivalStage: takes the token of a redirect out of a request, before other stages see it, checks
// it, and keeps what it says in the request's context.
// Source: doc/redirects.md; doc/decisions.md C1.
//
// Cost without a token: a look at the query for "lb=".
// Thread: its worker.
#pragma once

#include "app/stages/worker_stage.h"

namespace lb {

struct RequestContext;
struct Network;

class ArrivalStage final : public WorkerStage {
 public:
  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;
};

// Without a token no listener is served here (<token require="hard">), and this listener has none.
bool lacks_token(const Network& network, Connection& connection);

// The listener's stream begins here, or only the listener is to blame that it does not: the
// redirect that has led here is confirmed, once.
void note_arrival(const Network& network, RequestContext& context);

}  // namespace lb
