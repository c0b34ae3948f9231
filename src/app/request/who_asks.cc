#include "app/request/who_asks.h"

#include <algorithm>
#include <utility>

#include "admin/command/command.h"
#include "app/cluster/cluster_service.h"
#include "app/request/login_replies.h"
#include "app/request/password_guesses.h"
#include "app/request/record_logins.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/source_ask.h"
#include "app/request/source_logins.h"
#include "app/services/archive_service.h"
#include "app/services/login_service.h"
#include "app/services/worker.h"
#include "auth/guard/throttle.h"
#include "auth/password/passwords.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "net/address/reach.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

constexpr std::string_view kCsrfHeader = "x-lb-csrf";
constexpr std::string_view kSsoHeader = "x-lb-sso";

using Known = std::shared_ptr<const Identity>;

Known identity_with(AdminRole role, std::string_view user) {
  auto identity = std::make_shared<Identity>();
  identity->role = role;
  identity->via = Identity::Via::kFile;
  identity->user = user;
  identity->addresses = true;
  return identity;
}

// By a password of the configuration; null: no match.
Known of_configuration(Network& network, const Config& config, const Credentials& given,
                       std::optional<std::string_view> mount) {
  if (is_admin(config.authentication, given)) return identity_with(AdminRole::kAdmin, given.user);
  if (is_relay(config.authentication, given)) return identity_with(AdminRole::kRelay, given.user);
  const auto facts = network.cluster->facts();
  if (const KnownNode* found = facts->known.login(given)) {
    auto identity = std::make_shared<Identity>(*identity_with(AdminRole::kRelay, given.user));
    identity->node = found->id;
    return identity;
  }
  if (!mount) return nullptr;
  const MountSettings& settings = mount_section(config, *mount);
  if (decides_sources(settings)) return nullptr;
  auto row = source_login(config, settings, given);
  if (!row) return nullptr;
  auto identity = std::make_shared<Identity>(*identity_with(AdminRole::kSource, given.user));
  if (!settings.encoders.empty()) identity->encoder = std::move(row->username);
  return identity;
}

bool changes_nothing(Method method) {
  return method == Method::kGet || method == Method::kHead || method == Method::kOptions;
}

// Login data that a browser sends by itself needs proof that one of our pages sent the request.
bool proves_its_page(const Connection& connection, const Request& request,
                     const Identity& identity) {
  if (const std::string* header = request.headers.find(kCsrfHeader))
    return secret_equal(*header, identity.csrf);
  if (!connection.form_is_urlencoded()) return false;
  const auto field = query_param(connection.form(), "csrf");
  return field && secret_equal(*field, identity.csrf);
}

Known of_session(Worker& worker, Connection& connection) {
  LoginService& login = *worker.services.login;
  const std::string_view cookie = session_cookie(connection.request(), connection.secure());
  if (cookie.empty()) return nullptr;
  const auto session = login.sessions().judge(cookie);
  if (!session) return nullptr;
  auto identity = login.identity_of(*session);
  if (!identity) return nullptr;
  if (const std::string renewed = login.sessions().renew(*session); !renewed.empty())
    connection.add_reply_lines(cookie_line(connection, renewed));
  return std::make_shared<const Identity>(std::move(*identity));
}

Known of_proxy(Network& network, const Connection& connection, const Request& request) {
  const LoginService& login = *network.login;
  const auto plan = login.plan();
  const std::string* secret = request.headers.find(kSsoHeader);
  if (secret == nullptr || !plan->sso_from.contains(connection.sender()) ||
      !secret_equal(*secret, plan->console.sso_secret))
    return nullptr;
  const std::string named = to_lower(plan->console.sso_user);
  // With two, one is the client's own: the proxy has added its line without removing that.
  const auto& rows = request.headers.all();
  if (std::count_if(rows.begin(), rows.end(), [&](const auto& row) { return row.first == named; }) >
      1)
    return nullptr;
  const auto name = request.headers.get(named);
  const auto book = network.users.read();
  const User* user = book->user(name);
  if (user == nullptr || user->disabled) return nullptr;
  auto identity = std::make_shared<Identity>(login.identity_of(*user, Identity::Via::kProxy));
  identity->csrf = network.login->sessions().csrf("proxy " + user->name);
  return identity;
}

