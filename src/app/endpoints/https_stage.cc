// https_stage(): redirects browsers from http to https (308), and makes those on https stay there;
// only for names with a certificate that is valid now.
//
// Not redirected: sources, programs, requests that a proxy has passed on (which may have used
// https), challenges, health and metrics; streams only with <redirect>all</redirect>.
// Source: RFC 9110 15.4.9, RFC 6797, Fetch Metadata (Sec-Fetch-Mode).
#include <algorithm>
#include <string>
#include <vector>

#include "app/endpoints/stages.h"
#include "app/request/request_config.h"
#include "app/services/worker.h"
#include "app/topology/cluster_plans.h"
#include "base/cat.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "http/error_page.h"
#include "http/forwarded.h"
#include "net/address/address.h"
#include "net/address/host_name.h"
#include "net/tls/tls_keeper.h"

namespace lb {
namespace {

constexpr std::uint16_t kHttpsPort = 443;

// The name in the Host header; "": absent, not a name, or several different ones.
std::string asked_name(const Request& request) {
  std::string_view host = request.headers.get("host");
  for (const auto& [key, value] : request.headers.all())
    if (key == "host" && value != host) return {};
  if (host.starts_with('['))
    if (const auto address = Address::parse(host.substr(0, host.find(']') + 1), 0))
      return address->ip();
  host = host.substr(0, host.find(':'));
  return is_plain_text(host, "-.") ? to_lower(host) : std::string();
}

// Whether a browser loads this into a window.  Java's programs have this Accept without asking for
// it, and follow no redirect to https.
bool is_navigation(const Request& request) {
  if (const std::string* mode = request.headers.find("sec-fetch-mode")) return *mode == "navigate";
  return wants_page(request.headers) &&
         !request.headers.get("accept").starts_with("text/html, image/gif, image/jpeg, *");
}

// Encoders' titles, slaves' lists and the API: few of their clients follow a redirect.
bool is_of_programs(std::string_view path) {
  return path.starts_with("/admin/") || path == "/admin.cgi" || path.starts_with("/api/");
}

bool is_kept_plain(std::string_view path) {
  return path.starts_with("/.well-known/") || path.starts_with("/_lb/") || path == "/metrics" ||
         path == "/admin/cluster";
}

bool goes_to_https(const Traffic& traffic, const AcmeSettings& acme, Connection& connection) {
  const Request& request = connection.request();
  if (acme.redirect == HttpsRedirect::kOff || is_kept_plain(request.path) ||
      !request.target.starts_with('/') ||
      (request.method != Method::kGet && request.method != Method::kHead) ||
      was_passed_on(request.headers))
    return false;
  // A password is entered there.
  if (request.path == "/admin/login") return true;
  if (acme.redirect == HttpsRedirect::kAll)
    return is_navigation(request) || !is_of_programs(request.path);
  return is_navigation(request) && !traffic.mounts.find(request.path);
}

// The https port of this name: that of its https <public-address>, else 443 if it is open, else the
// first open TLS <listen-socket>.  The latter counts as 443 if a router maps it (<ports> of <acme>)
// and the request came by port 80.  0: none.
std::uint16_t https_port(const Worker& worker, const Config& config, const AcmeSettings& acme,
                         std::string_view host) {
  const std::string_view name = host.substr(0, host.find(':'));
  for (const NodeAddress& address : own_addresses(config))
    if (address.scheme == PublicScheme::kHttps && address.host == to_lower(name))
      return address.port;
  const auto is_open = [&worker](const ListenSettings& socket) {
    return std::ranges::any_of(worker.acceptors, [&](const auto& acceptor) {
      const ListenSettings& open = acceptor->socket().settings;
      return open.tls && open.port == socket.port && open.bind_address == socket.bind_address;
    });
  };
  int first = 0;
  for (const ListenSettings& socket : config.listen) {
    if (!socket.tls || !is_open(socket)) continue;
    if (socket.port == kHttpsPort) return kHttpsPort;
    if (first == 0) first = socket.port;
  }
  const std::vector<AcmePort> passed_on = ports_of(acme);
  const bool is_behind_router =
      host == name && std::ranges::find(passed_on, AcmePort{first, true}) != passed_on.end();
  return is_behind_router ? kHttpsPort : static_cast<std::uint16_t>(first);
}

}  // namespace

Verdict https_stage(Worker& worker, Connection& connection) {
  const auto config = config_of(worker.services, connection);
  if (config->acme.empty()) return Verdict::kNext;
  const std::string name = asked_name(connection.request());
  const AcmeSettings* of_name = acme_of_name(*config, name);
  if (of_name == nullptr) return Verdict::kNext;
  const AcmeSettings& acme = *of_name;
  const bool secure = connection.secure();
  if (secure ? acme.hsts.count() == 0 : !goes_to_https(worker.services, acme, connection))
    return Verdict::kNext;
  const auto certificates = worker.services.tls->context();
  if (name.empty() || certificates == nullptr ||
      !certificates->has_name(name, worker.services.clock.wall()))
    return Verdict::kNext;
  if (secure) {
    connection.add_reply_lines(
        cat({"Strict-Transport-Security: max-age=", acme.hsts.count(), "\r\n"}));
    return Verdict::kNext;
  }
  const std::uint16_t port =
      https_port(worker, *config, acme, connection.request().headers.get("host"));
  if (port == 0) return Verdict::kNext;
  ResponseHead head;
  head.status = 308;
  head.content_type = "text/plain; charset=utf-8";
  head.content_length = 0;
  head.extra = cat({"Location: https://", url_host(name), port == kHttpsPort ? "" : ":",
                    port == kHttpsPort ? "" : std::to_string(port), connection.request().target,
                    "\r\nVary: Accept, Sec-Fetch-Mode\r\n"});
  connection.reply(head, {});
  return Verdict::kAnswered;
}

}  // namespace lb
