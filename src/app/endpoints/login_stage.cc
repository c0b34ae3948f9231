// login_stage(): logins and logouts: the page /admin/login, POST /admin/logout, and /api/v1/session
// and below.  Only where <console> is on.
//
// GET /admin/login is the form; its POST has user, password and back, or the token of a hand-over
// (login_handover.h).  The form loads /admin/login.js.  api/endpoints.cc describes the addresses
// below /api/v1.  DELETE /api/v1/users/NAME/sessions is answered here for users without a record.
// Thread: its worker.
// Source: doc/operators.md.
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "admin/command/security.h"
#include "admin/page/builtin.h"
#include "admin/page/json_members.h"
#include "api/read_request.h"
#include "app/endpoints/login_handover.h"
#include "app/endpoints/stages.h"
#include "app/request/login_replies.h"
#include "app/request/password_guesses.h"
#include "app/request/request_context.h"
#include "app/request/who_asks.h"
#include "app/services/event_service.h"
#include "app/services/login_service.h"
#include "app/services/worker.h"
#include "auth/guard/throttle.h"
#include "base/cat.h"
#include "base/json.h"
#include "base/strings.h"
#include "http/connections.h"
#include "http/page_headers.h"

namespace lb {
namespace {

constexpr std::string_view kLoginPath = "/admin/login", kLogoutPath = "/admin/logout";
constexpr std::string_view kScriptPath = "/admin/login.js";  // the page works without it
constexpr std::string_view kSessionPath = "/api/v1/session";
constexpr std::string_view kHandoverPath = "/api/v1/session/handover";
constexpr std::string_view kUsersPath = "/api/v1/users/", kSessionsEnd = "/sessions";
constexpr std::size_t kMaxLoginBody = 4096;

// A login being judged; its connection may end meanwhile.
struct LoginAsk {
  std::uint64_t id = 0;
  std::string user, password;
  Address from;
  LoginGuard::Guess guess;
  bool api = false;  // JSON request and answer
  std::string back;
};

std::string session_json(const Identity& identity, std::int64_t expires) {
  JsonWriter out;
  out.begin_object();
  out.key("user").text(identity.user);
  out.key("role").text(to_text(identity.role));
  text_or_null(out, "account", identity.account);
  text_or_null(out, "csrf", identity.csrf);
  number_or_null(out, "expires", expires != 0, expires);
  out.end_object();
  return out.take();
}

std::string retry_line(std::chrono::seconds wait) {
  return cat({"Retry-After: ", wait.count(), "\r\n"});
}

void refuse_attempt(Worker& worker, Connection& connection, bool api, ProblemName name,
                    std::string_view text, const std::string& user, const std::string& back,
                    std::string more_lines = {}) {
  if (api) {
    reply_problem(connection, {name, std::string(text)}, std::move(more_lines));
    return;
  }
  LoginPage page;
  page.message = text;
  page.is_alert = true;
  page.user = user;
  page.back = back;
  page.takes_password = takes_passwords(worker, connection);
  reply_login_page(worker, connection, problem_kind(name).status, page, std::move(more_lines));
}

void settle_login(Worker& worker, Connection& waiting, const LoginAsk& ask, LoginResult result,
                  const Identity& identity) {
  Accounts& accounts = worker.services;
  LoginService& login = *accounts.login;
  if (result == LoginResult::kBusy) {
    refuse_attempt(worker, waiting, ask.api, ProblemName::kOverloaded,
                   "Too many logins are being judged: please try again in a moment", ask.user,
                   ask.back, retry_line(std::chrono::seconds(1)));
    return;
  }
  if (result == LoginResult::kWrong) {
    accounts.counters.refused(Refusal::kLogin);
    accounts.refusals->warn("login/login", waiting.ip(),
                            cat({"login of \"", ask.user, "\" from ", waiting.ip(),
                                 ": wrong user or password; refused"}));
    audit_login(worker, waiting, ask.user, "none", "login", "wrong");
    refuse_attempt(worker, waiting, ask.api, ProblemName::kWrongLogin, kWrongLoginText, ask.user,
                   ask.back);
    return;
  }
  const std::string token = login.begin_session(identity);
  const auto session = login.sessions().judge(token);
  if (!session) {
    refuse_attempt(worker, waiting, ask.api, ProblemName::kOverloaded,
                   "The keys of sessions are not here yet: please try again in a moment", ask.user,
                   ask.back, retry_line(std::chrono::seconds(1)));
    return;
  }
  note_right_password(worker, waiting, {ask.user, ask.password});
  waiting.user = identity.user;
  accounts.log.info("login/login",
                    cat({"login of \"", identity.user, "\" (", to_text(identity.role), ") from ",
                         waiting.ip(), ": a session has begun"}));
  audit_login(worker, waiting, identity.user, to_text(identity.role), "login", "ok");
  const std::string cookie = cookie_line(waiting, token);
  if (!ask.api) {
    reply_see_other(waiting, ask.back, cookie);
    return;
  }
  Identity shown = identity;
  shown.csrf = login.sessions().csrf(session->sid);
  reply_json(waiting, 200, session_json(shown, session->expires), cookie);
}

// Reads {"user","password"}, or returns what is wrong with it.
std::optional<Problem> login_body_problem(Connection& connection, LoginAsk& ask) {
  const Request& request = connection.request();
  FoundEndpoint found = find_endpoint(Method::kPost, kSessionPath);
  if (const auto bytes = body_bytes(request, *found.endpoint);
      !std::holds_alternative<std::uint64_t>(bytes))
    return std::get<Problem>(bytes);
  const auto read = read_request(request, std::move(found), connection.form());
  if (const auto* problem = std::get_if<Problem>(&read)) return *problem;
  const Json& json = std::get<ApiRequest>(read).json;
  ask.user = json.at("user").text().value_or("");
  ask.password = json.at("password").text().value_or("");
  std::vector<JsonFault> faults;
  if (!is_login_name(ask.user)) faults.push_back({"/user", "the name of a login is needed"});
  if (ask.password.empty()) faults.push_back({"/password", "its password is needed"});
  if (faults.empty()) return std::nullopt;
  return invalid(std::move(faults));
}

// Takes the form, or {"user","password"}.
Verdict begin_login(Worker& worker, Connection& connection, bool api) {
  Accounts& accounts = worker.services;
  LoginService& login = *accounts.login;
  LoginAsk ask;
  ask.id = connection.id();
  std::optional<Problem> problem;
  if (api) {
    problem = login_body_problem(connection, ask);
  } else {
    ask.user = asked_field(connection, "user");
    ask.password = asked_field(connection, "password");
    ask.back = safe_way_back(asked_field(connection, "back"));
  }
  ask.from = connection.peer();
  ask.api = api;
  connection.user = is_login_name(ask.user) ? ask.user : "";
  const auto refuse = [&](ProblemName name, std::string_view text, std::string more_lines = {}) {
    refuse_attempt(worker, connection, api, name, text, ask.user, ask.back, std::move(more_lines));
    return Verdict::kAnswered;
  };
  if (!same_site_request(connection.request().headers))
    return refuse(ProblemName::kOtherSite, "This login came from a page of another site");
  if (!takes_passwords(worker, connection))
    return refuse(ProblemName::kPlainHttp, "Passwords are not accepted over plain http from here");
  if (problem) {
    reply_problem(connection, *problem);
    return Verdict::kAnswered;
  }
  if (!is_login_name(ask.user) || ask.password.empty())
    return refuse(ProblemName::kBadRequest, "A user and a password are needed");
  const auto slowed = [&](std::chrono::seconds wait) {
    login.count(LoginResult::kSlowed);
    accounts.counters.refused(Refusal::kGuesses);
    return refuse(ProblemName::kSlowed,
                  cat({"Too many wrong passwords: please try again in ", wait.count(), " s"}),
                  retry_line(wait));
  };
  PasswordThrottle& throttle = *accounts.throttle;
  if (!throttle.was_right(ask.from, ask.user, ask.password)) {
    if (const auto wait = throttle.blocked(ask.from, ask.user)) {
      throttle.wrong_again(ask.from, ask.user);
      return slowed(*wait);
    }
  }
  ask.guess = login.guard().enter(ask.user, ask.password, ask.from);
  if (ask.guess.wait) return slowed(*ask.guess.wait);
  // Counted before the judgment, so that a thousand at once have no more tries than one by one.
  throttle.wrong(ask.from, ask.user);
  accounts.loops.control().post([&worker, ask = std::move(ask)]() mutable {
    std::string user = ask.user, password = ask.password;
    const auto kept = std::make_shared<const LoginAsk>(std::move(ask));
    worker.services.login->judge(
        std::move(user), std::move(password), kept->from,
        [&worker, kept](LoginResult result, Identity who) {
          LoginService& logins = *worker.services.login;
          logins.count(result);
          logins.judged(result, kept->guess, kept->user, kept->from);
          worker.answer(
              kept->id,
              [&worker, kept, result, who = std::make_shared<const Identity>(std::move(who))](
                  Connection& waiting) { settle_login(worker, waiting, *kept, result, *who); });
        });
  });
  return Verdict::kPending;
}

bool is_delete(const Request& request) { return request.method_text == "DELETE"; }

// kNext: the request has a login of some role.
Asker which_login(Worker& worker, Connection& connection) {
  Asker asker = who_asks(worker, connection);
  if (asker.verdict != Verdict::kNext || asker.identity->role >= AdminRole::kViewer) return asker;
  if (asker.identity->is_nobody()) note_guess(worker, connection);
  reply_problem(connection, {ProblemName::kLogin, "The session is missing or has ended"});
  return {Verdict::kAnswered, nullptr};
}

Verdict login_form(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method == Method::kPost) {
    if (const std::string token = asked_field(connection, "token"); !token.empty())
      return take_over_session(worker, connection, token);
    connection.add_reply_lines("Cross-Origin-Opener-Policy: same-origin\r\n");
    return begin_login(worker, connection, false);
  }
  if (request.method != Method::kGet && request.method != Method::kHead)
    return not_this_way(connection, "GET, HEAD, POST");
  const Asker asker = who_asks(worker, connection);
  if (asker.verdict != Verdict::kNext) return asker.verdict;
  LoginPage page;
  page.back = safe_way_back(query_param(request.query, "back").value_or(""));
  if (asker.identity->via == Identity::Via::kCookie) {
    reply_see_other(connection, page.back, {});
    return Verdict::kAnswered;
  }
  page.takes_password = takes_passwords(worker, connection);
  if (query_param(request.query, "out"))
    page.message = kLoggedOut;
  else if (!session_cookie(request, connection.secure()).empty())
    page.message = kSessionOver;
  reply_login_page(worker, connection, 200, page);
  return Verdict::kAnswered;
}

Verdict send_script(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet && request.method != Method::kHead)
    return not_this_way(connection, "GET, HEAD");
  const std::string_view bytes = builtin_file("admin/login.js")->bytes;
  ResponseHead head;
  head.content_type = "text/javascript; charset=utf-8";
  head.extra = nosniff_line(worker.services.http.read()->http_headers);
  connection.reply_whole(std::move(head), std::string(bytes));
  return Verdict::kAnswered;
}