Known of_token(Network& network, std::string_view text) {
  const auto book = network.users.read();
  const ApiToken* token = book->token(token_digest(text));
  const std::int64_t now = unix_seconds(network.clock.wall());
  if (token == nullptr || (token->expires != 0 && token->expires <= now)) return nullptr;
  User as_user;
  static_cast<LoginRights&>(as_user) = *token;
  as_user.name = token->id;
  return std::make_shared<Identity>(network.login->identity_of(as_user, Identity::Via::kToken));
}

// Judges a source's login by a record or a backend; the stage is asked again.
Verdict judge_source(Worker& worker, Connection& connection, const MountSettings& section,
                     std::string_view mount, const Credentials& given) {
  connection.can_be_repeated(true);
  SourceAsk ask{std::string(mount), connection.ip(), given, true};
  ask_about_source(worker, connection, section, std::move(ask), false,
                   [user = given.user](Connection& waiting, const AuthVerdict& verdict) {
                     if (verdict.kind == AuthVerdict::Kind::kLater) {
                       waiting.reply_text(503, "busy, please try again later");
                       return;
                     }
                     waiting.context().sender.source_judged = true;
                     if (verdict.kind == AuthVerdict::Kind::kAllow)
                       waiting.context().sender.identity = identity_with(AdminRole::kSource, user);
                     waiting.ask_again();
                   });
  return Verdict::kPending;
}

// Judges the password on control; the stage is asked again.
Verdict judge_user(Worker& worker, Connection& connection, Credentials given, const Address& from,
                   LoginGuard::Guess guess) {
  connection.can_be_repeated(true);
  worker.services.loops.control().post([&worker, id = connection.id(), from,
                                        guess = std::move(guess),
                                        given = std::move(given)]() mutable {
    std::string user = given.user, password = given.password;
    worker.services.login->judge(
        std::move(user), std::move(password), from,
        [&worker, id, from, guess = std::move(guess), given = std::move(given)](LoginResult result,
                                                                                Identity identity) {
          worker.services.login->count(result);
          worker.services.login->judged(result, guess, given.user, from);
          worker.answer(id, [&worker, given, result,
                             identity = std::make_shared<const Identity>(std::move(identity))](
                                Connection& waiting) {
            if (result == LoginResult::kBusy) {
              waiting.reply_text(503, "busy, please try again later");
              return;
            }
            if (result == LoginResult::kRight)
              note_right_password(worker, waiting, given);
            else
              note_wrong_login(worker, waiting, given.user);
            waiting.context().sender.identity = identity;
            waiting.context().sender.password_judged = true;
            waiting.ask_again();
          });
        });
  });
  return Verdict::kPending;
}

// Neither the time nor the status reveals whether this user exists: both cases use the same queue
// and guard, and the login of the mount's source.  Where no user has the name, or the mount's
// record has it too, the source login is judged first, so that an encoder's titles are no guesses;
// otherwise admin_stage() tries it after a wrong user's password.
Verdict judge_name(Worker& worker, Connection& connection, const Credentials& given,
                   std::optional<std::string_view> mount) {
  Network& network = worker.services;
  const bool is_user = network.users.read()->user(given.user) != nullptr;
  const MountSettings* section =
      mount && !mount->empty() ? &section_of(network, connection, *mount) : nullptr;
  const bool asks_source =
      section != nullptr && decides_sources(*section) && !connection.context().sender.source_judged;
  const bool in_record =
      asks_source &&
      !possible_logins(*section, given.user, unix_seconds(network.clock.wall())).empty();
  if (asks_source && (!is_user || in_record))
    return judge_source(worker, connection, *section, *mount, given);
  const Address from = connection.peer();
  LoginGuard::Guess guess = network.login->guard().enter(given.user, given.password, from);
  if (!guess.wait) return judge_user(worker, connection, given, from, std::move(guess));
  if (asks_source) return judge_source(worker, connection, *section, *mount, given);
  return reply_slowed(worker, connection, *guess.wait);
}

}  // namespace

