#include "app/request/password_guesses.h"

#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/login_service.h"
#include "app/services/worker.h"
#include "auth/guard/login_guard.h"
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

void note_wrong_login(Worker& worker, Connection& connection, std::string_view user) {
  note_wrong_password(worker, connection, user);
  log_refused_login(worker, connection, user, "wrong password");
}

bool is_guess(const Worker& worker, Connection& connection, const Credentials& given) {
  return !is_known_password(*config_of(worker.services, connection), given) &&
         !worker.services.throttle->was_right(connection.peer(), given.user, given.password);
}

void note_guess(Worker& worker, Connection& connection) {
  const auto given = basic_credentials(connection.request().headers);
  if (!given || connection.context().sender.password_judged ||
      !is_guess(worker, connection, *given))
    return;
  note_wrong_login(worker, connection, given->user);
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

bool is_throttled(const Worker& worker, const Connection& connection, const Credentials& given) {
  const PasswordThrottle& throttle = *worker.services.throttle;
  const Address& peer = connection.peer();
  return throttle.blocked(peer, given.user) &&
         !throttle.was_right(peer, given.user, given.password);
}

bool answer_if_guarded(Worker& worker, Connection& connection, const Credentials& given,
                       bool right) {
  LoginService& login = *worker.services.login;
  if (!login.on() || given.user != login.plan()->passwords.admin_user) return false;
  const Address from = connection.peer();
  const LoginGuard::Guess guess = login.guard().enter(given.user, given.password, from);
  if (guess.wait) return reply_slowed(worker, connection, *guess.wait) == Verdict::kAnswered;
  login.judged(right ? LoginResult::kRight : LoginResult::kWrong, guess, given.user, from);
  return false;
}

Verdict reply_slowed(Worker& worker, Connection& connection, std::chrono::seconds wait) {
  worker.services.login->count(LoginResult::kSlowed);
  worker.services.counters.refused(Refusal::kGuesses);
  reply_throttled(connection, wait);
  return Verdict::kAnswered;
}

bool is_known_password(const Config& config, const Credentials& given) {
  return config.login_index ? config.login_index->knows(given) : LoginIndex(config).knows(given);
}

}  // namespace lb
