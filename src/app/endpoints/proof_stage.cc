#include "app/endpoints/proof_stage.h"

#include "app/cluster/cluster_links.h"
#include "app/services/worker.h"

namespace lb {

Verdict ProofStage::handle(Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet) return Verdict::kNext;
  Network& network = worker_.services;
  const std::string ask = query_param(request.query, "ask").value_or("");
  if (!network.links->masters().any_linked() || ask.empty()) {
    connection.reply_text(404, "not found\r\n");
    return Verdict::kAnswered;
  }
  network.loops.control().post([&network, &worker = worker_, ask, id = connection.id()] {
    worker.loop.post([&worker, id, say = network.links->masters().proof_for(ask)] {
      Connection* waiting = worker.connections.find(id);
      if (waiting == nullptr) return;
      waiting->reply_text(say.empty() ? 404 : 200, say.empty() ? "not found\r\n" : say + "\r\n");
    });
  });
  return Verdict::kPending;
}

}  // namespace lb
