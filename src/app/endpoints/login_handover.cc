#include "app/endpoints/login_handover.h"

#include <algorithm>
#include <utility>

#include "admin/command/cluster_json.h"
#include "admin/command/cluster_sight.h"
#include "admin/command/security.h"
#include "admin/page/login_page.h"
#include "app/cluster/cluster_service.h"
#include "app/pages/station.h"
#include "app/request/login_replies.h"
#include "app/request/password_guesses.h"
#include "app/request/request_config.h"
#include "app/request/who_asks.h"
#include "app/services/login_service.h"
#include "app/services/worker.h"
#include "app/topology/own_origins.h"
#include "base/cat.h"
#include "base/json.h"
#include "cluster/nodes/public_address.h"
#include "config/settings/config.h"
#include "http/error_page.h"

namespace lb {
namespace {

constexpr std::string_view kHandoverPage = "text/html; charset=utf-8";

// The address of a node's login page, https before http; "": none, as for servers that only the
// configuration knows and old ones that poll.
std::string origin_of_node(const ClusterSight& sight, const std::string& id) {
  std::string found;
  for (const Node& node : sight.table.nodes()) {
    if (node.id != id || !takes_sessions(node)) continue;
    for (const NodeAddress& address : node.addresses) {
      std::string origin = origin_of(address);
      if (origin.starts_with("https:")) return origin;
      if (found.empty()) found = std::move(origin);
    }
  }
  return found;
}

void reply_handover(Worker& worker, Connection& connection, const Identity& identity,
                    const std::string& node, const std::string& origin) {
  if (origin.empty()) {
    reply_problem(connection, {ProblemName::kNoSuchNode,
                               "No node of this name is linked and has a public address"});
    return;
  }
  const std::string token = worker.services.login->sessions().hand_over(*identity.session, node);
  if (token.empty()) {
    reply_problem(connection,
                  {ProblemName::kHandedOver,
                   "This session was handed over by another master, as whose administrator it "
                   "began: other nodes take it from there"});
    return;
  }
  audit_login(worker, connection, identity.user, to_text(identity.role), "handover", "ok", node);
  if (!wants_page(connection.request().headers)) {
    JsonWriter out;
    out.begin_object();
    out.key("node").text(node).key("origin").text(origin).key("token").text(token);
    out.end_object();
    reply_json(connection, 200, out.take(), "Cache-Control: no-store\r\n");
    return;
  }
  ResponseHead head;
  head.content_type = kHandoverPage;
  // A stricter policy makes the browser send "Origin: null", or none from https to http.
  head.extra =
      cat({"Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action ", origin,
           "; frame-ancestors 'none'\r\nX-Frame-Options: DENY\r\nReferrer-Policy: origin\r\n"
           "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"});
  connection.reply(head, handover_page(origin, token));
}

// Why this request cannot be handed over; "": it can.
std::string_view refusal_of(Worker& worker, Connection& connection, ProblemName& name) {
  if (!worker.services.login->plan()->hands_over) {
    name = ProblemName::kNoStore;
    return "Nodes know the keys of masters that have a <store>, and this server has none";
  }
  const std::string_view origin = connection.request().headers.get("origin");
  const auto own = own_origins(*config_of(worker.services, connection));
  if (!origin.empty() && std::find(own.begin(), own.end(), origin) == own.end()) {
    name = ProblemName::kOrigin;
    return "Nodes do not know the address at which this page was opened as one of this server: "
           "it belongs in <console origin>";
  }
  return "";
}

Verdict refuse_handover(Worker& worker, Connection& connection, const std::string& origin,
                        const Error& why) {
  worker.services.counters.refused(Refusal::kLogin);
  worker.services.log.warn(
      "login/handover",
      cat({"the session that ", connection.ip(), " brings along from ",
           origin.empty() ? "no page" : origin, " was not taken over: ", why.what}));
  LoginPage page;
  page.message = "This hand-over is not valid here, or has been used. Please log in.";
  page.is_alert = true;
  page.back = safe_way_back("");
  page.takes_password = takes_passwords(worker, connection);
  reply_login_page(worker, connection, 401, page);
  return Verdict::kAnswered;
}

}  // namespace

Verdict hand_over_session(Worker& worker, Connection& connection) {
  if (connection.request().method != Method::kPost) return not_this_way(connection, "POST");
  if (!same_site_request(connection.request().headers)) {
    reply_problem(connection, {ProblemName::kOtherSite, "Other sites change nothing here"});
    return Verdict::kAnswered;
  }
  const Asker asker = who_asks(worker, connection);
  if (asker.verdict != Verdict::kNext) return asker.verdict;
  if (!asker.identity->session) {
    const bool nobody = asker.identity->role < AdminRole::kViewer;
    if (asker.identity->is_nobody()) note_guess(worker, connection);
    reply_problem(connection, {nobody ? ProblemName::kLogin : ProblemName::kForbidden,
                               "Only a session can be handed over to another node"});
    return Verdict::kAnswered;
  }
  ProblemName name{};
  if (const std::string_view why = refusal_of(worker, connection, name); !why.empty()) {
    reply_problem(connection, {name, std::string(why)});
    return Verdict::kAnswered;
  }
  const std::string node = asked_field(connection, "node");
  worker.services.loops.control().post(
      [&worker, id = connection.id(), node, identity = asker.identity] {
        const std::string origin = origin_of_node(worker.services.station->cluster(), node);
        worker.answer(id, [&worker, node, origin, identity](Connection& waiting) {
          reply_handover(worker, waiting, *identity, node, origin);
        });
      });
  return Verdict::kPending;
}

Verdict take_over_session(Worker& worker, Connection& connection, const std::string& token) {
  LoginService& login = *worker.services.login;
  const std::string origin(connection.request().headers.get("origin"));
  if (!takes_passwords(worker, connection))
    return refuse_handover(worker, connection, origin,
                           Error::denied("it came over plain http, where others can read it"));
  auto handed = login.sessions().take_over(token, origin, [&worker](std::string_view master) {
    const auto ahead = worker.services.cluster->master_clocks()->of(master);
    return std::int64_t{std::chrono::round<std::chrono::seconds>(ahead).count()};
  });
  if (!handed) return refuse_handover(worker, connection, origin, handed.error());
  const std::string cookie = login.sessions().begin(*std::move(handed));
  const auto session = login.sessions().judge(cookie);
  const auto identity = session ? login.identity_of(*session) : std::nullopt;
  if (!identity)
    return refuse_handover(worker, connection, origin,
                           Error::denied("all sessions of its user have been ended here"));
  connection.user = identity->user;
  worker.services.log.info(
      "login/handover",
      cat({"\"", identity->user, "\" (", to_text(identity->role), ") has come from ", origin,
           " by ", connection.ip(), ": a session has begun"}));
  audit_login(worker, connection, identity->user, to_text(identity->role), "handed-over", "ok",
              origin);
  ResponseHead head;
  head.content_type = kHandoverPage;
  // A 200 with a page that goes on by itself: in a redirect from another site the browser would not
  // send the cookie.
  head.extra = cookie_line(connection, cookie) +
               "Content-Security-Policy: default-src 'self'; base-uri 'none'; frame-ancestors "
               "'none'\r\nX-Frame-Options: DENY\r\nReferrer-Policy: same-origin\r\n"
               "Cross-Origin-Opener-Policy: same-origin\r\nX-Content-Type-Options: nosniff\r\n";
  connection.reply(head, go_on_page("/admin/"));
  return Verdict::kAnswered;
}

}  // namespace lb
