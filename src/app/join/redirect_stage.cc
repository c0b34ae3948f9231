// redirect_stage(): a listener's request is served here, or answered 302 to the node that the
// cluster's balancer chooses.
//
// Never redirected: relaying servers (cluster/relay/relay_marks.h), the administrator, requests
// that were redirected already, and all but a GET of a mount.  HEAD and Safari's probe of two bytes
// are answered here: neither is a listener yet.  A relay's request that has passed through this
// node before gets 508.
// Source: doc/redirects.md; doc/decisions.md A13 (the place among the stages), C1.
//
// While redirecting is off this costs one atomic load.
#include <utility>

#include "app/cluster/cluster_service.h"
#include "app/join/listen_ask.h"
#include "app/join/stages.h"
#include "app/request/hls_ask.h"
#include "app/request/past_ask.h"
#include "app/request/redirecting.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/server_login.h"
#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "cluster/relay/relay_marks.h"
#include "config/settings/config.h"
#include "http/parser.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

// The nodes that have recorded the start of the asked range.
std::shared_ptr<const NodeNames> nodes_with(const HolderView& holders, const std::string& mount,
                                            const PastAsk& ask) {
  auto out = std::make_shared<NodeNames>();
  for (const HolderRow& row : holders.of(mount))
    for (const HeldRange& range : row.ranges)
      if (ask.at || (range.from_ms <= ask.from_ms && range.ends_after(ask.from_ms)))
        out->insert(row.node);
  return out;
}

Verdict choose_node(Worker& worker, Connection& connection, const ClusterFacts& facts,
                    bool redirects, std::shared_ptr<const NodeNames> recorded) {
  const Arrival& arrival = connection.context().arrival;
  RedirectAsk asked =
      make_redirect_ask(worker.services, connection, connection.request().path, facts);
  asked.only = std::move(recorded);
  asked.arrival = arrival;
  if (!redirects) {
    if (arrival.redirected()) return Verdict::kNext;
    if (facts.require == TokenRequire::kHard) {
      connection.reply_text(403, "Please ask the first server again\r\n");
      return Verdict::kAnswered;
    }
  }
  if (redirects) {
    if (const auto answer = worker.services.cluster->decide_here(asked))
      return act_on(connection, *answer);
  }
  Loop& control = worker.services.loops.control();
  control.post_together(
      [&worker, id = connection.id(), redirects, asked = std::move(asked)]() mutable {
        const auto then = [&worker, id](RedirectAnswer answer) {
          worker.loop.post_together(
              [&worker, id, answer = std::move(answer)] { carry_out(worker, id, answer); });
        };
        ClusterService& cluster = *worker.services.cluster;
        if (redirects)
          cluster.decide(std::move(asked), then);
        else
          then(cluster.send_to_master(asked));
      });
  return Verdict::kPending;
}

}  // namespace

Verdict redirect_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet || is_well_known(request.path)) return Verdict::kNext;
  ClusterService& cluster = *worker.services.cluster;
  RequestContext& context = connection.context();
  // The past is played by a node that recorded it, or here, with bytes from there.
  std::shared_ptr<const NodeNames> recorded;
  const bool redirects = cluster.redirects();
  if (context.past && redirects) {
    recorded = nodes_with(*worker.services.archive->remote().archive().holders(), request.path,
                          *context.past);
    if (recorded->empty()) return Verdict::kNext;
  }
  if (is_own_product(request.headers)) {
    const auto facts = cluster.facts();
    if (const std::string circle = circle_in_request(request.headers, facts->mark);
        !circle.empty()) {
      connection.reply_text(508, circle + "\r\n");
      return Verdict::kAnswered;
    }
  }
  // HlsStage puts the places into lists of HLS; a present HLS listener needs no token.
  if (context.hls && (redirects || context.hls->is_segment() || context.hls->known))
    return Verdict::kNext;
  // Without redirects only a login is judged, to tell servers from listeners.
  const bool chooses = redirects || cluster.wants_tokens() || context.arrival.redirected();
  if (!chooses && request.headers.find("authorization") == nullptr) return Verdict::kNext;
  const auto mount = worker.services.mounts.find(request.path);
  const bool plays = mount && mount->phase() != MountPhase::kEnded;
  const bool of_past = context.past || (context.hls && context.hls->named.of_past());
  if (!plays && !of_past) return Verdict::kNext;
  const auto facts = cluster.facts();
  const MountSettings& section = section_of(worker.services, connection);
  if (!chooses && !section.authenticator.type.empty()) return Verdict::kNext;
  if (section.no_mount || is_safari_probe(request)) return Verdict::kNext;
  if (context.sender.claims_server) return Verdict::kNext;
  if (const auto decided = server_login(worker, connection, !chooses)) return *decided;
  if (!chooses) return Verdict::kNext;
  return choose_node(worker, connection, *facts, redirects, std::move(recorded));
}

}  // namespace lb
