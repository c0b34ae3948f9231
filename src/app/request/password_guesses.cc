#include "app/request/password_guesses.h"

#include "app/request/refusals.h"
#include "app/services/worker.h"

namespace lb {

// The one that logs show.
Address judged_address(const Connection& connection) {
  return Address::parse(connection.ip(), 0).value_or(connection.peer());
}

void note_wrong_password(Worker& worker, const Connection& connection, std::string_view user) {
  PasswordThrottle& throttle = worker.services.throttle;
  const Address peer = judged_address(connection);
  if (throttle.blocked(peer, user))
    throttle.wrong_again(peer, user);
  else
    throttle.wrong(peer, user);
}

bool is_shut_out(Worker& worker, const Connection& connection, const Credentials& given) {
  return worker.services.throttle.shut_out(judged_address(connection), given.user, given.password)
      .has_value();
}

bool answer_if_shut_out(Worker& worker, Connection& connection, const Credentials& given) {
  const auto wait =
      worker.services.throttle.shut_out(judged_address(connection), given.user, given.password);
  if (!wait) return false;
  worker.services.counters.refused(Refusal::kGuesses);
  reply_throttled(connection, *wait);
  return true;
}

void note_right_password(Worker& worker, const Connection& connection, const Credentials& given) {
  worker.services.throttle.right(judged_address(connection), given.user, given.password);
}

bool answer_if_throttled(Worker& worker, Connection& connection, std::string_view user) {
  const auto wait = worker.services.throttle.blocked(judged_address(connection), user);
  if (!wait) return false;
  worker.services.throttle.wrong_again(judged_address(connection), user);
  worker.services.counters.refused(Refusal::kGuesses);
  reply_throttled(connection, *wait);
  return true;
}

bool is_known_password(const Config& config, const Credentials& given) {
  return config.login_index ? config.login_index->knows(given) : LoginIndex(config).knows(given);
}

}  // namespace lb
