#include "app/stages/gather_stage.h"

#include <utility>

#include "app/services/worker.h"
#include "app/stages/listen_stage.h"
#include "app/stages/request_context.h"

namespace lb {
namespace {

// So many that a worker has not taken yet are work for some 20 ms: in a crowd the next ones are
// served sooner where they are, and of a worker that hangs no more have to wait.
constexpr unsigned kMostArriving = 256;

}  // namespace

Verdict GatherStage::handle(Connection& connection) {
  Services& services = worker_.services;
  const Request& request = connection.request();
  RequestContext& context = connection.context();
  if (services.workers.size() < 2 || request.method != Method::kGet || context.gathered ||
      context.hls || context.past)
    return Verdict::kNext;
  const auto mount = playing_mount(services, request.path);
  if (!mount) return Verdict::kNext;
  context.gathered = true;
  const unsigned here = worker_.loop.id();
  const SteadyTime now = worker_.loop.now();
  services.worker_loads.note(here, services.clock, now);
  const unsigned there = services.worker_loads.choose(mount->carriers(), here, now);
  if (there == here) return Verdict::kNext;
  Connections& connections = services.workers[there]->connections;
  if (connections.arriving() >= kMostArriving) return Verdict::kNext;
  connection.hand_over(connections);
  return Verdict::kPending;
}

}  // namespace lb
