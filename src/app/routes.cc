#include "app/routes.h"

#include "app/endpoints/now_stage.h"
#include "app/endpoints/page_stage.h"
#include "app/endpoints/stages.h"
#include "app/hls/hls_stage.h"
#include "app/join/quota_stage.h"
#include "app/join/stages.h"
#include "app/past/past_file_stage.h"
#include "app/past/past_stream_stage.h"
#include "app/past/stages.h"
#include "app/request/worker_stage.h"
#include "app/services/worker.h"

namespace lb {
namespace {

// A stage without state between requests.
class Question final : public WorkerStage {
 public:
  using Ask = Verdict (*)(Worker&, Connection&);
  Question(Worker& worker, Ask ask) : WorkerStage(worker), ask_(ask) {}
  Verdict handle(Connection& connection) override { return ask_(worker_, connection); }

 private:
  const Ask ask_;
};

class Rows {
 public:
  explicit Rows(Worker& worker) : worker_(worker) {}
  // No paths: all paths.
  template <class S, class... More>
  const Stage& add(std::initializer_list<std::string_view> paths = {}, const More&... more) {
    Stage& added = *worker_.stages.emplace_back(std::make_unique<S>(worker_, more...));
    routes.emplace_back(&added, paths);
    return added;
  }
  const Stage& add(Question::Ask ask, std::initializer_list<std::string_view> paths = {}) {
    return add<Question>(paths, ask);
  }
  std::vector<Route> routes;

 private:
  Worker& worker_;
};

}  // namespace

RouteTable make_routes(Worker& worker) {
  Rows rows(worker);
  rows.add(health_stage, {"/_lb/health", "/_lb/live"});
  rows.add(metrics_stage, {"/metrics"});
  rows.add(acme_stage, {"/.well-known/acme-challenge/*"});
  rows.add(options_stage);  // OPTIONS: allowed methods
  rows.add(proof_stage, {"/_lb/proof"});
  rows.add(block_stage, {"/_lb/archive*"});  // for other nodes
  rows.add(arrival_stage);                   // the token of a redirect
  rows.add(https_stage);                     // <acme redirect= hsts=>
  rows.add(agent_stage);                     // <deny-agents>
  rows.add(admit_stage);                     // <clients>, with its reserves
  rows.add(alias_stage);                     // <alias>; the new path selects the later rows
  rows.add(picture_stage, {"/_lb/art/*"});
  // MOUNT/events, and AzuraCast's live feed
  rows.add(now_feed_stage, {"/api/v1/now/*", "/api/live/nowplaying/sse"});
  rows.add<NowStage>({"/api/v1/now", "/api/v1/now/*", "/api/nowplaying", "/api/nowplaying/*",
                      "/api/nowplaying_static/*", "/api/stations", "/api/station/*"});
  rows.add(login_stage, {"/admin/login", "/admin/login.js", "/admin/logout", "/api/v1/*"});
  rows.add(api_stage, {"/api/v1", "/api/v1/*"});
  rows.add(source_stage);                    // SOURCE, PUT, POST of audio
  rows.add(stats_stage);                     // STATS
  rows.add(link_stage, {"/admin/cluster"});  // a node's request for a link
  rows.add(event_stage, {"/admin/events"});
  rows.add(archive_admin_stage, {"/admin/archive.json", "/admin/archive/delete"});
  rows.add(console_stage, {"/admin/console*"});
  rows.add(admin_stage, {"/admin/*", "/admin.cgi"});
  rows.add(method_stage);                                // only GET and HEAD go on
  rows.add(sender_stage);                                // servers and nodes among the senders
  rows.add(hls_path_stage);                              // MOUNT/live.m3u8
  rows.add(past_stage);                                  // ?timeshift=, ?from=, archive-…
  rows.add(ban_stage);                                   // bans of the store
  rows.add<QuotaStage>({}, QuotaStage::Of::kListeners);  // hours and transfer of a month
  rows.add(mount_redirect_stage);                        // <redirect> of a mount
  rows.add(redirect_stage);                              // to another node of the cluster
  worker.of_mounts = &rows.add(drain_stage);             // no new listener during a drain
  rows.add(auth_stage);                                  // <authentication> of a mount
  rows.add(ban_stage);                                   // … of users with a login
  rows.add<QuotaStage>({}, QuotaStage::Of::kServers);    // … of claimed servers
  rows.add<HlsStage>();                                  // lists and segments of a mount
  rows.add(past_access_stage);                           // whether its past may be heard
  rows.add<PastFileStage>();                             // … as a file
  rows.add<PastStreamStage>();                           // … as a stream
  rows.add(listen_stage);                                // a mount, or its fallback
  rows.add(player_stage, {"/listen/*", "/_lb/player.js", "/_lb/player.css", "/_lb/player/*",
                          "/oembed"});  // pages of streams
  rows.add(playlist_stage);             // NAME.m3u with the nodes of the cluster
  rows.add<PageStage>();                // status-json.xsl, *.xsl
  rows.add(mount_lookup_stage);         // mounts that a master may have
  rows.add(external_stage);             // mounts that <config-external> may have
  rows.add(file_stage);                 // *.m3u, files; else 404
  return RouteTable(rows.routes);
}

}  // namespace lb
