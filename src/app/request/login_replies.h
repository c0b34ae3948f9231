// The answers around logins: cookies, problems of the API, the way to the login page.
// Thread: the connection's worker.
// Source: RFC 6265bis (cookies), RFC 9457 (problems); doc/operators.md.
#pragma once

#include <string>
#include <string_view>

#include "admin/page/identity.h"
#include "admin/page/login_page.h"
#include "api/request/problem.h"
#include "http/connection.h"
#include "http/message.h"

namespace lb {

struct Worker;

// What a request says, as JSON or as a form; "": nothing.
std::string asked_field(const Connection& connection, std::string_view name);
// Whether a password, or what is worth as much, may come by this connection.
bool takes_passwords(Worker& worker, const Connection& connection);
void audit_login(Worker& worker, const Connection& connection, const std::string& user,
                 std::string_view role, std::string_view action, std::string_view result,
                 std::string_view on = {});  // "": the user
// 405.
Verdict not_this_way(Connection& connection, std::string_view allowed);

// A whole header line.  token: "" ends the cookie.
std::string cookie_line(Connection& connection, std::string_view token);

// The sender may not have this.  A person in a browser is sent to the login page, where <console>
// is; everything else gets 401.  A browser that has a session gets no box for passwords.
void refuse_asker(Worker& worker, Connection& connection, const Identity& identity);
// Of a 401: a browser shows a box for passwords on it, but not to a page of ours, which leads to
// the login page by itself.
std::string_view challenge_for(Worker& worker, Connection& connection);
// Whether a person in a browser asks, that has shown no password.
bool wants_login_page(Worker& worker, const Request& request);

// The page says the server's own name.
void reply_login_page(Worker& worker, Connection& connection, int status, LoginPage page,
                      std::string more_lines = {});
void reply_see_other(Connection& connection, const std::string& location, std::string more_lines);
// application/problem+json.
void reply_problem(Connection& connection, const Problem& problem, std::string more_lines = {});
// The body of an error below /api that no endpoint has made: of the parser, of a stage before it.
std::string api_problem(const Request& request, int status, std::string_view text);
void reply_json(Connection& connection, int status, std::string body, std::string more_lines = {});

// A browser keeps one cookie of a name for all ports of a host, and takes it over http and from
// neighbours in the domain unless the name forbids that: so it has the port that the browser asks,
// and over https "__Host-" (RFC 6265bis).
std::string session_cookie_name(const Request& request, bool secure);
// The session's cookie in the request; "": none.
std::string_view session_cookie(const Request& request, bool secure);

}  // namespace lb
