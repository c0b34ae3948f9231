// drain_stage(): a listener's request while the node drains (app/drain/drain.h).
//
// The listener is redirected to one of our masters, once: many players reconnect to their first
// address, not to the one that they were redirected to.  Without a master, or if the listener just
// came from it, the answer is 503, before a password is judged.  redirect_stage() has already
// redirected listeners that this node can send to another node itself.
#include "app/cluster/cluster_service.h"
#include "app/join/stages.h"
#include "app/request/hls_ask.h"
#include "app/request/redirecting.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/playing_mount.h"
#include "app/services/worker.h"
#include "config/settings/config.h"

namespace lb {
namespace {

void send_to_master(Worker& worker, Connection& connection) {
  RedirectAsk asked = make_redirect_ask(worker.services, connection, connection.request().path,
                                        *worker.services.cluster->facts());
  worker.services.loops.control().post_together(
      [&worker, id = connection.id(), asked = std::move(asked)] {
        worker.loop.post_together([&worker, id,
                                   answer = worker.services.cluster->send_to_master(asked)] {
          Connection* waiting = worker.find_connection(id);
          if (waiting == nullptr) return;
          if (answer.kind == RedirectAnswer::Kind::kServe && answer_if_draining(worker, *waiting))
            return;
          carry_out(worker, id, answer);
        });
      });
}

}  // namespace

Verdict drain_stage(Worker& worker, Connection& connection) {
  Network& network = worker.services;
  const Request& request = connection.request();
  if (!refuses_for_drain(worker, connection) ||
      playing_mount(network, *config_of(network, connection), request.path) == nullptr)
    return Verdict::kNext;
  // A present HLS listener stays until the drain ends its session.
  if (const auto& hls = connection.context().hls; hls && (hls->is_segment() || hls->known))
    return Verdict::kNext;
  // A relaying server has listeners of its own, of other nodes.  A client with a password may be
  // such a server; listen_stage() finds out.
  if (connection.context().is_server() || request.headers.find("authorization") != nullptr)
    return Verdict::kNext;
  if (request.method == Method::kGet) {
    send_to_master(worker, connection);
    return Verdict::kPending;
  }
  answer_if_draining(worker, connection);
  return Verdict::kAnswered;
}

}  // namespace lb
