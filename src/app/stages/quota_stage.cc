#include "app/stages/quota_stage.h"

#include "app/services/worker.h"
#include "app/stages/hls_ask.h"
#include "app/stages/refusals.h"
#include "app/stages/request_config.h"
#include "app/stages/request_context.h"
#include "app/station/usage_watch.h"

namespace lb {

Verdict QuotaStage::handle(Connection& connection) {
  Services& services = worker_.services;
  if (services.usage->view()->closed.empty()) return Verdict::kNext;
  const auto& hls = connection.context().hls;
  const bool comes = !hls || hls->joins() || hls->is_master();
  if (!comes || is_server(services, connection) ||
      !services.usage->is_closed(connection.request().path))
    return Verdict::kNext;
  services.counters.refused(Refusal::kQuota);
  reply_refusal(
      connection, 403,
      "The listening hours or the transfer of this station are used up for this month\r\n",
      "X-Reason: account-quota\r\n");
  return Verdict::kAnswered;
}

}  // namespace lb
