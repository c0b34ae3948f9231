#include "app/request/server_login.h"

#include "app/cluster/cluster_service.h"
#include "app/request/password_guesses.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "auth/guard/throttle.h"
#include "auth/password/passwords.h"
#include "base/encoding.h"

namespace lb {

std::optional<Verdict> server_login(Worker& worker, Connection& connection, bool servers_only) {
  if (connection.request().headers.find("authorization") == nullptr) return std::nullopt;
  const Network& network = worker.services;
  const auto facts = network.cluster->facts();
  const auto given = basic_credentials(connection.request().headers);
  const PasswordSettings known = Network::passwords(*config_of(network, connection));
  const bool names_server =
      given && (given->user == known.relay_user || facts->known.node(given->user) != nullptr);
  if (!names_server && (servers_only || !given || given->user != known.admin_user))
    return std::nullopt;
  if (answer_if_shut_out(worker, connection, *given)) return Verdict::kAnswered;
  if (given->user == known.admin_user &&
      answer_if_guarded(worker, connection, *given, is_admin(known, given)))
    return Verdict::kAnswered;
  const bool server = is_relay(known, given) || facts->known.login(given) != nullptr;
  if (server || is_admin(known, given)) {
    note_right_password(worker, connection, *given);
    if (server) connection.context().sender.proves(Sender::Kind::kServer);
    return Verdict::kNext;
  }
  if (answer_if_throttled(worker, connection, given->user)) return Verdict::kAnswered;
  note_wrong_password(worker, connection, given->user);
  return std::nullopt;
}

PullVerifier::Verdict judge_mark(Worker& worker, Connection& connection, const PullMark& mark) {
  Network& network = worker.services;
  const auto facts = network.cluster->facts();
  // The path as it was sent, before <alias> changed it.
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
    is_node = mark && !worker.services.throttle->blocked(connection.peer(), mark->id) &&
              judge_mark(worker, connection, *mark) == PullVerifier::Verdict::kOurs;
  } else if (request.headers.find("authorization") != nullptr) {
    is_node = worker.services.cluster->facts()->known.login(basic_credentials(request.headers)) !=
              nullptr;
  }
  if (is_node) connection.context().sender.proves(Sender::Kind::kNode);
  return is_node;
}

}  // namespace lb
