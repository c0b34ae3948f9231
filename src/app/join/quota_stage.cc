#include "app/join/quota_stage.h"

#include "app/request/hls_ask.h"
#include "app/request/refusals.h"
#include "app/request/request_context.h"
#include "app/request/server_login.h"
#include "app/services/worker.h"
#include "base/cat.h"

namespace lb {

QuotaStage::QuotaStage(Worker& worker, Of of)
    : WorkerStage(worker), of_(of), usage_(*worker.services.usage) {}

Verdict QuotaStage::handle(Connection& connection) {
  Accounts& accounts = worker_.services;
  if (!usage_.any_closed()) return Verdict::kNext;
  const RequestContext& context = connection.context();
  const bool comes = !context.hls || context.hls->joins() || context.hls->is_master();
  const bool claims_server = context.is_server();
  if (!comes || (claims_server != (of_ == Of::kServers))) return Verdict::kNext;
  const std::string_view why = accounts.usage->why_closed(connection.request().path);
  if (why.empty()) return Verdict::kNext;
  if (of_ == Of::kServers) {
    if (context.is_node_or_relay()) return Verdict::kNext;
    if (const auto decided = server_login(worker_, connection, true)) return *decided;
  }
  accounts.counters.refused(Refusal::kQuota);
  reply_refusal(
      connection, 403,
      "The listening hours or the transfer of this station are used up for this month\r\n",
      cat({"X-Reason: ", why, "\r\n"}));
  return Verdict::kAnswered;
}

}  // namespace lb
