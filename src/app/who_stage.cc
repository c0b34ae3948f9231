#include "app/who_stage.h"

#include "app/cluster_links.h"
#include "app/redirect_stage.h"
#include "app/worker.h"
#include "cluster/relay_marks.h"
#include "cluster/stream_list.h"

namespace lb {

Verdict WhoStage::handle(Connection& connection) {
  Services& services = worker_.services;
  if (!services.links->has_masters()) return Verdict::kNext;
  const Request& request = connection.request();
  // A server that pulls from us would make our masters ask their own, and so on.
  if (request.method != Method::kGet || !may_be_relayed_as(request.path) ||
      is_own_product(request.headers) || services.files.read()->has_file(request.path) ||
      lacks_token(services, connection))
    return Verdict::kNext;
  services.loops.control().post(
      [&services, mount = request.path, worker = worker_.loop.id(), id = connection.id()] {
        services.links->ask_who(mount, worker, id);
      });
  return Verdict::kPending;
}

}  // namespace lb
