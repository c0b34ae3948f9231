#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "admin/command/command.h"
#include "app/endpoints/stages.h"
#include "app/join/listen_ask.h"
#include "app/request/asked_address.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "http/cross_origin.h"
#include "http/page_headers.h"
#include "http/static_files.h"

namespace lb {
namespace {

constexpr std::int64_t kAdminReserve = 4;
constexpr std::string_view kAdminHome = "/admin";  // typed by users; the pages are below

}  // namespace

bool is_for_other_sites(const Request& request) {
  switch (request.method) {
    case Method::kGet:
    case Method::kHead:
    case Method::kOptions:
      break;
    default:
      return false;
  }
  return request.path != "*" && request.path != kMetricsPath && request.path != kAdminHome &&
         !is_admin_path(request.path) && !is_own_path(request.path);
}

Verdict options_stage(Worker& worker, Connection& connection) {
  if (connection.request().method != Method::kOptions) return Verdict::kNext;
  ResponseHead head;
  if (connection.request().path == "*") {
    // An encoder that insists on an upgrade to TLS would ask again at once, for ever.
    if (connection.rounds() > 1 && connection.request().headers.find("upgrade") != nullptr) {
      connection.drop();
      return Verdict::kAnswered;
    }
    // No Allow with PUT: libshout would switch to PUT (doc/decisions.md B1).
    head.content_length = 0;
    head.keep_alive = true;
  } else {
    head.status = 204;
    // A browser's preflight before it sends Icy-MetaData or Range across sites.
    const Request& request = connection.request();
    const bool private_network =
        iequals(trim(request.headers.get("access-control-request-private-network")), "true");
    if (is_for_other_sites(request))
      head.extra =
          preflight_lines(head.status, worker.services.http.read()->http_headers, private_network);
  }
  connection.reply(head, {});
  return Verdict::kAnswered;
}

namespace {

// Whether listeners and pages have taken all file descriptors except those of administrators,
// sources and their files; then the limit, with its name.  They are half of the reserve of
// places_for_connections(), so an announced place exists.
std::optional<std::string> lacks_descriptors(const Traffic& traffic) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY)
    return std::nullopt;
  const auto most = static_cast<std::int64_t>(files.rlim_cur);
  const std::int64_t kept = most / 32 + 8;
  if (traffic.counters.clients.inside() < most / 4) return std::nullopt;
  // The kernel gives the lowest free number.
  const UniqueFd lowest(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
  if (lowest ? lowest.get() < most - kept : errno != EMFILE) return std::nullopt;
  return cat({most, " file descriptors (ulimit -n), of which ", kept,
              " are kept for administrators and sources"});
}

}  // namespace

Verdict admit_stage(Worker& worker, Connection& connection) {
  Traffic& traffic = worker.services;
  const auto config = config_of(traffic, connection);
  const Request& request = connection.request();
  traffic.counters.client_connections.fetch_add(request.method == Method::kGet ? 1 : 0,
                                                std::memory_order_relaxed);
  std::int64_t limit = config->limits.clients;
  std::optional<std::string> full;
  if (is_admin_path(request.path))
    limit += kAdminReserve;
  else if (request.method == Method::kSource || request.method == Method::kPut ||
           request.method == Method::kPost)
    limit += config->limits.sources;
  else
    full = lacks_descriptors(traffic);
  if (!full && !traffic.counters.clients.try_enter(limit))
    full = cat({config->limits.clients, " (limits/clients)"});
  if (full) {
    traffic.counters.refused(Refusal::kClients);
    traffic.log.warn("connection/connection",
                     cat({"client limit reached: ", *full, "; ", connection.ip(), " was refused"}));
    connection.reply_text(403, "Icecast connection limit reached");
    return Verdict::kAnswered;
  }
  connection.context().client_pass = GatePass(&traffic.counters.clients);
  return Verdict::kNext;
}

namespace {

bool is_reading(Connection& connection) {
  const Method method = connection.request().method;
  return method == Method::kGet || method == Method::kHead;
}

}  // namespace

Verdict method_stage(Worker& /*worker*/, Connection& connection) {
  if (is_reading(connection)) return Verdict::kNext;
  connection.reply_page(400, "unknown request");
  return Verdict::kAnswered;
}

namespace {

// Printed by SHOUTcast stations and added by players: "/;", "/;stream.mp3", "/;*.nsv".
bool is_shoutcast_link(std::string_view path) { return path.starts_with("/;"); }

// SHOUTcast sends browsers its page and other programs the stream.  Here "/" is the page unless the
// request asks for titles.
bool is_shoutcast_player(const Request& request) {
  return wants_titles(request) &&
         request.headers.get("user-agent").find("Mozilla") == std::string::npos;
}

}  // namespace

Verdict alias_stage(Worker& worker, Connection& connection) {
  if (!is_reading(connection)) return Verdict::kNext;
  const auto config = config_of(worker.services, connection);
  const std::string& path = connection.request().path;
  for (const Alias& alias : config->paths.aliases) {
    if (alias.source != path) continue;
    if (alias.port != 0 && alias.port != connection.socket().port) continue;
    if (!alias.bind_address.empty() &&
        alias.bind_address != connection.socket().settings.bind_address)
      continue;
    connection.lead_to(alias.destination);
    return Verdict::kNext;
  }
  const bool printed = is_shoutcast_link(path);
  if (!printed && path != "/" && path != kAdminHome) return Verdict::kNext;
  const auto files = worker.services.files.read();
  if (worker.services.mounts.find(path) || files->has_file(path)) return Verdict::kNext;
  const std::string& shoutcast = shoutcast_mount(*config, connection.socket().settings);
  if (printed || (path == "/" && is_shoutcast_player(connection.request()) &&
                  worker.services.mounts.find(shoutcast))) {
    connection.lead_to(shoutcast);
    return Verdict::kNext;
  }
  if (path == "/") {
    connection.lead_to(files->has_file("/index.html") ? "/index.html" : "/status.xsl");
    return Verdict::kNext;
  }
  ResponseHead head;
  head.status = 302;
  head.content_type = "text/html; charset=utf-8";
  head.extra = "Location: /admin/\r\n" +
               page_header_lines(PageKind::kPlain, worker.services.http.read()->http_headers);
  connection.reply_whole(std::move(head), "<a href=\"/admin/\">/admin/</a>\r\n");
  return Verdict::kAnswered;
}

}  // namespace lb
