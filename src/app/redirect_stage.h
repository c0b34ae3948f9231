// ArrivalStage: takes the token of a redirect out of a request, before anybody else sees it, and
// checks it.
// RedirectStage: a listener's request is served here, or answered 302 to the node that the
// cluster's balancer chooses.
//
// Never redirected: servers that relay (cluster/relay_marks.h), the administrator, requests that
// were redirected already, everything that is not a GET of a mount.  HEAD is answered here, and so
// is Safari's question for two bytes: neither is a listener yet.
// A relay whose request has come through this node before is answered 508.
// Source: cluster.md 3.1 (the reply's bytes), 3.6; decisions A13 (the place among the stages), C1.
//
// Cost while nobody is redirected: a look at the query for "lb=", and one atomic load.
// Thread: their worker.
#pragma once

#include "http/connection.h"

namespace lb {

struct ClusterFacts;
struct RedirectAsk;
struct Services;
struct Worker;

class ArrivalStage final : public Stage {
 public:
  explicit ArrivalStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Worker& worker_;
};

class RedirectStage final : public Stage {
 public:
  explicit RedirectStage(Worker& worker) : worker_(worker) {}
  Verdict handle(Connection& connection) override;

 private:
  Verdict ask(Connection& connection, const ClusterFacts& facts, bool redirects);
  Worker& worker_;
};

// Without a token nobody is served here (<token require="hard">), and this listener has none.
bool lacks_token(const Services& services, Connection& connection);

// Nobody is served here: 302 to a master of ours, or 503 where there is none or he has just come
// from there.
void bounce_while_draining(Worker& worker, Connection& connection);

// A listener's question, from a request for `mount`.
RedirectAsk make_redirect_ask(const Services& services, Connection& connection,
                              const std::string& mount, const ClusterFacts& facts);

}  // namespace lb
