// Checks of <cluster> and related settings: names, public addresses, settings without effect.
#include <algorithm>
#include <cctype>
#include <set>

#include "base/cat.h"
#include "base/strings.h"
#include "cluster/nodes/known_nodes.h"
#include "cluster/nodes/names.h"
#include "config/load/checks.h"
#include "config/schema/diagnostic.h"
#include "net/crypto/seal_keys.h"
#include "net/fetch/fetch.h"

namespace lb {
namespace {

constexpr std::size_t kLeastSecret = 12;

class ClusterChecks {
 public:
  ClusterChecks(const Config& config, Filler& filler)
      : config_(config), cluster_(config.cluster), filler_(filler) {}

  void run() {
    own_facts();
    for (std::size_t i = 0; i < cluster_.nodes.size(); ++i)
      node(cluster_.nodes[i], line_of("node", i));
    for (std::size_t i = 0; i < cluster_.legacy_slaves.size(); ++i)
      slave(cluster_.legacy_slaves[i], line_of("legacy-slave", i));
    publishing();
    capacity();
    limits_of_all();
  }

 private:
  int line_of(std::string_view element, std::size_t index) const {
    return filler_.line_of("cluster/" + numbered(element, index));
  }
  void error(int line, std::string text) {
    filler_.report(line, Severity::kError, std::move(text));
  }
  void warn(int line, std::string text) {
    filler_.report(line, Severity::kWarning, std::move(text));
  }

  void own_facts() {
    if (!cluster_.id.empty() && !is_node_id(cluster_.id))
      error(filler_.line_of("cluster/id"),
            cat({"<id>: ", quoted(cluster_.id),
                 " is not a valid node name: 1 to 64 letters, "
                 "digits, '-', '_', '.'; one made from hostname and port is used"}));
    countries("<countries>", cluster_.countries, filler_.line_of("cluster/countries"));
    for (std::size_t i = 0; i < cluster_.public_addresses.size(); ++i) {
      const PublicAddress& address = cluster_.public_addresses[i];
      const int line = line_of("public-address", i);
      if (address.scheme != "http" && address.scheme != "https")
        error(line, cat({"<public-address>: the scheme ", quoted(address.scheme),
                         " is neither http nor https"}));
      if (const auto parsed = parse_public_address(PublicScheme::kHttp, address.address, 8000);
          !parsed)
        error(line, cat({"<public-address>: ", parsed.error().what, "; it is not used"}));
    }
  }

  void node(const ClusterNode& node, int line) {
    const std::string subject = "<node>: " + quoted(node.id);
    if (!is_node_id(node.id)) {
      error(line,
            subject +
                " is not a valid node name: 1 to 64 letters, digits, '-', '_', '.'; this one is "
                "not used");
      return;
    }
    countries(subject, node.countries, line);
    if (!ids_.insert(node.id).second || node.id == cluster_.id)
      error(line, subject + " is the name of another node too; names must be unique");
    if (node.secret.empty()) warn(line, subject + " has no secret; it cannot log in");
    short_secret(line, subject + ": its secret", node.secret);
    if (const auto allowed = AllowedAddresses::parse(node.allow_public); !allowed)
      error(line,
            cat({subject, ": allow-public: ", allowed.error().what, "; nothing in it is allowed"}));
    if (node.allow_public.empty() && !node.allow_peer_address)
      warn(line,
           subject +
               " has no allow-public; it gets listeners only at the address that it connects from");
  }

  // The secret signs tokens and links, so a guessed one lets a stranger in.
  void short_secret(int line, const std::string& subject, std::string_view secret) {
    if (!secret.empty() && secret.size() < kLeastSecret)
      filler_.report(
          line, Severity::kWarning,
          cat({subject, " has ", secret.size(), " characters and can be guessed; one of ",
               kLeastSecret, " or more is made by: openssl rand -hex 32"}),
          Concern::kDanger);
  }

  void slave(const LegacySlave& slave, int line) {
    const std::string subject = "<legacy-slave>: " + quoted(slave.address);
    if (!Address::parse(slave.address, 0))
      error(line, subject + " is not an address; this one is not used");
    countries(subject, slave.countries, line);
    if (slave.public_address.empty()) return;
    if (const auto parsed = parse_public_address(PublicScheme::kHttp, slave.public_address, 8000);
        !parsed)
      error(line, cat({subject, ": public: ", parsed.error().what, "; its own address is used"}));
  }

  void countries(std::string_view subject, const std::vector<std::string>& words, int line) {
    for (const std::string& word : words) {
      const bool letters = word.size() == 2 &&
                           std::isalpha(static_cast<unsigned char>(word[0])) != 0 &&
                           std::isalpha(static_cast<unsigned char>(word[1])) != 0;
      if (!letters)
        warn(line, cat({subject, ": ", quoted(word),
                        " is not a two-letter country code; it is left out"}));
    }
  }

  void publishing() {
    const bool all = cluster_.master_public_slave;
    const bool takes =
        all || std::any_of(config_.masters.begin(), config_.masters.end(),
                           [](const MasterSettings& master) { return master.redirect; });
    const int line = filler_.line_of("master-public-slave");
    if (all && config_.masters.empty())
      warn(line, "<master-public-slave>: there is no <master> to report to");
    const bool nameless = config_.hostname.empty() || config_.hostname == "localhost";
    if (takes && cluster_.public_addresses.empty() && nameless)
      warn(line,
           "<master-public-slave>: neither <public-address> nor <hostname> names an address at "
           "which listeners reach this server; masters send it none unless they take the address "
           "that it connects from");
    if (cluster_.max_redirect_slaves == 0 && !cluster_.legacy_slaves.empty())
      warn(line_of("legacy-slave", 0),
           "<legacy-slave>: no listener is redirected while <max-redirect-slaves> is 0");
  }

