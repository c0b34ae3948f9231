#include "app/request/login_replies.h"

#include <algorithm>
#include <utility>

#include "admin/page/player_texts.h"
#include "app/request/password_guesses.h"
#include "app/request/refusals.h"
#include "app/services/login_service.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "http/error_page.h"
#include "http/page_headers.h"
#include "net/address/reach.h"

namespace lb {
namespace {

// Browsers do not know this scheme, so they show no password dialog.
constexpr std::string_view kNoBox = "Session realm=\"icecast-lb\"";
constexpr std::string_view kPage = "text/html; charset=utf-8";

ResponseHead unauthorised_without_box() {
  ResponseHead head;
  head.status = 401;
  head.content_type = "text/plain; charset=utf-8";
  head.challenge = kNoBox;
  return head;
}

// Whether a browser fetches a part of a page (a script, a style sheet, a picture).  A password
// dialog would cover a page that has its own login, and blocks tools such as Lighthouse.
bool is_part_of_page(const Request& request) {
  const std::string_view mode = request.headers.get("sec-fetch-mode");
  return !mode.empty() && mode != "navigate";
}

}  // namespace

std::string asked_field(const Connection& connection, std::string_view name) {
  if (connection.form_is_urlencoded()) return query_param(connection.form(), name).value_or("");
  const auto json = Json::parse(connection.form(), 4);
  return json ? std::string(json->at(name).text().value_or("")) : std::string();
}

bool takes_passwords(Worker& worker, const Connection& connection) {
  return connection.secure() || worker.services.login->plan()->console.allow_plain ||
         reach_of(connection.peer()) != Reach::kPublic;
}

void audit_login(Worker& worker, const Connection& connection, const std::string& user,
                 std::string_view role, std::string_view action, std::string_view result,
                 std::string_view on) {
  AuditEntry entry;
  entry.user = user;
  entry.role = role;
  entry.via = "cookie";
  entry.ip = connection.ip();
  entry.action = action;
  entry.on = on.empty() ? std::string_view(user) : on;
  const auto book = worker.services.users.read();
  if (const User* known = book->user(user)) entry.account = entry.of_account = known->account;
  entry.result = result;
  if (result == "wrong")
    worker.services.login->audit_wrong(std::move(entry));
  else
    worker.services.login->audit(std::move(entry));
}

Verdict not_this_way(Connection& connection, std::string_view allowed) {
  reply_refusal(connection, 405, cat({"This address takes ", allowed, "\r\n"}),
                cat({"Allow: ", allowed, "\r\n"}));
  return Verdict::kAnswered;
}

std::string cookie_line(Connection& connection, std::string_view token) {
  std::string line =
      "Set-Cookie: " + session_cookie_name(connection.request(), connection.secure());
  line.append("=").append(token).append("; HttpOnly; SameSite=Strict; Path=/");
  if (connection.secure()) line += "; Secure";
  if (token.empty()) line += "; Max-Age=0";
  return line + "\r\n";
}

bool wants_login_page(Worker& worker, const Request& request) {
  return worker.services.login->on() && request.method == Method::kGet &&
         wants_page(request.headers) && request.headers.find("authorization") == nullptr;
}

std::string_view challenge_for(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  const bool from_page = worker.services.login->on() &&
                         request.headers.find("authorization") == nullptr &&
                         (!session_cookie(request, connection.secure()).empty() ||
                          request.headers.find("x-lb-csrf") != nullptr);
  return from_page ? kNoBox : kBasicChallenge;
}

void refuse_asker(Worker& worker, Connection& connection, const Identity& identity) {
  const Request& request = connection.request();
  if (identity.is_nobody() && wants_login_page(worker, request)) {
    ResponseHead head;
    head.status = 302;
    head.content_length = 0;
    head.extra =
        cat({"Location: /admin/login?back=", percent_encode(safe_way_back(request.target), false),
             "\r\n"});
    connection.reply(head, {});
    return;
  }
  if (!identity.csrf.empty()) {
    connection.reply(unauthorised_without_box(),
                     cat({"Your role (", to_text(identity.role), ") does not allow this\r\n"}));
    return;
  }
  if (worker.services.login->on() && request.headers.find("authorization") == nullptr &&
      (is_part_of_page(request) || !session_cookie(request, connection.secure()).empty())) {
    connection.reply(unauthorised_without_box(), "You need to authenticate\r\n");
    return;
  }
  reply_unauthorised(connection);
}

void reply_login_page(Worker& worker, Connection& connection, int status, LoginPage page,
                      std::string more_lines) {
  page.server = worker.services.config.read()->hostname;
  page.language = player_texts_for(connection.request().headers.get("accept-language")).language;
  ResponseHead head;
  head.status = status;
  head.content_type = kPage;
  head.challenge = kNoBox;
  head.extra =
      page_header_lines(PageKind::kPlain, worker.services.http.read()->http_headers) + more_lines;
  connection.reply_whole(std::move(head), login_page(page));
}

void reply_see_other(Connection& connection, const std::string& location, std::string more_lines) {
  ResponseHead head;
  head.status = 303;
  head.content_length = 0;
  head.extra = cat({"Location: ", location, "\r\n", std::move(more_lines)});
  connection.reply(head, {});
}

namespace {

void reply_document(Connection& connection, int status, std::string_view type, std::string body,
                    std::string more_lines) {
  ResponseHead head;
  head.status = status;
  head.content_type = type;
  head.challenge = kNoBox;
  head.extra = "X-Content-Type-Options: nosniff\r\n" + std::move(more_lines);
  connection.reply_whole(std::move(head), std::move(body));
}

}  // namespace

void reply_json(Connection& connection, int status, std::string body, std::string more_lines) {
  reply_document(connection, status, "application/json; charset=utf-8", std::move(body),
                 std::move(more_lines));
}

void reply_problem(Connection& connection, const Problem& problem, std::string more_lines) {
  reply_document(connection, problem.status(), "application/problem+json",
                 problem_json(problem, connection.request().path), std::move(more_lines));
}

std::string api_problem(const Request& request, int status, std::string_view text) {
  Problem problem{problem_of_status(status), std::string(text)};
  // A text about a parameter begins with its name.
  const std::string_view name = text.substr(0, text.find(": "));
  if (!name.empty() && name.size() < text.size() &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos)
    problem = at_parameter(std::move(problem), name);
  return problem_json(problem, request.path);
}

std::string session_cookie_name(const Request& request, bool secure) {
  const std::string_view host = request.headers.get("host");
  std::string_view port = host.substr(std::min(host.size(), host.rfind(':') + 1));
  const bool named = host.find(':') != std::string_view::npos && !port.empty() &&
                     port.size() <= 5 &&
                     port.find_first_not_of("0123456789") == std::string_view::npos;
  if (!named) port = secure ? "443" : "80";
  return std::string(secure ? "__Host-lb_session-" : "lb_session-").append(port);
}

std::string_view session_cookie(const Request& request, bool secure) {
  const std::string name = session_cookie_name(request, secure);
  for (std::string_view pair : split(request.headers.get("cookie"), ';')) {
    pair = trim(pair);
    if (pair.starts_with(name) && pair.substr(name.size(), 1) == "=")
      return pair.substr(name.size() + 1);
  }
  return {};
}

}  // namespace lb
