// external_stage(): a listener's request for a mount that is unknown here waits briefly, while the
// backend of the external configuration is asked (app/external/external_lookups.h).  A mount that
// it knows is new to the stages about mounts, so the chain restarts from them.
// Thread: its worker.
// Source: doc/external.md.
#include <utility>

#include "app/external/external_service.h"
#include "app/join/stages.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "config/settings/config.h"
#include "http/static_files.h"

namespace lb {

bool waits_for_external(Worker& worker, Connection& connection, const std::string& mount) {
  Traffic& traffic = worker.services;
  if (!traffic.external->on_demand() || std::exchange(connection.context().asked.external, true))
    return false;
  if (!refuse_record_name(mount).empty() || traffic.mounts.find(mount) != nullptr ||
      section_of(traffic, connection, mount).name == mount || traffic.files.read()->has_file(mount))
    return false;
  const Method method = connection.request().method;
  ExternalLookups::Asker asker{connection.peer().network(),
                               method != Method::kGet && method != Method::kHead};
  traffic.loops.control().post(
      [&traffic, mount, parked = ParkedRequest{worker.loop.id(), connection.id()},
       asker = std::move(asker)] { traffic.external->look_up(mount, parked, asker); });
  return true;
}

Verdict external_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (const Waited waited = connection.context().waited.take()) {
    if (waited.outcome == WaitOutcome::kReady) connection.go_on_from(*worker.of_mounts);
    return Verdict::kNext;
  }
  if (request.method != Method::kGet && request.method != Method::kHead) return Verdict::kNext;
  return waits_for_external(worker, connection, request.path) ? Verdict::kPending : Verdict::kNext;
}

}  // namespace lb
