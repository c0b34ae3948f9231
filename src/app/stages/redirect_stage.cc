#include "app/stages/redirect_stage.h"

#include "admin/builtin.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_plans.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/country_watch.h"
#include "app/cluster/relay_service.h"
#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "app/stages/auth_stage.h"
#include "app/stages/health_stage.h"
#include "app/stages/hls_stage.h"
#include "app/stages/listen_stage.h"
#include "app/stages/refusals.h"
#include "app/stages/request_config.h"
#include "app/stages/request_context.h"
#include "app/stages/who_asks.h"
#include "app/station/foreign_pages.h"
#include "auth/passwords.h"
#include "base/cat.h"
#include "cluster/balance/redirect_reply.h"
#include "cluster/relay/relay_marks.h"
#include "http/cross_origin.h"

namespace lb {
namespace {

// The administrator looks at what this node does; a relay with its password needs no other mark.
// Only those names are looked at: what else a listener sends is for the mount's authenticator.  The
// answers differ, so a wrong password is a guess like everywhere else.
enum class Login : std::uint8_t { kNone, kAdministrator, kServer, kThrottled };
Login login_of(Worker& worker, Connection& connection, const Config& config,
               const ClusterFacts& facts, bool servers_only = false) {
  if (connection.request().headers.find("authorization") == nullptr) return Login::kNone;
  const auto given = basic_credentials(connection.request().headers);
  const PasswordSettings known = Network::passwords(config);
  const bool names_server =
      given && (given->user == known.relay_user || facts.known.node(given->user) != nullptr);
  if (!names_server && (servers_only || !given || given->user != known.admin_user))
    return Login::kNone;
  if (answer_if_shut_out(worker, connection, *given)) return Login::kThrottled;
  if (given->user == known.admin_user &&
      answer_if_guarded(worker, connection, *given, is_admin(known, given)))
    return Login::kThrottled;
  const bool server = is_relay(known, given) || facts.known.login(given) != nullptr;
  if (server || is_admin(known, given)) {
    note_right_password(worker, connection, *given);
    connection.context().is_server = connection.context().is_server || server;
    return server ? Login::kServer : Login::kAdministrator;
  }
  if (answer_if_throttled(worker, connection, given->user)) return Login::kThrottled;
  note_wrong_password(worker, connection, given->user);
  return Login::kNone;
}

void refuse_full(Connection& connection, std::chrono::seconds retry_after) {
  reply_refusal(connection, 503, "All servers are full, please try again\r\n",
                cat({"Retry-After: ", retry_after.count(), "\r\nX-Reason: cluster-full\r\n"}));
}

Verdict act_on(Worker& worker, Connection& connection, const RedirectAnswer& answer) {
  switch (answer.kind) {
    case RedirectAnswer::Kind::kServeRelay:
      connection.context().is_server = true;
      return Verdict::kNext;
    case RedirectAnswer::Kind::kServe:
      connection.context().direct = answer.direct;
      return Verdict::kNext;
    case RedirectAnswer::Kind::kRedirect:
      redirect_to(worker.services, connection, answer);
      return Verdict::kAnswered;
    case RedirectAnswer::Kind::kRefuse:
      refuse_full(connection, answer.retry_after);
      return Verdict::kAnswered;
  }
  return Verdict::kNext;
}

// The nodes that have recorded the begin of what is asked for.
std::shared_ptr<const NodeNames> nodes_with(const HolderView& holders, const std::string& mount,
                                            const PastAsk& ask) {
  auto out = std::make_shared<NodeNames>();
  for (const HolderRow& row : holders.of(mount))
    for (const HeldRange& range : row.ranges)
      if (ask.at || (range.from_ms <= ask.from_ms && range.ends_after(ask.from_ms)))
        out->insert(row.node);
  return out;
}

}  // namespace

ServerLogin server_login(Worker& worker, Connection& connection) {
  const Network& network = worker.services;
  switch (login_of(worker, connection, *config_of(network, connection), *network.cluster->facts(),
                   true)) {
    case Login::kServer:
      return ServerLogin::kRight;
    case Login::kThrottled:
      return ServerLogin::kThrottled;
    case Login::kAdministrator:  // a relay's user of this name
    case Login::kNone:
      break;
  }
  return ServerLogin::kNone;
}

void redirect_to(const Network& network, Connection& connection, const RedirectAnswer& answer) {
  connection.reply_bytes(
      302, redirect_reply(answer.origin, asked_path(connection), asked_query(connection),
                          answer.token, allow_origin_line(302, network.http.read()->http_headers)));
}

void carry_out(Worker& worker, std::uint64_t id, const RedirectAnswer& answer) {
  Connection* waiting = worker.connections.find(id);
  if (waiting == nullptr) return;
  if (act_on(worker, *waiting, answer) == Verdict::kNext) waiting->resume(Verdict::kNext);
}

void ask_way_back(Worker& worker, Connection& connection,
                  UniqueFunction<void(Connection&, const RedirectAnswer&)> then) {
  RedirectAsk asked = make_redirect_ask(worker.services, connection, connection.request().path,
                                        *worker.services.cluster->facts());
  const RequestContext& context = connection.context();
  asked.redirected = context.redirected;
  asked.redirected_by = context.redirected_by;
  asked.signed_by_ours = context.signed_by_ours;
  asked.sent_back = context.sent_back;
  asked.stays = context.stays;
  worker.services.loops.control().post_together(
      [&worker, id = connection.id(), asked = std::move(asked), then = std::move(then)]() mutable {
        worker.loop.post_together([&worker, id, then = std::move(then),
                                   answer = worker.services.cluster->unserved(asked)]() mutable {
          if (Connection* waiting = worker.connections.find(id)) then(*waiting, answer);
        });
      });
}

void answer_unserved(Worker& worker, Connection& connection, std::string_view reason,
                     UniqueFunction<void(Connection&)> otherwise) {
  const RequestContext& context = connection.context();
  const Network& network = worker.services;
  const bool in_cluster = context.redirected || context.sent_back ||
                          network.links->masters().any_linked() || network.relays->publishes();
  if (!in_cluster || is_server(network, connection)) {
    otherwise(connection);
    return;
  }
  ask_way_back(
      worker, connection,
      [&worker, reason = std::string(reason), otherwise = std::move(otherwise)](
          Connection& waiting, const RedirectAnswer& answer) mutable {
        if (answer.kind == RedirectAnswer::Kind::kRedirect) {
          redirect_to(worker.services, waiting, answer);
        } else if (answer.kind == RedirectAnswer::Kind::kRefuse) {
          reply_refusal(
              waiting, 503, "This server cannot play it now, please try again\r\n",
              cat({"Retry-After: ", answer.retry_after.count(), "\r\nX-Reason: ", reason, "\r\n"}));
        } else {
          otherwise(waiting);
        }
      });
}

RedirectAsk make_redirect_ask(const Network& network, Connection& connection,
                              const std::string& mount, const ClusterFacts& facts) {
  const Request& request = connection.request();
  RedirectAsk ask;
  ask.mount = mount;
  ask.scheme = connection.secure() ? PublicScheme::kHttps : PublicScheme::kHttp;
  ask.client = connection.peer();
  ask.country = network.countries->country_of(ask.client);
  ask.user_agent = request.headers.get("user-agent");
  const MountSettings& section = mount == request.path
                                     ? section_of(network, connection)
                                     : mount_section(*config_of(network, connection), mount);
  ask.needs = protections_of(section);
  if (network.links->slots().limits(section, mount))
    ask.needs =
        static_cast<ProtectionSet>(ask.needs | static_cast<ProtectionSet>(Protection::kSlots));
  ask.tags = section.balance.tags;
  // Players of the time before Host: know no redirect either.
  const bool old = request.protocol != Protocol::kHttp ||
                   (request.version_minor == 0 && request.headers.find("host") == nullptr);
  ask.direct = old || cannot_follow(ask.user_agent, facts.no_redirect);
  ask.bare = request.headers.find("accept") == nullptr && request.headers.find("range") == nullptr;
  return ask;
}

Verdict MountRedirectStage::handle(Connection& connection) {
  const Request& request = connection.request();
  Network& network = worker_.services;
  const MountSettings& section = section_of(network, connection);
  if (section.redirect.empty() && section.redirect_to.empty()) return Verdict::kNext;
  // A pattern such as /* is meant for mounts.
  const std::string& path = request.path;
  const bool is_list = path.ends_with(".m3u") || path.ends_with(".pls") ||
                       path.ends_with(".xspf") || path.ends_with(".vclt");
  if (section.no_mount || is_list || is_template_path(path) || is_own_path(path) ||
      is_foreign_path(network, path) || network.files.read()->has_file(path) ||
      builtin_file("web" + path) != nullptr)
    return Verdict::kNext;
  const std::string to =
      mount_redirect_location(section.redirect, section.redirect_to, asked_path(connection));
  if (to.empty()) return Verdict::kNext;
  switch (
      login_of(worker_, connection, *config_of(network, connection), *network.cluster->facts())) {
    case Login::kAdministrator:
    case Login::kServer:
      return Verdict::kNext;
    case Login::kThrottled:
      return Verdict::kAnswered;
    case Login::kNone:
      break;
  }
  network.log.info("redirect/mount",
                   cat({"mount ", path, ": ", connection.ip(), " is sent to ", to}));
  connection.reply_bytes(
      302,
      redirect_reply(to, "", "", "", allow_origin_line(302, network.http.read()->http_headers)));
  return Verdict::kAnswered;
}

Verdict RedirectStage::handle(Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet) return Verdict::kNext;
  ClusterService& cluster = *worker_.services.cluster;
  RequestContext& context = connection.context();
  // The past is played where it was recorded, or here, where it comes from there.
  std::shared_ptr<const NodeNames> recorded;
  const bool redirects = cluster.redirects();
  if (context.past && redirects) {
    recorded = nodes_with(*worker_.services.archive->remote().archive().holders(), request.path,
                          *context.past);
    if (recorded->empty()) return Verdict::kNext;
  }
  if (is_own_product(request.headers)) {
    const auto facts = cluster.facts();
    if (const std::string circle = circle_in_request(request.headers, facts->mark);
        !circle.empty()) {
      connection.reply_text(508, circle + "\r\n");
      return Verdict::kAnswered;
    }
  }
  // A list of HLS names the places itself (HlsStage); one that listens already needs no token.
  if (context.hls && (redirects || context.hls->is_segment() || context.hls->known))
    return Verdict::kNext;
  // Where no node is chosen it tells servers from listeners, as AuthStage does where that asks.
  const bool chooses = redirects || cluster.wants_tokens() || context.redirected;
  if (!chooses && request.headers.find("authorization") == nullptr) return Verdict::kNext;
  const auto mount = worker_.services.mounts.find(request.path);
  const bool plays = mount && mount->phase() != MountPhase::kEnded;
  const bool of_past = context.past || (context.hls && context.hls->named.of_past());
  if (!plays && !of_past) return Verdict::kNext;
  const auto facts = cluster.facts();
  const auto config = config_of(worker_.services, connection);
  const MountSettings& section = section_of(worker_.services, connection);
  if (!chooses && !section.authenticator.type.empty()) return Verdict::kNext;
  if (section.no_mount || is_safari_probe(request)) return Verdict::kNext;
  if (is_relay_request(request.headers, config->server_id)) return Verdict::kNext;
  switch (login_of(worker_, connection, *config, *facts, !chooses)) {
    case Login::kAdministrator:
    case Login::kServer:
      return Verdict::kNext;
    case Login::kThrottled:
      return Verdict::kAnswered;
    case Login::kNone:
      break;
  }
  if (!chooses) return Verdict::kNext;
  return ask(connection, *facts, redirects, std::move(recorded));
}

Verdict RedirectStage::ask(Connection& connection, const ClusterFacts& facts, bool redirects,
                           std::shared_ptr<const NodeNames> recorded) {
  RequestContext& context = connection.context();
  RedirectAsk asked =
      make_redirect_ask(worker_.services, connection, connection.request().path, facts);
  asked.only = std::move(recorded);
  asked.redirected = context.redirected;
  asked.sent_back = context.sent_back;
  asked.sent_back_by = context.sent_back_by;
  if (!redirects) {
    if (context.redirected) return Verdict::kNext;
    if (facts.require == TokenRequire::kHard) {
      connection.reply_text(403, "Please ask the first server again\r\n");
      return Verdict::kAnswered;
    }
  }
  if (redirects) {
    if (const auto answer = worker_.services.cluster->decide_here(asked))
      return act_on(worker_, connection, *answer);
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
          then(cluster.send_to_master(asked));
      });
  return Verdict::kPending;
}

}  // namespace lb
