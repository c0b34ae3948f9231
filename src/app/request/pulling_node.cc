#include "app/request/pulling_node.h"

#include "app/cluster/cluster_service.h"
#include "app/request/password_guesses.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "base/encoding.h"

namespace lb {

PullVerifier::Verdict judge_mark(Worker& worker, Connection& connection, const PullMark& mark) {
  Network& network = worker.services;
  const auto facts = network.cluster->facts();
  // As it was asked for, whatever <alias> has made of it.
  const std::string& target = connection.request().target;
  const auto asked = percent_decode(std::string_view(target).substr(0, target.find('?')), false);
  const KnownNodes* known = &facts->known;
  for (const KnownNodes& own : facts->as_node)
    if (const KnownNode* node = own.node(mark.id);
        node != nullptr && secret_equal(mark.mac, mark.mac_for(node->secret, asked.value_or(""))))
      known = &own;
  const auto verdict =
      network.cluster->pulls().judge(mark, *known, facts->mark, asked.value_or(""), network.clock);
  if (verdict == PullVerifier::Verdict::kForged) note_wrong_password(worker, connection, mark.id);
  return verdict;
}

void refuse_mark(Network& network, Connection& connection) {
  network.counters.refused(Refusal::kLogin);
  connection.reply_text(403, "This mark of a node is not valid here\r\n");
}

bool is_pulling_node(Worker& worker, Connection& connection) {
  const RequestContext& context = connection.context();
  if (context.sender.is_node() || context.let_in.is_relay()) return true;
  const Request& request = connection.request();
  bool is_node = false;
  if (has_pull_mark(request.headers)) {
    const auto mark = pull_mark_of(request.headers);
    is_node = mark && !worker.services.throttle.blocked(judged_address(connection), mark->id) &&
              judge_mark(worker, connection, *mark) == PullVerifier::Verdict::kOurs;
  } else if (request.headers.find("authorization") != nullptr) {
    is_node = worker.services.cluster->facts()->known.login(basic_credentials(request.headers)) !=
              nullptr;
  }
  if (is_node) connection.context().sender.proves(Sender::Kind::kNode);
  return is_node;
}

}  // namespace lb