Verdict end_session(Worker& worker, Connection& connection, bool form) {
  if (!same_site_request(connection.request().headers)) {
    reply_problem(connection, {ProblemName::kOtherSite, "Other sites change nothing here"});
    return Verdict::kAnswered;
  }
  const Asker asker = who_asks(worker, connection);
  if (asker.verdict != Verdict::kNext) return asker.verdict;
  LoginService& login = *worker.services.login;
  const Identity& identity = *asker.identity;
  if (identity.session) {
    login.end_session(*identity.session);
    audit_login(worker, connection, identity.user, to_text(identity.role), "logout", "ok");
    worker.services.log.info(
        "login/logout", cat({"\"", identity.user, "\" has logged out from ", connection.ip()}));
  }
  const std::string cookie = cookie_line(connection, "");
  if (form) {
    reply_see_other(connection, cat({kLoginPath, "?out=1"}), cookie);
  } else if (identity.is_nobody()) {
    reply_problem(connection, {ProblemName::kLogin, "The session is missing or has ended"}, cookie);
  } else {
    ResponseHead head;
    head.status = 204;
    head.extra = cookie;
    connection.reply(head, {});
  }
  return Verdict::kAnswered;
}

Verdict log_out(Worker& worker, Connection& connection) {
  if (connection.request().method != Method::kPost) return not_this_way(connection, "POST");
  return end_session(worker, connection, true);
}