  void capacity() {
    if (cluster_.max_listeners > config_.limits.clients)
      warn(filler_.line_of("cluster/capacity/max-listeners"),
           cat({"<capacity>: max-listeners ", cluster_.max_listeners,
                " is more than <limits><clients>, ", config_.limits.clients,
                ", which ends it first"}));
    for (const std::string_view key : split(cluster_.token_keys, ' '))
      short_secret(filler_.line_of("cluster/token/keys"), "<token>: a key", key);
    const bool wants = cluster_.token_require != TokenRequire::kOff;
    if (wants && cluster_.token_keys.empty())
      warn(filler_.line_of("cluster/token/require"), "<token>: require has no effect without keys");
    if (wants && cluster_.max_redirect_slaves != 0)
      warn(filler_.line_of("cluster/token/require"),
           "<token>: require has no effect on a node that redirects: it decides itself about "
           "every listener");
  }

  // Only linked servers keep a limit of the whole cluster.
  void limits_of_all() {
    limit(config_.default_mount, "mount[default]");
    for (std::size_t i = 0; i < config_.mounts.size(); ++i)
      limit(config_.mounts[i], numbered("mount", i));
  }

  void limit(const MountSettings& mount, const std::string& path) {
    const int users = filler_.line_of(path + "/sessions-per-user");
    if (users != 0 && mount.sessions_per_user > 0 && mount.authenticator.type.empty())
      warn(users, "<sessions-per-user> has no effect without an <authentication> of the mount");
    const bool counts = mount.max_listeners_cluster >= 0;
    const int line = counts ? filler_.line_of(path + "/max-listeners-cluster") : users;
    const std::string subject = counts ? "<max-listeners-cluster>" : "<sessions-per-user>";
    if (line == 0) return;
    std::size_t linked = 0;
    for (const MasterSettings& master : config_.masters) {
      const bool has_link =
          master.cluster_port != 0 || (master.tls_port != 0 && !cluster_.id.empty());
      if (has_link)
        ++linked;
      else
        warn(line, cat({subject, ": there is no link to the master ", quoted(master.server),
                        " (no <cluster-port>); the limit holds for this node alone where the mount "
                        "comes from there"}));
    }
    if (linked > 1 && cluster_.nodes.empty())
      filler_.report(line, Severity::kNote,
                     subject +
                         ": the masters have to be linked to each other (each a <master> of "
                         "the other); else each holds the limit for those that pull from it");
  }

  const Config& config_;
  const ClusterSettings& cluster_;
  Filler& filler_;
  std::set<std::string> ids_;
};

}  // namespace

void check_cluster(const Config& config, Filler& filler) { ClusterChecks(config, filler).run(); }

void check_external(const Config& config, Filler& filler) {
  const ExternalSettings& external = config.external;
  const int line = filler.line_of("config-external");
  if (external.url.empty()) {
    if (line != 0)
      filler.report(line, Severity::kWarning, "<config-external>: has no url and has no effect");
    return;
  }
  if (!is_fetchable(external.url))
    filler.report(line, Severity::kError,
                  cat({"<config-external>: url ", quoted(external.url),
                       " is not an address like https://backend.example.org/mounts; it cannot be "
                       "asked"}));
  if (external.serves == ExternalFor::kCluster && config.cluster.nodes.empty())
    filler.report(line, Severity::kWarning,
                  "<config-external>: for cluster has no effect without a <node> in <cluster>");
  if (external.cache.empty() && config.paths.logdir.empty())
    filler.report(line, Severity::kWarning,
                  "<config-external>: has no cache, and there is no <logdir> for it; a start "
                  "without the backend has no mounts of it");
}

void check_store(const Config& config, Filler& filler) {
  const StoreSettings& store = config.store;
  const auto report = [&](std::string_view element, Severity severity, const std::string& text) {
    filler.report(filler.line_of(cat({"store", element})), severity, "<store>: " + text);
  };
  for (const std::string& key : store.keys)
    if (!SealKeys::parse_key(key))
      report("/@key", Severity::kFatal,
             "key is neither 64 hexadecimal digits nor base64 of 32 bytes");
  if (store.type == StoreType::kFiles && store.path.empty())
    report("/@type", Severity::kFatal, "type files needs a path");
  if (store.type != StoreType::kEtcd) return;
  if (store.members.empty()) report("/@type", Severity::kFatal, "type etcd needs a <member>");
  for (const std::string& member : store.members) {
    if (!is_fetchable(member))
      report(
          "/member", Severity::kFatal,
          cat({"member ", quoted(member), " is not an address like https://e1.example.org:2379"}));
    const bool near = member.starts_with("http://127.") || member.starts_with("http://localhost") ||
                      member.starts_with("http://[::1]");
    if (member.starts_with("http://") && !near)
      report("/member", Severity::kWarning,
             cat({"member ", quoted(member),
                  " is asked without TLS: hashes of passwords and all "
                  "records can be read and changed on the way"}));
  }
}

}  // namespace lb
