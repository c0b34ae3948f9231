// agent_stage(): <deny-agents> refuses programs by their User-Agent.  Connections::Plan refuses
// addresses at accept, without an answer.
// Source: Icecast-KH's deny-agents.
#include "app/endpoints/stages.h"
#include "app/services/worker.h"
#include "auth/guard/ip_filter.h"
#include "base/cat.h"

namespace lb {

Verdict agent_stage(Worker& worker, Connection& connection) {
  const auto lists = worker.services.access->lists();
  const std::string_view agent = connection.request().headers.get("user-agent");
  if (!lists->agent_refused(agent)) return Verdict::kNext;
  worker.services.counters.refused(Refusal::kAgent);
  worker.services.log.info("connection/connection",
                           cat({connection.ip(), " was refused because of its User-Agent \"",
                                agent.substr(0, 70), "\""}));
  connection.reply_text(403, "Your program is not allowed here");
  return Verdict::kAnswered;
}

}  // namespace lb
