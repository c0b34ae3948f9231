// Checks of <relay> and <master>: addresses that they cannot, or must not, connect to.
#include <algorithm>

#include "base/cat.h"
#include "base/strings.h"
#include "config/load/checks.h"
#include "config/load/command_words.h"

namespace lb {
namespace {

// Whether a socket of this server listens at this address.  A socket with a bind-address is
// compared by that alone, because another server may have the same port at another address.
bool is_this_server(const Config& config, const std::string& host, int port) {
  return std::any_of(config.listen.begin(), config.listen.end(), [&](const ListenSettings& socket) {
    if (port == 0 || socket.port != port) return false;
    if (!socket.bind_address.empty() && socket.bind_address != "0.0.0.0" &&
        socket.bind_address != "::")
      return host == socket.bind_address;
    return iequals(host, "localhost") || host == "::1" || host.starts_with("127.") ||
           iequals(host, config.hostname);
  });
}

void check_own_stream(const Config& config, const RelaySettings& relay, Filler& filler) {
  if (!relay.exec.empty()) return;
  const auto check = [&](const RelayUpstreamSettings& upstream) {
    if (upstream.mount != relay.local_mount ||
        !is_this_server(config, upstream.server, upstream.port))
      return;
    filler.report(
        relay.line, Severity::kWarning,
        cat({"<relay>: ", quoted(relay.local_mount), " is pulled from ", quoted(upstream.server),
             ", port ", upstream.port, ", which is this server itself; there is never a stream"}));
  };
  if (relay.hosts.empty()) check(relay.host);
  for (const RelayUpstreamSettings& upstream : relay.hosts) check(upstream);
}

// An address of a page, or a port behind the name, would be looked up as a name, in vain.
void check_server(const std::string& subject, const std::string& server, int line, Filler& filler) {
  const bool has_port = std::count(server.begin(), server.end(), ':') == 1;
  if (!has_port && server.find('/') == std::string::npos) return;
  filler.report(line, Severity::kWarning,
                cat({subject, " has the server ", quoted(server),
                     ", which is not only a name or an address; it cannot connect"}));
}

}  // namespace

void check_relays(const Config& config, Filler& filler) {
  for (const RelaySettings& relay : config.relays) {
    const std::string subject = "<relay>: " + quoted(relay.local_mount);
    if (!relay.exec.empty()) {
      if (const auto words = command_words(relay.exec); !words)
        filler.report(relay.line, Severity::kError,
                      cat({subject, ": <exec>: ", words.error().what, "; nothing is started"}));
      if (relay.content_type.empty())
        filler.report(relay.line, Severity::kError,
                      subject + " has <exec>, but no <content-type>; nothing is started");
      if (relay.local_mount == "/")
        filler.report(relay.line, Severity::kError,
                      "<relay>: <exec> without <local-mount>; nothing is started");
      if (!relay.hosts.empty() || relay.host.port != 0)
        filler.report(relay.line, Severity::kWarning,
                      subject + " has <exec>; its server is not asked");
    } else if (!relay.content_type.empty()) {
      filler.report(relay.line, Severity::kWarning,
                    subject + ": <content-type> has no effect without <exec>");
    }
    if (relay.ingest == IngestMode::kEach && !relay.capture_at.empty())
      filler.report(relay.line, Severity::kWarning,
                    subject + ": <capture-at> has no effect without <ingest>once</ingest>");
    if (!can_connect(relay)) {
      filler.report(
          relay.line, Severity::kError,
          cat({"<relay>: ", quoted(relay.local_mount), " has no <port>; it cannot connect"}));
    }
    if (relay.exec.empty() && relay.hosts.empty())
      check_server(subject, relay.host.server, relay.line, filler);
    for (const RelayUpstreamSettings& upstream : relay.hosts)
      check_server(subject, upstream.server, relay.line, filler);
    check_own_stream(config, relay, filler);
  }
}

void check_masters(const Config& config, Filler& filler) {
  for (const MasterSettings& master : config.masters) {
    const std::string element = master.flat ? "<master-server>: " : "<master>: ";
    const std::string subject = element + quoted(master.server);
    if (master.server.empty()) {
      filler.report(master.line, Severity::kWarning,
                    element + "has no <server>; this master is not used");
      continue;
    }
    if (master.password.empty())
      filler.report(master.line, Severity::kWarning,
                    cat({subject, " has no ", master.flat ? "<master-password>" : "<password>",
                         "; this server neither links to it nor pulls its streams"}));
    if (master.port == 0 && master.tls_port == 0 && master.cluster_port == 0)
      filler.report(master.line, Severity::kWarning,
                    cat({subject, " has no ",
                         master.flat ? "<master-server-port>" : "<port> and no <cluster-port>",
                         "; it is never asked"}));
    if (is_this_server(config, master.server, master.tls_port != 0 ? master.tls_port : master.port))
      filler.report(master.line, Severity::kWarning,
                    subject + " is this server itself; it has no streams but its own");
  }
}

bool can_connect(const RelaySettings& relay) {
  if (!relay.exec.empty()) return true;
  if (relay.hosts.empty()) return relay.host.port != 0;
  return std::all_of(relay.hosts.begin(), relay.hosts.end(),
                     [](const RelayUpstreamSettings& host) { return host.port != 0; });
}

}  // namespace lb
