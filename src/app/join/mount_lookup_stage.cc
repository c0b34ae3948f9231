// mount_lookup_stage(): a listener's request for a mount that is unknown here waits briefly while
// the masters are asked (app/topology/mount_lookup.h).  Otherwise a listener redirected here for a
// new mount would get 404.
//
// A found mount is new to every stage about mounts, so the chain restarts from the first of them.
// A listener of a mount that is elsewhere is redirected, or asked to retry.
// Thread: its worker.
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/join/stages.h"
#include "app/request/redirecting.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "app/topology/mount_lookup.h"
#include "cluster/nodes/names.h"
#include "cluster/relay/relay_marks.h"
#include "http/static_files.h"

namespace lb {
namespace {

// Whether a path's type is a stream's: only then a polled master's list is fetched for a listener
// that was not redirected here.
bool sounds(std::string_view type) {
  return type.starts_with("audio/") || type.starts_with("video/") ||
         type.starts_with("application/o");
}

Verdict send_where_it_is(Worker& worker, Connection& connection) {
  answer_unserved(worker, connection, "not-here",
                  [](Connection& none_has_it) { none_has_it.resume(Verdict::kNext); });
  return Verdict::kPending;
}

}  // namespace

Verdict mount_lookup_stage(Worker& worker, Connection& connection) {
  Network& network = worker.services;
  const Request& request = connection.request();
  RequestContext& context = connection.context();
  if (const Waited waited = context.waited.take()) {
    switch (*waited.outcome) {
      case WaitOutcome::kReady:
        connection.go_on_from(*worker.of_mounts);
        return Verdict::kNext;
      case WaitOutcome::kElsewhere:
        return send_where_it_is(worker, connection);
      case WaitOutcome::kNever:
      case WaitOutcome::kFull:
        return Verdict::kNext;
    }
  }
  if (request.method != Method::kGet) return Verdict::kNext;
  // The mount was found here, and has gone again.
  if (std::exchange(context.asked.masters, true)) return send_where_it_is(worker, connection);
  const bool has_links = network.links->masters().any_linked();
  const auto files = network.files.read();
  MountLookup::Masters masters;
  if (may_be_relayed_as(request.path) && !files->has_file(request.path) &&
      !lacks_token(network, connection)) {
    // A lookup for a server that pulls from us would make our masters ask their own, and so on.
    masters.linked = has_links && !is_own_product(request.headers);
    masters.polled = network.relays->publishes() &&
                     (context.arrival.redirected() || sounds(files->types().type_of(request.path)));
  }
  if (!masters.linked && !masters.polled) {
    // A master has just redirected the listener here, and no other master can be asked.
    return context.arrival.redirected() && !has_links ? send_where_it_is(worker, connection)
                                                      : Verdict::kNext;
  }
  network.loops.control().post([&network, mount = request.path, masters,
                                parked = ParkedRequest{worker.loop.id(), connection.id()}] {
    network.lookup->lookup_mount(mount, parked, masters);
  });
  return Verdict::kPending;
}

}  // namespace lb
