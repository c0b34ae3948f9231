// The stages of pages, of commands and of what other programs ask (app/routes.cc).  Each decides
// one question about a request; the head of its file says how.
// Thread: their worker.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/connection.h"

namespace lb {

struct Worker;

Verdict acme_stage(Worker& worker, Connection& connection);
Verdict admin_stage(Worker& worker, Connection& connection);
Verdict agent_stage(Worker& worker, Connection& connection);
Verdict api_stage(Worker& worker, Connection& connection);
Verdict console_stage(Worker& worker, Connection& connection);
Verdict event_stage(Worker& worker, Connection& connection);
Verdict health_stage(Worker& worker, Connection& connection);
Verdict https_stage(Worker& worker, Connection& connection);
Verdict link_stage(Worker& worker, Connection& connection);
Verdict login_stage(Worker& worker, Connection& connection);
Verdict metrics_stage(Worker& worker, Connection& connection);
Verdict now_feed_stage(Worker& worker, Connection& connection);
Verdict picture_stage(Worker& worker, Connection& connection);
Verdict player_stage(Worker& worker, Connection& connection);
Verdict proof_stage(Worker& worker, Connection& connection);
Verdict stats_stage(Worker& worker, Connection& connection);

// OPTIONS on anything: 204 with the CORS headers; "OPTIONS *" (libshout's first question): 200 and
// the connection stays open.
// Source: doc/decisions.md B1.
Verdict options_stage(Worker& worker, Connection& connection);

// Counts the request as a client (doc/decisions.md B9): listeners and pages up to <clients>;
// sources may go above it by <sources>, the administrator by 4.
Verdict admit_stage(Worker& worker, Connection& connection);

// Only GET and HEAD go on; POST is Icecast's 400 "unknown request".
Verdict method_stage(Worker& worker, Connection& connection);

// <alias>: of GET and HEAD, one level, first hit, exact match of the decoded path.  Where there is
// none for it, "/" is index.html of the web root or else the status page, and "/admin" leads to
// "/admin/".  The addresses that SHOUTcast's stations have printed, "/;…", are the
// <shoutcast-mount>, and so is "/" to a player that asks for titles.
Verdict alias_stage(Worker& worker, Connection& connection);

// What no other stage has: generated m3u, files of the web root, built-in files, 404.
Verdict file_stage(Worker& worker, Connection& connection);

// May a page of another site read the answer?  Of streams and public pages, refusals included; not
// of the administration, of what machines ask (/_lb/, /metrics), nor of what a source is told.
bool is_for_other_sites(const Request& request);

// The most of a body that is read for a request before its stages: of a report, from a node
// that has a password for it.
std::size_t body_limit(Worker& worker, Connection& connection);
// The same of POST /api/v1/session…, where it is JSON.
std::size_t login_body_limit(Worker& worker, const Request& request);

constexpr std::string_view kMetricsPath = "/metrics";

}  // namespace lb
