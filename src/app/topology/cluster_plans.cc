#include "app/topology/cluster_plans.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/cat.h"
#include "cluster/balance/balance.h"
#include "cluster/link/ingest.h"
#include "cluster/link/master_session.h"
#include "cluster/nodes/known_nodes.h"
#include "cluster/nodes/names.h"
#include "cluster/relay/relay_plans.h"
#include "config/load/command_words.h"
#include "config/settings/cluster_id.h"
#include "config/settings/config.h"
#include "net/address/country_file.h"

namespace lb {
namespace {

constexpr double kParts = 10'000;  // of the fractions in the configuration
constexpr double kBitsPerKbit = 1000;

// The mount of a <relay> or <host> that names none.
constexpr std::string_view kNoMount = "/";

// In a command: stands for this server's port.
constexpr std::string_view kPortMark = "{port}";

// Players that do not follow a redirect (doc/redirects.md).
constexpr auto kNoRedirect =
    std::to_array<std::string_view>({"node-icy", "ESP32", "WinampMPEG/2", "RMA/"});

double kbps_of(std::uint64_t bits_per_second) {
  return static_cast<double>(bits_per_second) / kBitsPerKbit;
}

NodeLimits limits_of(std::uint64_t bits_per_second, unsigned listeners, unsigned weight,
                     unsigned order, const std::vector<std::string>& countries = {}) {
  return {.most = {.kbps = kbps_of(bits_per_second), .listeners = listeners},
          .weight = weight,
          .order = order,
          .countries = countries_of(countries)};
}

Upstream upstream_from(const RelayUpstreamSettings& host, const RelaySettings& relay) {
  Upstream upstream;
  upstream.target.host = host.server;
  upstream.target.port = static_cast<std::uint16_t>(host.port);
  upstream.target.tls = host.tls;
  upstream.target.bind_address = host.bind_address;
  upstream.mount = host.mount;
  upstream.as_in_url = true;
  upstream.username = relay.username;
  upstream.password = relay.password;
  upstream.connect_deadline = host.timeout;
  upstream.private_redirects = relay.private_redirects;
  if (relay.public_only) upstream.target.named_by = Reach::kPublic;
  return upstream;
}

// A relay's program as its only upstream; nullopt: it cannot be started, which the configuration's
// checks have logged.
std::optional<Upstream> program_upstream(const RelaySettings& relay, int port) {
  auto words = command_words(relay.exec);
  if (!words || relay.content_type.empty() || relay.local_mount == kNoMount) return std::nullopt;
  for (std::string& word : *words)
    for (std::size_t at = 0; (at = word.find(kPortMark, at)) != std::string::npos;)
      word.replace(at, kPortMark.size(), std::to_string(port));
  Upstream upstream;
  upstream.target.host = "127.0.0.1";
  upstream.mount = relay.local_mount;
  upstream.program = std::move(*words);
  upstream.content_type = relay.content_type;
  return upstream;
}

// The port of this server without TLS, for a program on this machine.
int plain_port(const Config& config) {
  for (const ListenSettings& socket : config.listen)
    if (!socket.tls && !socket.shoutcast_compat && !socket.proxy_protocol) return socket.port;
  return config.port;
}

}  // namespace

std::vector<std::string> countries_of(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (std::string word : words) {
    for (char& c : word)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (is_country(word)) out.push_back(std::move(word));  // the checks have logged the others
  }
  return out;
}

KnownNodes known_nodes(const Config& config) {
  KnownNodes known;
  unsigned order = 1;  // this node is 0
  for (const ClusterNode& from : config.cluster.nodes) {
    KnownNode node;
    node.id = from.id;
    node.secret = from.secret;
    // The configuration's checks have logged an unreadable list.
    if (auto allowed = AllowedAddresses::parse(from.allow_public))
      node.allowed = std::move(*allowed);
    node.allow_peer_address = from.allow_peer_address;
    node.sources = from.sources;
    node.limits = limits_of(from.max_bits_per_second, from.max_listeners, from.weight, order++,
                            from.countries);
    if (from.max_sources >= 0) node.limits.most.sources = static_cast<unsigned>(from.max_sources);
    if (is_node_id(node.id)) known.nodes.push_back(std::move(node));
  }
  for (const LegacySlave& from : config.cluster.legacy_slaves) {
    const auto address = Address::parse(from.address, 0);
    if (!address) continue;
    KnownSlave slave;
    slave.address = *address;
    if (auto at = parse_public_address(PublicScheme::kHttp, from.public_address, 8000))
      slave.public_address = std::move(*at);
    slave.limits = limits_of(from.max_bits_per_second, from.max_listeners, from.weight, order++,
                             from.countries);
    known.slaves.push_back(std::move(slave));
  }
  return known;
}

NodeTable::Settings table_settings(const Config& config) {
  NodeTable::Settings settings;
  settings.max_redirect_slaves = config.cluster.max_redirect_slaves;
  settings.hold = config.cluster.hold;
  settings.expected = static_cast<unsigned>(config.cluster.nodes.size());
  const auto ask_for = [&settings](const MountSettings& section) {
    for (const std::string& tag : section.balance.tags)
      if (std::find(settings.tags.begin(), settings.tags.end(), tag) == settings.tags.end())
        settings.tags.push_back(tag);
  };
  for_each_section(config, ask_for);
  ask_for(config.default_mount);
  return settings;
}

BalanceSettings balance_settings(const Config& config) {
  const ClusterSettings& from = config.cluster;
  BalanceSettings settings;
  settings.rules = from.rules;
  settings.eps = from.eps / kParts;
  settings.floor = from.floor / kParts;
  settings.max_redirect_slaves = from.max_redirect_slaves;
  settings.hold = from.hold;
  settings.direct_budget = from.direct_budget / kParts;
  settings.retry_after = from.retry_after;
  return settings;
}

BalanceRules balance_rules(const BalanceRules& cluster, const MountBalance& mount) {
  BalanceRules rules = cluster;
  if (mount.policy >= 0) rules.policy = static_cast<BalancePolicy>(mount.policy);
  if (mount.when >= 0) rules.when = static_cast<BalanceWhen>(mount.when);
  if (mount.affinity >= 0) rules.affinity = mount.affinity > 0;
  if (mount.min_carriers >= 0) rules.min_carriers = static_cast<unsigned>(mount.min_carriers);
  if (mount.busy_listeners >= 0) rules.busy_listeners = static_cast<unsigned>(mount.busy_listeners);
  return rules;
}

std::vector<NodeAddress> own_addresses(const Config& config) {
  std::vector<NodeAddress> out;
  for (const PublicAddress& from : config.cluster.public_addresses) {
    const bool https = from.scheme == "https";
    auto address = parse_public_address(https ? PublicScheme::kHttps : PublicScheme::kHttp,
                                        from.address, https ? 443 : 8000);
    if (address) out.push_back(std::move(*address));
  }
  if (!out.empty() || names_no_machine(config.hostname)) return out;
  if (auto address = make_public_address(PublicScheme::kHttp, config.hostname,
                                         static_cast<std::uint16_t>(config.port)))
    out.push_back(std::move(*address));
  return out;
}

// <clients> limits listeners too, beside the cluster's section.
NodeCapacity own_capacity(const Config& config, std::uint64_t places) {
  unsigned listeners = config.limits.clients;
  for (const unsigned limit : {config.limits.max_listeners, config.cluster.max_listeners})
    if (limit > 0) listeners = std::min(listeners, limit);
  listeners = static_cast<unsigned>(std::min<std::uint64_t>(listeners, places));
  const ClusterSettings& cluster = config.cluster;
  const std::uint64_t ingest =
      cluster.max_ingest_bits > 0 ? cluster.max_ingest_bits : config.limits.max_bandwidth;
  return {.kbps = kbps_of(cluster.max_bits_per_second),
          .listeners = listeners,
          .accepts = cluster.max_accept,
          .sources = cluster.max_sources >= 0 ? static_cast<unsigned>(cluster.max_sources)
                                              : config.limits.sources,
          .ingest_kbps = kbps_of(ingest)};
}

NodeFacts own_facts(const Config& config, std::string_view epoch, std::uint64_t places) {
  NodeFacts own;
  own.epoch = epoch;
  own.addresses = own_addresses(config);
  own.capacity = own_capacity(config, places);
  own.tags = config.cluster.tags;
  own.countries = countries_of(config.cluster.countries);
  return own;
}

NodeHello own_hello(const Config& config, std::string_view epoch, std::uint64_t places) {
  NodeHello hello;
  static_cast<NodeFacts&>(hello) = own_facts(config, epoch, places);
  hello.id = cluster_id(config, epoch);
  hello.kind = NodeKind::kSelf;
  hello.enforces = 0xff;
  hello.limits.weight = config.cluster.self_weight;
  return hello;
}

std::vector<NodeHello> static_nodes(const Config& config) {
  std::vector<NodeHello> out;
  unsigned order =
      1 + static_cast<unsigned>(config.cluster.nodes.size() + config.cluster.legacy_slaves.size());
  for (const RedirectTarget& from : config.cluster.redirects) {
    auto address =
        make_public_address(PublicScheme::kHttp, from.host, static_cast<std::uint16_t>(from.port));
    if (!address) continue;
    NodeHello hello;
    hello.id = cat({"redirect-", id_word(from.host.substr(0, 40)), "-", from.port});
    hello.kind = NodeKind::kStatic;
    hello.addresses.push_back(std::move(*address));
    hello.limits = limits_of(from.max_bits_per_second, from.max_listeners, 1, order++);
    out.push_back(std::move(hello));
  }
  return out;
}

std::vector<RelayPlan> relay_plans(const Config& config) {
  std::vector<RelayPlan> plans;
  for_each_relay(config, [&](const RelaySettings& relay) {
    if (!relay.enabled) return;
    RelayPlan plan;
    std::vector<RelayUpstreamSettings> hosts = relay.hosts;
    if (!relay.exec.empty()) {
      auto program = program_upstream(relay, plain_port(config));
      if (!program) return;
      plan.upstreams.push_back(std::move(*program));
      hosts.clear();
    } else if (hosts.empty()) {
      hosts.push_back(relay.host);
    }
    for (RelayUpstreamSettings& host : hosts) {  // the relay has defaults for its hosts
      if (host.port == 0) host.port = relay.host.port;
      if (host.mount == kNoMount) host.mount = relay.host.mount;
    }
    std::stable_sort(hosts.begin(), hosts.end(),
                     [](const RelayUpstreamSettings& a, const RelayUpstreamSettings& b) {
                       return a.priority < b.priority;
                     });
    for (const RelayUpstreamSettings& host : hosts)
      plan.upstreams.push_back(upstream_from(host, relay));
    plan.local_mount = relay.local_mount == kNoMount ? hosts.front().mount : relay.local_mount;
    plan.icy_metadata = relay.icy_metadata;
    plan.on_demand = relay.on_demand;
    plan.once = relay.ingest == IngestMode::kOnce;
    plan.run_on = relay.run_on;
    plan.retry_delay = relay.retry_delay;
    plan.stall = relay.stall;
    plan.hot = relay.standby == RelayStandby::kHot;
    plans.push_back(std::move(plan));
  });
  return plans;
}

std::vector<IngestPlan> ingest_plans(const Config& config) {
  std::vector<IngestPlan> plans;
  for_each_relay(config, [&](const RelaySettings& relay) {
    if (relay.enabled && relay.ingest == IngestMode::kOnce && relay.local_mount != kNoMount)
      plans.push_back({relay.local_mount, relay.capture_at, relay.hand_back});
  });
  return plans;
}

std::vector<MasterPlan> master_plans(const Config& config) {
  std::vector<MasterPlan> plans;
  for (const MasterSettings& master : config.masters) {
    MasterPlan plan;
    plan.target.host = master.server;
    plan.target.tls = master.tls_port != 0;
    plan.target.port = static_cast<std::uint16_t>(plan.target.tls ? master.tls_port : master.port);
    plan.target.bind_address = master.bind_address;
    plan.username = master.username;
    plan.password = master.password;
    plan.publish = config.cluster.master_public_slave || master.redirect;
    if (master.interval.count() > 0) plan.interval = plan.report_interval = master.interval;
    plan.retry_delay = master.retry_delay;
    plan.retry_max = master.retry_max;
    plan.run_on = master.run_on;
    plan.relay_auth = master.relay_auth;
    plan.private_redirects = master.private_redirects;
    plan.on_demand = master.on_demand;
    // As in Icecast, all three are needed.
    if (!plan.target.host.empty() && plan.target.port != 0 && !plan.password.empty())
      plans.push_back(std::move(plan));
  }
  return plans;
}

std::optional<LinkPlan> link_plan(const Config& config, const MasterSettings& master) {
  if (master.server.empty() || master.password.empty()) return std::nullopt;
  LinkPlan plan;
  if (master.cluster_port != 0) {
    plan.link.target.port = static_cast<std::uint16_t>(master.cluster_port);
  } else if (master.tls_port != 0 && !config.cluster.id.empty()) {
    plan.link.target.port = static_cast<std::uint16_t>(master.tls_port);
    plan.link.by_secret = false;
  } else {
    return std::nullopt;
  }
  plan.link.target.host = master.server;
  plan.link.target.tls = true;
  plan.link.target.bind_address = master.bind_address;
  plan.link.id = master.username;
  plan.link.secret = master.password;
  plan.link.retry_max = master.retry_max;
  plan.wants_listeners = config.cluster.master_public_slave || master.redirect;
  plan.streams.host = master.server;
  plan.streams.bind_address = master.bind_address;
  plan.streams.tls = master.tls_port != 0;
  plan.streams.port =
      static_cast<std::uint16_t>(master.tls_port != 0 ? master.tls_port : master.port);
  return plan;
}

ProtectionSet protections_of(const MountSettings& section) {
  unsigned set = 0;
  if (!section.authenticator.type.empty()) set |= static_cast<unsigned>(Protection::kListenerAuth);
  if (section.max_listeners >= 0 || section.max_listener_duration.count() > 0)
    set |= static_cast<unsigned>(Protection::kLimits);
  if (section.max_listeners_cluster >= 0) set |= static_cast<unsigned>(Protection::kSlots);
  return static_cast<ProtectionSet>(set);
}

bool cannot_follow(std::string_view user_agent, std::span<const std::string> configured) noexcept {
  const auto contains = [user_agent](std::string_view part) {
    return !part.empty() && user_agent.find(part) != std::string_view::npos;
  };
  return std::any_of(kNoRedirect.begin(), kNoRedirect.end(), contains) ||
         std::any_of(configured.begin(), configured.end(), contains);
}

}  // namespace lb
