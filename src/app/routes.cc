#include "app/routes.h"

#include "app/endpoints/acme_stage.h"
#include "app/endpoints/admin_stage.h"
#include "app/endpoints/agent_stage.h"
#include "app/endpoints/api_stage.h"
#include "app/endpoints/console_stage.h"
#include "app/endpoints/event_stage.h"
#include "app/endpoints/health_stage.h"
#include "app/endpoints/https_stage.h"
#include "app/endpoints/link_stage.h"
#include "app/endpoints/login_stage.h"
#include "app/endpoints/metrics_stage.h"
#include "app/endpoints/now_feed_stage.h"
#include "app/endpoints/now_stage.h"
#include "app/endpoints/page_stage.h"
#include "app/endpoints/picture_stage.h"
#include "app/endpoints/player_stage.h"
#include "app/endpoints/proof_stage.h"
#include "app/endpoints/request_stages.h"
#include "app/endpoints/stats_stage.h"
#include "app/hls/hls_path_stage.h"
#include "app/hls/hls_stage.h"
#include "app/join/arrival_stage.h"
#include "app/join/auth_stage.h"
#include "app/join/ban_stage.h"
#include "app/join/block_stage.h"
#include "app/join/drain_stage.h"
#include "app/join/external_stage.h"
#include "app/join/listen_stage.h"
#include "app/join/mount_lookup_stage.h"
#include "app/join/mount_redirect_stage.h"
#include "app/join/playlist_stage.h"
#include "app/join/quota_stage.h"
#include "app/join/redirect_stage.h"
#include "app/join/source_stage.h"
#include "app/past/archive_admin_stage.h"
#include "app/past/past_access_stage.h"
#include "app/past/past_file_stage.h"
#include "app/past/past_stage.h"
#include "app/past/past_stream_stage.h"
#include "app/services/worker.h"

namespace lb {
namespace {

class Rows {
 public:
  explicit Rows(Worker& worker) : worker_(worker) {}
  // No paths: all.
  template <class S, class... More>
  const Stage& add(std::initializer_list<std::string_view> paths = {}, const More&... more) {
    Stage& added = *worker_.stages.emplace_back(std::make_unique<S>(worker_, more...));
    routes.emplace_back(&added, paths);
    return added;
  }
  std::vector<Route> routes;

 private:
  Worker& worker_;
};

}  // namespace

RouteTable make_routes(Worker& worker) {
  Rows rows(worker);
  rows.add<HealthStage>({"/_lb/health", "/_lb/live"});
  rows.add<MetricsStage>({"/metrics"});
  rows.add<AcmeStage>({"/.well-known/acme-challenge/*"});
  rows.add<OptionsStage>();  // OPTIONS: what may be asked
  rows.add<ProofStage>({"/_lb/proof"});
  rows.add<BlockStage>({"/_lb/archive*"});  // for other nodes
  rows.add<ArrivalStage>();                 // the token of a redirect
  rows.add<HttpsStage>();                   // <acme redirect= hsts=>
  rows.add<AgentStage>();                   // <deny-agents>
  rows.add<AdmitStage>();                   // <clients>, with its reserves
  rows.add<AliasStage>();                   // <alias>; where it leads chooses the rows behind it
  rows.add<PictureStage>({"/_lb/art/*"});
  // MOUNT/events, and AzuraCast's live feed
  rows.add<NowFeedStage>({"/api/v1/now/*", "/api/live/nowplaying/sse"});
  rows.add<NowStage>({"/api/v1/now", "/api/v1/now/*", "/api/nowplaying", "/api/nowplaying/*",
                      "/api/nowplaying_static/*", "/api/stations", "/api/station/*"});
  rows.add<LoginStage>({"/admin/login", "/admin/login.js", "/admin/logout", "/api/v1/*"});
  rows.add<ApiStage>({"/api/v1", "/api/v1/*"});
  rows.add<SourceStage>();                  // SOURCE, PUT, POST of audio
  rows.add<StatsStage>();                   // STATS
  rows.add<LinkStage>({"/admin/cluster"});  // a node that wants a link
  rows.add<EventStage>({"/admin/events"});
  rows.add<ArchiveAdminStage>({"/admin/archive.json", "/admin/archive/delete"});
  rows.add<ConsoleStage>({"/admin/console*"});
  rows.add<AdminStage>({"/admin/*", "/admin.cgi"});
  rows.add<MethodStage>();                               // from here on: GET and HEAD
  rows.add<HlsPathStage>();                              // MOUNT/live.m3u8
  rows.add<PastStage>();                                 // ?timeshift=, ?from=, archive-…
  rows.add<BanStage>();                                  // bans of the store
  rows.add<QuotaStage>({}, QuotaStage::Of::kListeners);  // hours and transfer of accounts
  rows.add<MountRedirectStage>();                        // <redirect> of a mount
  rows.add<RedirectStage>();                             // to another node of the cluster
  const Stage& of_mounts = rows.add<DrainStage>();       // no new listener while the node drains
  rows.add<AuthStage>();                                 // <authentication> of a mount
  rows.add<BanStage>();                                  // … of users that have logged in
  rows.add<QuotaStage>({}, QuotaStage::Of::kServers);  // … of what only says that it is a server
  rows.add<HlsStage>();                                // lists and segments of a mount
  rows.add<PastAccessStage>();                         // whether its past may be heard
  rows.add<PastFileStage>();                           // … as a file
  rows.add<PastStreamStage>();                         // … as a stream
  rows.add<ListenStage>({}, of_mounts);                // a mount, or its fallback
  rows.add<PlayerStage>({"/listen/*", "/_lb/player.js", "/_lb/player.css", "/_lb/player/*",
                         "/oembed"});         // pages of streams
  rows.add<PlaylistStage>();                  // NAME.m3u with the nodes of the cluster
  rows.add<PageStage>();                      // status-json.xsl, *.xsl
  rows.add<MountLookupStage>({}, of_mounts);  // a mount that a master may know
  rows.add<ExternalStage>({}, of_mounts);     // a mount that <config-external> may know
  rows.add<FileStage>();                      // *.m3u, files; else 404
  return RouteTable(rows.routes);
}

}  // namespace lb
