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

// A field of the request's JSON body or form; "": absent.
std::string asked_field(const Connection& connection, std::string_view name);
// Whether this connection may carry a password or a session.
bool takes_passwords(Worker& worker, const Connection& connection);
void audit_login(Worker& worker, const Connection& connection, const std::string& user,
                 std::string_view role, std::string_view action, std::string_view result,
                 std::string_view on = {});  // "": the user
// Answers 405.
Verdict not_this_way(Connection& connection, std::string_view allowed);

// A whole header line.  token: "" ends the cookie.
std::string cookie_line(Connection& connection, std::string_view token);

// Refuses a request.  A browser is redirected to the login page if <console> is on; every other
// client gets 401.  A browser with a session gets no password dialog.
void refuse_asker(Worker& worker, Connection& connection, const Identity& identity);
// The challenge of a 401: it opens a browser's password dialog, except for our own pages, which go
// to the login page themselves.
std::string_view challenge_for(Worker& worker, Connection& connection);
// Whether a browser asks, and has sent no password.
bool wants_login_page(Worker& worker, const Request& request);

// The page shows the server's name.
void reply_login_page(Worker& worker, Connection& connection, int status, LoginPage page,
                      std::string more_lines = {});
void reply_see_other(Connection& connection, const std::string& location, std::string more_lines);
// Answers with application/problem+json.
void reply_problem(Connection& connection, const Problem& problem, std::string more_lines = {});
// The body of an error below /api that was made by the parser or an earlier stage, not by an
// endpoint.
std::string api_problem(const Request& request, int status, std::string_view text);
void reply_json(Connection& connection, int status, std::string body, std::string more_lines = {});

// A browser keeps one cookie of a name for all ports of a host, and accepts it over http and from
// sibling domains unless the name forbids that.  So the name has the port that was asked, and over
// https "__Host-" (RFC 6265bis).
std::string session_cookie_name(const Request& request, bool secure);
// The session's cookie in the request; "": none.
std::string_view session_cookie(const Request& request, bool secure);

}  // namespace lb
