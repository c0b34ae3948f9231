#include "app/request/password_guesses.h"

#include "app/request/refusals.h"
#include "app/services/worker.h"
#include "auth/guard/throttle.h"
#include "config/settings/config.h"

namespace lb {

void note_wrong_password(Worker& worker, const Connection& connection, std::string_view user) {
  PasswordThrottle& throttle = *worker.services.throttle;
  const Address& peer = connection.peer();
  if (throttle.blocked(peer, user))
    throttle.wrong_again(peer, user);
  else
    throttle.wrong(peer, user);
}

bool is_shut_out(Worker& worker, const Connection& connection, const Credentials& given) {
  return worker.services.throttle->shut_out(connection.peer(), given.user, given.password)
      .has_value();
}

bool answer_if_shut_out(Worker& worker, Connection& connection, const Credentials& given) {
  const auto wait =
      worker.services.throttle->shut_out(connection.peer(), given.user, given.password);
  if (!wait) return false;
  worker.services.counters.refused(Refusal::kGuesses);
  reply_throttled(connection, *wait);
  return true;
}

void note_right_password(Worker& worker, const Connection& connection, const Credentials& given) {
  worker.services.throttle->right(connection.peer(), given.user, given.password);
}

bool answer_if_throttled(Worker& worker, Connection& connection, std::string_view user) {
  const auto wait = worker.services.throttle->blocked(connection.peer(), user);
  if (!wait) return false;
  worker.services.throttle->wrong_again(connection.peer(), user);
  worker.services.counters.refused(Refusal::kGuesses);
  reply_throttled(connection, *wait);
  return true;
}

bool is_known_password(const Config& config, const Credentials& given) {
  return config.login_index ? config.login_index->knows(given) : LoginIndex(config).knows(given);
}

}  // namespace lb