Verdict answer_session(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method == Method::kPost) return begin_login(worker, connection, true);
  if (is_delete(request)) return end_session(worker, connection, false);
  if (request.method != Method::kGet && request.method != Method::kHead)
    return not_this_way(connection, "GET, HEAD, POST, DELETE");
  const Asker asker = which_login(worker, connection);
  if (asker.verdict != Verdict::kNext) return asker.verdict;
  const Identity& identity = *asker.identity;
  reply_json(connection, 200,
             session_json(identity, identity.session ? identity.session->expires : 0));
  return Verdict::kAnswered;
}

Verdict end_all_sessions(Worker& worker, Connection& connection, const std::string& user) {
  if (!is_delete(connection.request())) return not_this_way(connection, "DELETE");
  if (!same_site_request(connection.request().headers)) {
    reply_problem(connection, {ProblemName::kOtherSite, "Other sites change nothing here"});
    return Verdict::kAnswered;
  }
  const Asker asker = which_login(worker, connection);
  if (asker.verdict != Verdict::kNext) return asker.verdict;
  const Identity& identity = *asker.identity;
  // api_stage() answers as for an existing user, so that the answer does not reveal names.
  if (identity.role != AdminRole::kAdmin && identity.user != user) return Verdict::kNext;
  worker.services.login->sessions().end_all(user);
  AuditEntry entry = audit_entry(worker, connection, "end-sessions", user);
  entry.of_account = entry.account;
  entry.result = "ok";
  worker.services.login->audit(std::move(entry));
  ResponseHead head;
  head.status = 204;
  connection.reply(head, {});
  return Verdict::kAnswered;
}

}  // namespace

