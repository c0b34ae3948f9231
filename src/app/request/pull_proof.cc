#include "app/request/pull_proof.h"

#include "app/cluster/cluster_service.h"
#include "app/request/password_guesses.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "auth/guard/throttle.h"
#include "base/encoding.h"
#include "cluster/relay/pull_mark.h"
#include "cluster/relay/pull_verifier.h"

namespace lb {
namespace {

bool proves_node(Worker& worker, Connection& connection, const ClusterFacts& facts) {
  const Network& network = worker.services;
  const auto mark = pull_mark_of(connection.request().headers);
  if (!mark || network.throttle->blocked(connection.peer(), mark->id)) return false;
  // The path as it was sent, before <alias> changed it.
  const std::string& target = connection.request().target;
  const auto asked = percent_decode(std::string_view(target).substr(0, target.find('?')), false);
  const auto verdict = network.cluster->pulls().judge(*mark, facts.known, facts.as_node, facts.mark,
                                                      asked.value_or(""), network.clock);
  if (verdict == PullVerifier::Verdict::kForged) note_wrong_password(worker, connection, mark->id);
  return verdict == PullVerifier::Verdict::kOurs;
}

}  // namespace

bool is_pulling_node(Worker& worker, Connection& connection) {
  RequestContext& context = connection.context();
  if (context.sender.is_node() || context.let_in.is_relay()) return true;
  const Headers& headers = connection.request().headers;
  bool is_node = false;
  if (has_pull_mark(headers))
    is_node = proves_node(worker, connection, *worker.services.cluster->facts());
  else if (headers.find("authorization") != nullptr)
    is_node = worker.services.cluster->facts()->known.login(basic_credentials(headers)) != nullptr;
  if (is_node) context.sender.proves(Sender::Kind::kNode);
  return is_node;
}

void refuse_mark(Network& network, Connection& connection) {
  network.counters.refused(Refusal::kLogin);
  connection.reply_text(403, "This mark of a node is not valid here\r\n");
}

}  // namespace lb