Asker who_asks(Worker& worker, Connection& connection, std::optional<std::string_view> mount) {
  Network& network = worker.services;
  Sender& sender = connection.context().sender;
  if (sender.identity) return {Verdict::kNext, sender.identity};
  const Request& request = connection.request();
  const bool on = network.login->on();
  Known found;
  if (const auto given = basic_credentials(request.headers)) {
    connection.user = given->user;
    if (answer_if_shut_out(worker, connection, *given)) return {Verdict::kAnswered, nullptr};
    const auto config = config_of(network, connection);
    found = of_configuration(network, *config, *given, mount);
    if (found) {
      if (found->role == AdminRole::kAdmin && answer_if_guarded(worker, connection, *given, true))
        return {Verdict::kAnswered, nullptr};
      note_right_password(worker, connection, *given);
    } else {
      // A password that was right from this peer is judged, however many wrong ones come beside it.
      const bool was_right =
          network.throttle->was_right(connection.peer(), given->user, given->password);
      if (!was_right && answer_if_throttled(worker, connection, given->user))
        return {Verdict::kAnswered, nullptr};
      // A password that is right for another purpose is no guess, and needs no judging.
      const bool elsewhere =
          network.users.read()->user(given->user) == nullptr && is_known_password(*config, *given);
      if (on && !elsewhere) return {judge_name(worker, connection, *given, mount), nullptr};
    }
  } else if (on && istarts_with(request.headers.get("authorization"), "bearer ")) {
    found = of_token(network, trim(request.headers.get("authorization").substr(7)));
  } else if (on && request.headers.find("authorization") == nullptr) {
    found = of_proxy(network, connection, request);
    if (!found) found = of_session(worker, connection);
  }
  if (on) connection.add_reply_lines("Cross-Origin-Opener-Policy: same-origin\r\n");
  if (!found) found = std::make_shared<const Identity>();
  if (!found->csrf.empty()) {
    connection.user = found->user;
    if (!changes_nothing(request.method) && !proves_its_page(connection, request, *found)) {
      connection.reply_text(403, "csrf: this request did not come from a page of this session\r\n");
      return {Verdict::kAnswered, nullptr};
    }
  }
  sender.identity = found;
  return {Verdict::kNext, std::move(found)};
}

std::function<bool()> login_holds(Worker& worker, Connection& connection) {
  const auto identity = connection.context().sender.identity;
  if (!identity) return {};
  Network& network = worker.services;
  if (identity->session)
    return [&network, session = *identity->session] {
      return network.login->sessions().lives(session) &&
             network.login->identity_of(session).has_value();
    };
  if (identity->via == Identity::Via::kToken)
    return [&network,
            text = std::string(trim(connection.request().headers.get("authorization").substr(7)))] {
      return of_token(network, text) != nullptr;
    };
  if (identity->book == nullptr) return {};
  const User* user = identity->book->user(identity->user);
  if (user == nullptr) return {};
  return [&network, name = identity->user, epoch = user->epoch] {
    const auto book = network.users.read();
    const User* now = book->user(name);
    return now != nullptr && !now->disabled && now->epoch == epoch;
  };
}

std::int64_t past_begins_ms(const Worker& worker, Connection& connection,
                            const MountSettings& section, const std::string& mount) {
  const auto identity = connection.context().sender.identity;
  if (identity && identity->role == AdminRole::kAdmin) return 0;
  return worker.services.archive->past_begins_ms(section, mount);
}

AuditEntry audit_entry(Worker& worker, Connection& connection, std::string_view action,
                       std::string_view on) {
  AuditEntry entry;
  if (const auto identity = connection.context().sender.identity) {
    entry.user = identity->user;
    entry.role = to_text(identity->role);
    entry.via = to_text(identity->via);
    entry.account = identity->account;
  }
  entry.of_account = mount_account(*config_of(worker.services, connection), on);
  entry.ip = connection.ip();
  entry.action = action;
  entry.on = on;
  return entry;
}

AskedMount asked_mount(const Identity& identity, std::string_view mount, bool named) {
  return {named, identity.owns(mount), identity.has_own_mounts()};
}

Verdict let_in_role(Worker& worker, Connection& connection, std::string_view endpoint,
                    std::string_view mount) {
  Asker asker = who_asks(worker, connection);
  if (asker.verdict != Verdict::kNext) return asker.verdict;
  static constexpr AccessRow kAdministrator;
  const AccessRow* row = stage_access(endpoint);
  const Identity& identity = *asker.identity;
  if (access_allows(row == nullptr ? kAdministrator : *row, identity.role,
                    asked_mount(identity, mount, !mount.empty())))
    return Verdict::kNext;
  if (identity.is_nobody()) note_guess(worker, connection);
  worker.services.counters.refused(Refusal::kLogin);
  refuse_asker(worker, connection, identity);
  return Verdict::kAnswered;
}

bool asks_for_many(const Worker& worker, const Connection& connection) {
  const Address& address = connection.peer();
  const bool announced = connection.socket().settings.proxy_protocol;
  return (!announced && reach_of(address) == Reach::kHost) ||
         worker.services.http.read()->trusted_proxies.contains(address);
}

}  // namespace lb
