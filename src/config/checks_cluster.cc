// Checks of <cluster> and of what belongs to it: names, public addresses, what would have no
// effect.
#include <algorithm>
#include <cctype>
#include <set>

#include "cluster/nodes/known_nodes.h"
#include "cluster/nodes/names.h"
#include "config/checks.h"

namespace lb {
namespace {

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
            "<id>: " + quoted(cluster_.id) +
                " is not a valid node name: 1 to 64 letters, "
                "digits, '-', '_', '.'; one made from hostname and port is used");
    countries("<countries>", cluster_.countries, filler_.line_of("cluster/countries"));
    for (std::size_t i = 0; i < cluster_.public_addresses.size(); ++i) {
      const PublicAddress& address = cluster_.public_addresses[i];
      const int line = line_of("public-address", i);
      if (address.scheme != "http" && address.scheme != "https")
        error(line, "<public-address>: the scheme " + quoted(address.scheme) +
                        " is neither http nor https");
      if (const auto parsed = parse_public_address(PublicScheme::kHttp, address.address, 8000);
          !parsed)
        error(line, "<public-address>: " + parsed.error().what + "; it is not used");
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
    if (const auto allowed = AllowedAddresses::parse(node.allow_public); !allowed)
      error(line,
            subject + ": allow-public: " + allowed.error().what + "; nothing in it is allowed");
    if (node.allow_public.empty() && !node.allow_peer_address)
      warn(line,
           subject +
               " has no allow-public; it gets listeners only at the address that it connects from");
  }

  void slave(const LegacySlave& slave, int line) {
    const std::string subject = "<legacy-slave>: " + quoted(slave.address);
    if (!Address::parse(slave.address, 0))
      error(line, subject + " is not an address; this one is not used");
    countries(subject, slave.countries, line);
    if (slave.public_address.empty()) return;
    if (const auto parsed = parse_public_address(PublicScheme::kHttp, slave.public_address, 8000);
        !parsed)
      error(line, subject + ": public: " + parsed.error().what + "; its own address is used");
  }

  void countries(std::string_view subject, const std::vector<std::string>& words, int line) {
    for (const std::string& word : words) {
      const bool letters = word.size() == 2 &&
                           std::isalpha(static_cast<unsigned char>(word[0])) != 0 &&
                           std::isalpha(static_cast<unsigned char>(word[1])) != 0;
      if (!letters)
        warn(line, std::string(subject) + ": " + quoted(word) +
                       " is not a two-letter country code; it is left out");
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
           "<capacity>: max-listeners " + std::to_string(cluster_.max_listeners) +
               " is more than <limits><clients>, " + std::to_string(config_.limits.clients) +
               ", which ends it first");
    const bool wants = cluster_.token_require != TokenRequire::kOff;
    if (wants && cluster_.token_keys.empty())
      warn(filler_.line_of("cluster/token/require"), "<token>: require has no effect without keys");
    if (wants && cluster_.max_redirect_slaves != 0)
      warn(filler_.line_of("cluster/token/require"),
           "<token>: require has no effect on a node that redirects: it decides itself about "
           "every listener");
  }

  const Config& config_;
  const ClusterSettings& cluster_;
  Filler& filler_;
  std::set<std::string> ids_;
};

}  // namespace

void check_cluster(const Config& config, Filler& filler) { ClusterChecks(config, filler).run(); }

}  // namespace lb
