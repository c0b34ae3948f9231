// link_stage(): a node asks for a link on an ordinary listen-socket, instead of a <cluster-port>:
// over TLS with the server's certificate, with its id and secret as Basic credentials.  The
// connection leaves this worker and becomes a NodeSession on control.
// Source: doc/link.md.
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/node_links.h"
#include "app/endpoints/stages.h"
#include "app/request/password_guesses.h"
#include "app/request/refusals.h"
#include "app/services/worker.h"
#include "cluster/link/link_server.h"
#include "cluster/nodes/known_nodes.h"
#include "cluster/nodes/node_table.h"

namespace lb {

Verdict link_stage(Worker& worker, Connection& connection) {
  if (!asks_for_link(connection.request())) return Verdict::kNext;
  if (!connection.secure()) {
    connection.reply_text(403, "A link needs TLS\r\n");
    return Verdict::kAnswered;
  }
  Network& network = worker.services;
  const auto given = basic_credentials(connection.request().headers);
  if (given && answer_if_shut_out(worker, connection, *given)) return Verdict::kAnswered;
  const auto facts = network.cluster->facts();
  const KnownNode* node = facts->known.login(given);
  if (node == nullptr) {
    if (given && answer_if_throttled(worker, connection, given->user)) return Verdict::kAnswered;
    if (given) note_wrong_password(worker, connection, given->user);
    reply_unauthorised(connection);
    return Verdict::kAnswered;
  }
  note_right_password(worker, connection, *given);
  std::string id = node->id;
  if (!connection.send_now(kLinkSwitch)) {
    connection.drop();
    return Verdict::kAnswered;
  }
  auto leftover = connection.take_leftover();
  auto transport = connection.take_transport();  // the connection ends here
  network.loops.control().post([&network, id = std::move(id), transport = std::move(transport),
                                leftover = std::move(leftover)]() mutable {
    network.links->nodes().accept(std::move(id), std::move(transport), std::move(leftover));
  });
  return Verdict::kAnswered;
}

}  // namespace lb
