// The stages of pages, commands and other programs' requests (app/routes.cc).  Each decides one
// question about a request, which the head of its .cc explains.
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

// OPTIONS on any path: 204 with the CORS headers.  "OPTIONS *", libshout's first request: 200, and
// the connection stays open.
// Source: doc/decisions.md B1.
Verdict options_stage(Worker& worker, Connection& connection);

// Counts the request as a client (doc/decisions.md B9): listeners and pages up to <clients>;
// sources may exceed that by <sources>, the administrator by 4.
Verdict admit_stage(Worker& worker, Connection& connection);

// Lets only GET and HEAD pass; POST gets Icecast's 400 "unknown request".
Verdict method_stage(Worker& worker, Connection& connection);

// <alias>, for GET and HEAD: one level, first match, exact decoded path.  Without an alias "/" is
// index.html of the web root or the status page, and "/admin" redirects to "/admin/".  The
// addresses "/;…" that SHOUTcast stations have printed are the <shoutcast-mount>, and so is "/" for
// a player that asks for titles.
Verdict alias_stage(Worker& worker, Connection& connection);

// The rest: generated m3u, files of the web root, built-in files, 404.
Verdict file_stage(Worker& worker, Connection& connection);

// Whether a page of another site may read the answer.  It may read answers, also refusals, about a
// stream or a public page, but not those of the administration, for machines (/_lb/, /metrics) or
// to a source.
bool is_for_other_sites(const Request& request);

// The limit of a body that is read before the stages run, for the reports of nodes with a password.
std::size_t body_limit(Worker& worker, Connection& connection);
// The limit of the body of a JSON POST to /api/v1/session….
std::size_t login_body_limit(Worker& worker, const Request& request);

constexpr std::string_view kMetricsPath = "/metrics";

}  // namespace lb
