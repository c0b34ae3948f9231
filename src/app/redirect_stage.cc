#include "app/redirect_stage.h"

#include "app/cluster_plans.h"
#include "app/cluster_service.h"
#include "app/listen_stage.h"
#include "app/worker.h"
#include "auth/passwords.h"
#include "base/encoding.h"
#include "cluster/relay_marks.h"

namespace lb {
namespace {

// What RFC 3986 lets stand in a path.
constexpr std::string_view kPathMarks = "/!$&'()*+,;=:@";

std::string path_text(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (kPathMarks.find(path[i]) != std::string_view::npos)
      out += path[i];
    else
      out += percent_encode(path.substr(i, 1), true);
  }
  return out;
}

// A query is kept as it was sent, but for bytes that no address may hold.
std::string query_text(std::string_view query) {
  std::string out;
  for (std::size_t i = 0; i < query.size(); ++i) {
    const auto byte = static_cast<unsigned char>(query[i]);
    const bool plain =
        byte > 0x20 && byte < 0x7f && query[i] != '"' && query[i] != '<' && query[i] != '>';
    if (plain)
      out += query[i];
    else
      out += percent_encode(query.substr(i, 1), false);
  }
  return out;
}

ClientPass& pass_of(Connection& connection) {
  if (!connection.held) connection.held = std::make_unique<ClientPass>();
  return static_cast<ClientPass&>(*connection.held);
}

// The administrator looks at what this node does; a relay with its password needs no other mark.
bool has_own_password(const Config& config, const ClusterFacts& facts, const Request& request) {
  if (request.headers.find("authorization") == nullptr) return false;
  const auto given = basic_credentials(request.headers);
  const PasswordSettings known = Services::passwords(config);
  return is_admin(known, given) || is_relay(known, given) || facts.known.login(given) != nullptr;
}

void refuse_full(Connection& connection, std::chrono::seconds retry_after) {
  ResponseHead head;
  head.status = 503;
  head.content_type = "text/plain; charset=utf-8";
  head.extra =
      "Retry-After: " + std::to_string(retry_after.count()) + "\r\nX-Reason: cluster-full\r\n";
  connection.reply(head, "All servers are full, please try again\r\n");
}

void carry_out(Worker& worker, std::uint64_t id, const RedirectAnswer& answer) {
  Connection* waiting = worker.connections.find(id);
  if (waiting == nullptr) return;
  const Request& request = waiting->request();
  switch (answer.kind) {
    case RedirectAnswer::Kind::kServeRelay:
      pass_of(*waiting).is_server = true;
      waiting->resume(Verdict::kNext);
      return;
    case RedirectAnswer::Kind::kServe:
      waiting->resume(Verdict::kNext);
      return;
    case RedirectAnswer::Kind::kRedirect:
      waiting->reply_bytes(
          302, redirect_reply(answer.origin, request.path, request.query, answer.token));
      return;
    case RedirectAnswer::Kind::kRefuse:
      refuse_full(*waiting, answer.retry_after);
      return;
  }
}

}  // namespace

std::string redirect_location(std::string_view origin, std::string_view path,
                              std::string_view query, std::string_view token) {
  std::string out(origin);
  out += path_text(path);
  if (!query.empty()) out += "?" + query_text(query);
  if (!token.empty()) out.append(query.empty() ? "?" : "&").append("lb=").append(token);
  return out;
}

std::string redirect_reply(std::string_view origin, std::string_view path, std::string_view query,
                           std::string_view token) {
  const std::string location = redirect_location(origin, path, query, token);
  const std::string escaped = html_escape(location);
  const std::string body = "<a href=\"" + escaped + "\">" + escaped + "</a>\r\n";
  return "HTTP/1.0 302 Temporarily Moved\r\nLocation: " + location +
         "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: " +
         std::to_string(body.size()) +
         "\r\nConnection: close\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: "
         "*\r\n\r\n" +
         body;
}

