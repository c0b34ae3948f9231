#include "app/request_stages.h"

#include "admin/command.h"
#include "app/health_stage.h"
#include "app/listen_stage.h"
#include "app/redirect_stage.h"
#include "app/worker.h"
#include "cluster/relay_marks.h"

namespace lb {
namespace {

constexpr std::int64_t kAdminReserve = 4;

// A browser asks before it sends Icy-MetaData or Range across sites, and reads no icy-* header
// that is not named here.
constexpr std::string_view kPreflight =
    "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"
    "Access-Control-Allow-Headers: Icy-MetaData, Range, Origin, Accept, Content-Type\r\n"
    "Access-Control-Expose-Headers: Icy-Br, Icy-Description, Icy-Genre, Icy-MetaInt, Icy-Name, "
    "Icy-Pub, Icy-Url\r\n"
    "Access-Control-Max-Age: 86400\r\n";

}  // namespace

Verdict OptionsStage::handle(Connection& connection) {
  if (connection.request().method != Method::kOptions) return Verdict::kNext;
  ResponseHead head;
  if (connection.request().path == "*") {
    // No Allow line with PUT: libshout would switch to it (decisions B1).
    head.content_length = 0;
    head.keep_alive = true;
  } else {
    head.status = 204;
    head.extra = kPreflight;
  }
  connection.reply(head, {});
  return Verdict::kAnswered;
}

Verdict AdmitStage::handle(Connection& connection) {
  Services& services = worker_.services;
  const auto config = services.config.read();
  const Request& request = connection.request();
  services.counters.client_connections.fetch_add(request.method == Method::kGet ? 1 : 0,
                                                 std::memory_order_relaxed);
  std::int64_t limit = config->limits.clients;
  if (is_admin_path(request.path))
    limit += kAdminReserve;
  else if (request.method == Method::kSource || request.method == Method::kPut ||
           request.method == Method::kPost)
    limit += config->limits.sources;
  if (!services.counters.clients.try_enter(limit)) {
    services.counters.refused(Refusal::kClients);
    services.log.warn("connection/connection",
                      "client limit reached: " + std::to_string(config->limits.clients) +
                          " (limits/clients); " + connection.ip() + " was refused");
    connection.reply_text(403, "Icecast connection limit reached");
    return Verdict::kAnswered;
  }
  if (!connection.held) connection.held = std::make_unique<ClientPass>();
  static_cast<ClientPass&>(*connection.held).pass = GatePass(&services.counters.clients);
  return Verdict::kNext;
}

Verdict MethodStage::handle(Connection& connection) {
  const Method method = connection.request().method;
  if (method == Method::kGet || method == Method::kHead) return Verdict::kNext;
  connection.reply_page(400, "unknown request");
  return Verdict::kAnswered;
}

Verdict DrainStage::handle(Connection& connection) {
  Services& services = worker_.services;
  const Request& request = connection.request();
  if (!services.drain.draining() || playing_mount(services, request.path) == nullptr)
    return Verdict::kNext;
  // Behind a server that relays are listeners of other nodes.  Whoever shows a password may be one:
  // ListenStage knows.
  const auto* pass = static_cast<const ClientPass*>(connection.held.get());
  if ((pass != nullptr && pass->is_server) ||
      says_relay(request.headers, services.config.read()->server_id) ||
      request.headers.find("authorization") != nullptr)
    return Verdict::kNext;
  if (request.method == Method::kGet) {
    bounce_while_draining(worker_, connection);
    return Verdict::kPending;
  }
  answer_if_draining(worker_, connection);
  return Verdict::kAnswered;
}

Verdict AliasStage::handle(Connection& connection) {
  const auto config = worker_.services.config.read();
  for (const Alias& alias : config->paths.aliases) {
    if (alias.source != connection.request().path) continue;
    if (alias.port != 0 && alias.port != connection.socket().port) continue;
    if (!alias.bind_address.empty() &&
        alias.bind_address != connection.socket().settings.bind_address)
      continue;
    connection.request().path = alias.destination;
    break;
  }
  return Verdict::kNext;
}

}  // namespace lb
