#include "app/endpoints/agent_stage.h"

#include "app/services/worker.h"
#include "base/cat.h"

namespace lb {

Verdict AgentStage::handle(Connection& connection) {
  const auto lists = worker_.services.access.lists();
  const std::string_view agent = connection.request().headers.get("user-agent");
  if (!lists->agent_refused(agent)) return Verdict::kNext;
  worker_.services.counters.refused(Refusal::kAgent);
  worker_.services.log.info("connection/connection",
                            cat({connection.ip(), " was refused because of its User-Agent \"",
                                 agent.substr(0, 70), "\""}));
  connection.reply_text(403, "Your program is not allowed here");
  return Verdict::kAnswered;
}

}  // namespace lb