RedirectAsk make_redirect_ask(const Services& services, Connection& connection,
                              const std::string& mount, const ClusterFacts& facts) {
  const Request& request = connection.request();
  RedirectAsk ask;
  ask.mount = mount;
  ask.scheme = connection.secure() ? PublicScheme::kHttps : PublicScheme::kHttp;
  ask.client = connection.peer();
  ask.user_agent = request.headers.get("user-agent");
  ask.needs = protections_of(mount_section(*services.config.read(), mount));
  // Players of the time before Host: know no redirect either.
  const bool old = request.protocol != Protocol::kHttp ||
                   (request.version_minor == 0 && request.headers.find("host") == nullptr);
  ask.direct = old || cannot_follow(ask.user_agent, facts.no_redirect);
  return ask;
}

Verdict ArrivalStage::handle(Connection& connection) {
  Request& request = connection.request();
  if (request.query.find("lb=") == std::string::npos) return Verdict::kNext;
  const auto token = take_token(request.query);
  if (!token) return Verdict::kNext;
  request.target = request.target.substr(0, request.target.find('?'));
  if (!request.query.empty()) request.target += "?" + request.query;
  const auto facts = worker_.services.cluster->facts();
  RedirectToken best;
  for (const std::string& name : facts->names) {
    best = facts->keys.check(*token, name, request.path, worker_.services.clock.wall());
    if (best.verdict != RedirectToken::Verdict::kForged) break;
  }
  ClientPass& pass = pass_of(connection);
  pass.redirected = best.verdict == RedirectToken::Verdict::kValid;
  pass.redirected_by = best.master;
  return Verdict::kNext;
}

Verdict RedirectStage::handle(Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet) return Verdict::kNext;
  ClusterService& cluster = *worker_.services.cluster;
  ClientPass& pass = pass_of(connection);
  if (is_own_product(request.headers)) {
    const auto facts = cluster.facts();
    if (const std::string circle = circle_in_request(request.headers, facts->id); !circle.empty()) {
      connection.reply_text(508, circle + "\r\n");
      return Verdict::kAnswered;
    }
  }
  const bool redirects = cluster.redirects();
  if (!redirects && !cluster.wants_tokens() && !pass.redirected) return Verdict::kNext;
  const auto mount = worker_.services.mounts.find(request.path);
  if (!mount || mount->phase() == MountPhase::kEnded) return Verdict::kNext;
  const auto facts = cluster.facts();
  if (pass.redirected) cluster.count_arrival(pass.redirected_by);
  const auto config = worker_.services.config.read();
  if (mount_section(*config, request.path).no_mount || is_safari_probe(request))
    return Verdict::kNext;
  if (says_relay(request.headers, config->server_id) || has_own_password(*config, *facts, request))
    return Verdict::kNext;
  return ask(connection, *facts, redirects);
}

Verdict RedirectStage::ask(Connection& connection, const ClusterFacts& facts, bool redirects) {
  ClientPass& pass = pass_of(connection);
  RedirectAsk asked =
      make_redirect_ask(worker_.services, connection, connection.request().path, facts);
  asked.redirected = pass.redirected;
  if (!redirects) {
    if (pass.redirected) return Verdict::kNext;
    if (facts.require == TokenRequire::kHard) {
      connection.reply_text(403, "Please ask the first server again\r\n");
      return Verdict::kAnswered;
    }
  }
  worker_.services.loops.control().post(
      [&worker = worker_, id = connection.id(), redirects, asked = std::move(asked)]() mutable {
        const auto then = [&worker, id](RedirectAnswer answer) {
          worker.loop.post(
              [&worker, id, answer = std::move(answer)] { carry_out(worker, id, answer); });
        };
        ClusterService& cluster = *worker.services.cluster;
        if (redirects)
          cluster.decide(std::move(asked), then);
        else
          then(cluster.bounce(asked));
      });
  return Verdict::kPending;
}

}  // namespace lb
