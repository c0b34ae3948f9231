// proof_stage(): GET /_lb/proof?ask=…: shows a master that this is its linked node.
// Source: doc/link.md, PROVE.
#include "app/cluster/cluster_links.h"
#include "app/cluster/master_links.h"
#include "app/endpoints/stages.h"
#include "app/services/worker.h"

namespace lb {

Verdict proof_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet) return Verdict::kNext;
  Network& network = worker.services;
  const std::string ask = query_param(request.query, "ask").value_or("");
  if (!network.links->masters().any_linked() || ask.empty()) {
    connection.reply_text(404, "not found\r\n");
    return Verdict::kAnswered;
  }
  network.loops.control().post([&network, &worker, ask, id = connection.id()] {
    worker.answer(id, [say = network.links->masters().proof_for(ask)](Connection& waiting) {
      waiting.reply_text(say.empty() ? 404 : 200, say.empty() ? "not found\r\n" : say + "\r\n");
    });
  });
  return Verdict::kPending;
}

}  // namespace lb
