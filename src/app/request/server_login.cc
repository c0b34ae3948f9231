#include "app/request/server_login.h"

#include "app/cluster/cluster_service.h"
#include "app/request/password_guesses.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "auth/password/passwords.h"
#include "config/settings/config.h"

namespace lb {

std::optional<Verdict> server_login(Worker& worker, Connection& connection, bool servers_only) {
  if (connection.request().headers.find("authorization") == nullptr) return std::nullopt;
  const Network& network = worker.services;
  const auto facts = network.cluster->facts();
  const auto given = basic_credentials(connection.request().headers);
  const PasswordSettings known = config_of(network, connection)->authentication;
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

}  // namespace lb
