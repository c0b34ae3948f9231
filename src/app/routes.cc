#include "app/routes.h"

#include "app/services/worker.h"
#include "app/stages/admin_stage.h"
#include "app/stages/agent_stage.h"
#include "app/stages/api_stage.h"
#include "app/stages/archive_admin_stage.h"
#include "app/stages/archive_stage.h"
#include "app/stages/arrival_stage.h"
#include "app/stages/auth_stage.h"
#include "app/stages/ban_stage.h"
#include "app/stages/block_stage.h"
#include "app/stages/console_stage.h"
#include "app/stages/drain_stage.h"
#include "app/stages/event_stage.h"
#include "app/stages/external_stage.h"
#include "app/stages/health_stage.h"
#include "app/stages/hls_stage.h"
#include "app/stages/link_stage.h"
#include "app/stages/listen_stage.h"
#include "app/stages/login_stage.h"
#include "app/stages/metrics_stage.h"
#include "app/stages/mount_lookup_stage.h"
#include "app/stages/page_stage.h"
#include "app/stages/past_stage.h"
#include "app/stages/playlist_stage.h"
#include "app/stages/proof_stage.h"
#include "app/stages/redirect_stage.h"
#include "app/stages/request_stages.h"
#include "app/stages/source_stage.h"
#include "app/stages/stats_stage.h"

namespace lb {

std::vector<std::unique_ptr<Stage>> make_stages(Worker& worker) {
  std::vector<std::unique_ptr<Stage>> stages;
  stages.push_back(std::make_unique<HealthStage>(worker));   // /_lb/health, /_lb/live
  stages.push_back(std::make_unique<MetricsStage>(worker));  // /metrics
  stages.push_back(std::make_unique<OptionsStage>(worker));  // OPTIONS: what may be asked
  stages.push_back(std::make_unique<ProofStage>(worker));    // /_lb/proof
  stages.push_back(std::make_unique<BlockStage>(worker));    // /_lb/archive/…, for other nodes
  stages.push_back(std::make_unique<ArrivalStage>(worker));  // the token of a redirect
  stages.push_back(std::make_unique<AgentStage>(worker));    // <deny-agents>
  stages.push_back(std::make_unique<AdmitStage>(worker));    // <clients>, with its reserves
  stages.push_back(std::make_unique<LoginStage>(worker));    // /admin/login, /api/v1/session
  stages.push_back(std::make_unique<ApiStage>(worker));      // /api/v1/…
  stages.push_back(std::make_unique<SourceStage>(worker));   // SOURCE, PUT, POST of audio
  stages.push_back(std::make_unique<StatsStage>(worker));    // STATS
  stages.push_back(std::make_unique<LinkStage>(worker));     // a node that wants a link
  stages.push_back(std::make_unique<EventStage>(worker));    // /admin/events
  stages.push_back(std::make_unique<ArchiveAdminStage>(worker));  // /admin/archive.json, …/delete
  stages.push_back(std::make_unique<ConsoleStage>(worker));       // /admin/console
  stages.push_back(std::make_unique<AdminStage>(worker));         // /admin/…, /admin.cgi
  stages.push_back(std::make_unique<MethodStage>());              // from here on: GET and HEAD
  stages.push_back(std::make_unique<AliasStage>(worker));         // <alias>
  stages.push_back(std::make_unique<HlsPathStage>(worker));       // MOUNT/live.m3u8
  stages.push_back(std::make_unique<PastStage>(worker));  // ?timeshift=, ?from=, archive-…
  stages.push_back(std::make_unique<BanStage>(worker));   // bans of the store
  stages.push_back(std::make_unique<MountRedirectStage>(worker));  // <redirect> of a mount
  stages.push_back(std::make_unique<RedirectStage>(worker));       // to another node of the cluster
  stages.push_back(std::make_unique<DrainStage>(worker));  // no new listener while the node drains
  const Stage& of_mounts = *stages.back();
  stages.push_back(std::make_unique<AuthStage>(worker));     // <authentication> of a mount
  stages.push_back(std::make_unique<BanStage>(worker));      // … of users that have logged in
  stages.push_back(std::make_unique<HlsStage>(worker));      // lists and segments of a mount
  stages.push_back(std::make_unique<ArchiveStage>(worker));  // what a mount has sent before
  stages.push_back(std::make_unique<ListenStage>(worker, of_mounts));  // a mount, or its fallback
  stages.push_back(
      std::make_unique<PlaylistStage>(worker));           // NAME.m3u with the nodes of the cluster
  stages.push_back(std::make_unique<PageStage>(worker));  // status-json.xsl, *.xsl
  stages.push_back(                                       // a mount that a master may know
      std::make_unique<MountLookupStage>(worker, of_mounts));
  stages.push_back(  // a mount that <config-external> may know
      std::make_unique<ExternalStage>(worker, of_mounts));
  stages.push_back(std::make_unique<FileStage>(worker));  // *.m3u, files; else 404
  return stages;
}

}  // namespace lb
