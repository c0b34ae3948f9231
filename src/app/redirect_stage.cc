#include "app/redirect_stage.h"

#include "app/auth_stage.h"
#include "app/cluster_plans.h"
#include "app/cluster_service.h"
#include "app/country_watch.h"
#include "app/health_stage.h"
#include "app/listen_stage.h"
#include "app/worker.h"
#include "auth/passwords.h"
#include "cluster/redirect_reply.h"
#include "cluster/relay_marks.h"

namespace lb {
namespace {

ClientPass& pass_of(Connection& connection) {
  if (!connection.held) connection.held = std::make_unique<ClientPass>();
  return static_cast<ClientPass&>(*connection.held);
}

// The administrator looks at what this node does; a relay with its password needs no other mark.
// Only those names are looked at: what else a listener sends is for the mount's authenticator.  The
// answers differ, so a wrong password is a guess like everywhere else.
enum class Login : std::uint8_t { kNone, kOurs, kThrottled };
Login login_of(Worker& worker, Connection& connection, const Config& config,
               const ClusterFacts& facts) {
  if (connection.request().headers.find("authorization") == nullptr) return Login::kNone;
  const auto given = basic_credentials(connection.request().headers);
  const PasswordSettings known = Services::passwords(config);
  const bool concerns_us =
      given && (given->user == known.admin_user || given->user == known.relay_user ||
                facts.known.node(given->user) != nullptr);
  if (!concerns_us) return Login::kNone;
  if (answer_if_throttled(worker, connection, given->user)) return Login::kThrottled;
  if (is_admin(known, given) || is_relay(known, given) || facts.known.login(given) != nullptr)
    return Login::kOurs;
  note_wrong_password(worker, connection, given->user);
  return Login::kNone;
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
      pass_of(*waiting).direct = answer.direct;
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

bool lacks_token(const Services& services, Connection& connection) {
  const ClusterService& cluster = *services.cluster;
  if (!cluster.wants_tokens() || cluster.redirects() ||
      cluster.facts()->require != TokenRequire::kHard)
    return false;
  const auto* pass = static_cast<const ClientPass*>(connection.held.get());
  return (pass == nullptr || !pass->redirected) &&
         !says_relay(connection.request().headers, services.config.read()->server_id);
}

void bounce_while_draining(Worker& worker, Connection& connection) {
  RedirectAsk asked = make_redirect_ask(worker.services, connection, connection.request().path,
                                        *worker.services.cluster->facts());
  worker.services.loops.control().post_together(
      [&worker, id = connection.id(), asked = std::move(asked)] {
        worker.loop.post_together([&worker, id, answer = worker.services.cluster->bounce(asked)] {
          Connection* waiting = worker.connections.find(id);
          if (waiting == nullptr) return;
          if (answer.kind == RedirectAnswer::Kind::kServe && answer_if_draining(worker, *waiting))
            return;
          carry_out(worker, id, answer);
        });
      });
}

RedirectAsk make_redirect_ask(const Services& services, Connection& connection,
                              const std::string& mount, const ClusterFacts& facts) {
  const Request& request = connection.request();
  RedirectAsk ask;
  ask.mount = mount;
  ask.scheme = connection.secure() ? PublicScheme::kHttps : PublicScheme::kHttp;
  ask.client = connection.peer();
  ask.country = services.countries->country_of(ask.client);
  ask.user_agent = request.headers.get("user-agent");
  ask.needs = protections_of(mount_section(*services.config.read(), mount));
  // Players of the time before Host: know no redirect either.
  const bool old = request.protocol != Protocol::kHttp ||
                   (request.version_minor == 0 && request.headers.find("host") == nullptr);
  ask.direct = old || cannot_follow(ask.user_agent, facts.no_redirect);
  ask.bare = request.headers.find("accept") == nullptr && request.headers.find("range") == nullptr;
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
  const WallTime now = worker_.services.clock.wall();
  RedirectToken best;
  for (const std::string& name : facts->names) {
    best = facts->keys.check(*token, name, request.path, now);
    if (best.verdict != RedirectToken::Verdict::kForged) break;
  }
  ClientPass& pass = pass_of(connection);
  // A peer without our keys has redirected him, or he says so: he is served here, or refused, as
  // anybody is who says that he is a relay.  Where tokens let people in, it lets in nobody.
  if (best.verdict == RedirectToken::Verdict::kForged && facts->redirects &&
      facts->require == TokenRequire::kOff) {
    for (const std::string& name : facts->names) {
      const RedirectToken said = facts->open_keys.check(*token, name, request.path, now);
      if (said.verdict != RedirectToken::Verdict::kValid) continue;
      pass.redirected = pass.from_list = true;  // it confirms nothing
      return Verdict::kNext;
    }
  }
  pass.redirected = best.verdict == RedirectToken::Verdict::kValid;
  pass.from_list = best.hops == 0;
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
    if (const std::string circle = circle_in_request(request.headers, facts->mark);
        !circle.empty()) {
      connection.reply_text(508, circle + "\r\n");
      return Verdict::kAnswered;
    }
  }
  const bool redirects = cluster.redirects();
  if (!redirects && !cluster.wants_tokens() && !pass.redirected) return Verdict::kNext;
  const auto mount = worker_.services.mounts.find(request.path);
  if (!mount || mount->phase() == MountPhase::kEnded) return Verdict::kNext;
  const auto facts = cluster.facts();
  if (pass.redirected && !pass.from_list) cluster.count_arrival(pass.redirected_by);
  const auto config = worker_.services.config.read();
  if (mount_section(*config, request.path).no_mount || is_safari_probe(request))
    return Verdict::kNext;
  if (says_relay(request.headers, config->server_id)) return Verdict::kNext;
  switch (login_of(worker_, connection, *config, *facts)) {
    case Login::kOurs:
      return Verdict::kNext;
    case Login::kThrottled:
      return Verdict::kAnswered;
    case Login::kNone:
      break;
  }
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
  Loop& control = worker_.services.loops.control();
  control.post_together(
      [&worker = worker_, id = connection.id(), redirects, asked = std::move(asked)]() mutable {
        const auto then = [&worker, id](RedirectAnswer answer) {
          worker.loop.post_together(
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
