#include "app/routes.h"

#include "app/access_stage.h"
#include "app/admin_stage.h"
#include "app/auth_stage.h"
#include "app/event_stage.h"
#include "app/health_stage.h"
#include "app/link_stage.h"
#include "app/listen_stage.h"
#include "app/metrics_stage.h"
#include "app/page_stage.h"
#include "app/playlist_stage.h"
#include "app/proof_stage.h"
#include "app/redirect_stage.h"
#include "app/request_stages.h"
#include "app/source_stage.h"
#include "app/stats_stage.h"
#include "app/who_stage.h"
#include "app/worker.h"

namespace lb {

std::vector<std::unique_ptr<Stage>> make_stages(Worker& worker) {
  std::vector<std::unique_ptr<Stage>> stages;
  stages.push_back(std::make_unique<HealthStage>(worker));    // /_lb/health, /_lb/live
  stages.push_back(std::make_unique<MetricsStage>(worker));   // /metrics
  stages.push_back(std::make_unique<OptionsStage>());         // OPTIONS: what may be asked
  stages.push_back(std::make_unique<ProofStage>(worker));     // /_lb/proof
  stages.push_back(std::make_unique<ArrivalStage>(worker));   // the token of a redirect
  stages.push_back(std::make_unique<AgentStage>(worker));     // <deny-agents>
  stages.push_back(std::make_unique<AdmitStage>(worker));     // <clients>, with its reserves
  stages.push_back(std::make_unique<SourceStage>(worker));    // SOURCE, PUT, POST of audio
  stages.push_back(std::make_unique<StatsStage>(worker));     // STATS
  stages.push_back(std::make_unique<LinkStage>(worker));      // a node that wants a link
  stages.push_back(std::make_unique<EventStage>(worker));     // /admin/events
  stages.push_back(std::make_unique<AdminStage>(worker));     // /admin/…, /admin.cgi
  stages.push_back(std::make_unique<MethodStage>());          // from here on: GET and HEAD
  stages.push_back(std::make_unique<AliasStage>(worker));     // <alias>
  stages.push_back(std::make_unique<RedirectStage>(worker));  // to another node of the cluster
  stages.push_back(std::make_unique<DrainStage>(worker));     // nobody new while the node drains
  stages.push_back(std::make_unique<AuthStage>(worker));      // <authentication> of a mount
  stages.push_back(std::make_unique<ListenStage>(worker));    // a mount, or its fallback
  stages.push_back(
      std::make_unique<LearnStage>(worker));  // a mount that a master has begun just now
  stages.push_back(
      std::make_unique<PlaylistStage>(worker));           // NAME.m3u with the nodes of the cluster
  stages.push_back(std::make_unique<PageStage>(worker));  // status-json.xsl, *.xsl
  stages.push_back(std::make_unique<WhoStage>(worker));   // a mount that a master may know
  stages.push_back(std::make_unique<FileStage>(worker));  // *.m3u, files; else 404
  return stages;
}

}  // namespace lb