std::size_t login_body_limit(Worker& worker, const Request& request) {
  const bool ours = request.path == kSessionPath || request.path == kHandoverPath;
  return ours && worker.services.login->plan()->api ? kMaxLoginBody : 0;
}

Verdict login_stage(Worker& worker, Connection& connection) {
  const LoginService& login = *worker.services.login;
  if (!login.on()) return Verdict::kNext;
  const Request& request = connection.request();
  const std::string& path = request.path;
  if (path == kLoginPath) return login_form(worker, connection);
  if (path == kScriptPath) return send_script(worker, connection);
  if (path == kLogoutPath) return log_out(worker, connection);
  if (!login.plan()->api) return Verdict::kNext;
  if (path == kSessionPath) return answer_session(worker, connection);
  if (path == kHandoverPath) return hand_over_session(worker, connection);
  if (path.starts_with(kUsersPath) && path.ends_with(kSessionsEnd) &&
      path.size() > kUsersPath.size() + kSessionsEnd.size()) {
    const std::string user =
        path.substr(kUsersPath.size(), path.size() - kUsersPath.size() - kSessionsEnd.size());
    // A user of the store has an epoch in its record, which api_stage() raises.
    if (worker.services.users.read()->user(user) != nullptr) return Verdict::kNext;
    return end_all_sessions(worker, connection, user);
  }
  return Verdict::kNext;
}

}  // namespace lb
