// Rows of <cluster>.
#include <algorithm>
#include <array>

#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr SchemaElement kPublicAddress[] = {
    element("", kText, slot<&PublicAddress::address>,
            "host:port under which listeners reach this node.",
            {.example = "edge1.example.org:8000"}),
    element("scheme", kText, slot<&PublicAddress::scheme>, "http or https.",
            {.attribute = true, .example = "https"}),
};
constinit const SchemaBlock kPublicAddressBlock = block_of<PublicAddress>(
    "public-address", "The address of this node for listeners; one for each scheme.",
    kPublicAddress);

constexpr SchemaElement kCapacity[] = {
    bandwidth_of(slot<&ClusterSettings::max_bits_per_second>),
    number_of("max-listeners", slot<&ClusterSettings::max_listeners>, 10'000'000,
              "Listeners it takes; 0: no limit. It announces no more than <clients> and file "
              "descriptors allow."),
    number_of("max-accept", slot<&ClusterSettings::max_accept>, 1'000'000,
              "New listeners a second; 0: no limit."),
    number_of("self-weight", slot<&ClusterSettings::self_weight>, 1000,
              "Its own share relative to nodes of the same capacity; 0: it only redirects."),
    element("max-sources", kNumber, slot<&ClusterSettings::max_sources>,
            "Mounts of the API whose home it may be; -1: as <sources>.",
            {.min = -1, .max = 1'000'000, .unset = -1, .example = "100"}),
    element("max-ingest", kRate, slot<&ClusterSettings::max_ingest_bits>,
            "Total rate of their sources; 0: as <limits><max-bandwidth>, if given.",
            {.max = 1'000'000'000'000'000, .example = "20M"}),
};
constinit const SchemaBlock kCapacityBlock = block_of<ClusterSettings>(
    "capacity", "The capacity of this node.", kCapacity, {.inline_form = true});

constexpr SchemaChoice kPolicies[] = {{"weighted-random", BalancePolicy::kWeightedRandom},
                                      {"p2c", BalancePolicy::kTwoChoices},
                                      {"least-util", BalancePolicy::kLeastUtil},
                                      {"least-conn", BalancePolicy::kLeastConn},
                                      {"hash", BalancePolicy::kHash},
                                      {"round-robin", BalancePolicy::kRoundRobin},
                                      {"first", BalancePolicy::kFirst}};
constexpr SchemaChoice kWhens[] = {
    {"always", BalanceWhen::kAlways}, {"full", BalanceWhen::kFull}, {"never", BalanceWhen::kNever}};
template <auto kMember>
constexpr auto rule = slot<&ClusterSettings::rules, kMember>;
constexpr SchemaElement kBalance[] = {
    element("policy", kChoice, rule<&BalanceRules::policy>, "How a node is chosen for a listener.",
            {.choices = kPolicies}),
    element("when", kChoice, rule<&BalanceRules::when>,
            "When listeners are sent to other nodes; full: as Icecast-KH.", {.choices = kWhens}),
    element("affinity", kBool, rule<&BalanceRules::affinity>,
            "1: prefer nodes that carry the stream already."),
    number_of("min-carriers", rule<&BalanceRules::min_carriers>, 1000,
              "With affinity: minimum nodes of a busy mount."),
    number_of("busy-listeners", rule<&BalanceRules::busy_listeners>, 10'000'000,
              "Listeners that make a mount busy."),
    fraction_of(
        "eps", slot<&ClusterSettings::eps>, 100'000,
        "With affinity: how far a carrier may be above the mean before another node is used."),
    fraction_of("floor", slot<&ClusterSettings::floor>, 10'000,
                "With affinity: up to this utilisation a node is used in any case."),
    element("hold", kMilliseconds, slot<&ClusterSettings::hold>,
            "How long requests after a start wait for reports of nodes.",
            {.max = 60'000, .example = "1s"}),
    fraction_of("direct-budget", slot<&ClusterSettings::direct_budget>, 10'000,
                "The part of its capacity kept for listeners that cannot be redirected."),
    element("retry-after", kSeconds, slot<&ClusterSettings::retry_after>,
            "Retry-After, if no node has room.", {.min = 1, .max = 3600, .example = "2"}),
};

// The choices of a mount have one more: -1, "as the cluster".
constexpr std::string_view kAsCluster = "cluster";
template <std::size_t N>
constexpr auto or_as_cluster(const SchemaChoice (&choices)[N]) {
  std::array<SchemaChoice, N + 1> all{};
  std::copy(choices, choices + N, all.begin());
  all[N] = {kAsCluster, -1};
  return all;
}
constexpr SchemaChoice kYesNo[] = {{"1", 1}, {"0", 0}};
constexpr auto kMountPolicies = or_as_cluster(kPolicies);
constexpr auto kMountWhens = or_as_cluster(kWhens);
constexpr auto kMountYesNo = or_as_cluster(kYesNo);
constexpr SchemaElement of_mount(SchemaElement row, Slot (*where)(void*)) {
  row.slot = where;
  row.set_by = kAdmin;
  row.min = -1;
  return row;
}
constexpr SchemaElement of_mount(SchemaElement row, Slot (*where)(void*),
                                 std::span<const SchemaChoice> choices) {
  row.slot = where;
  row.set_by = kAdmin;
  row.kind = kChoice;
  row.choices = choices;
  return row;
}
constexpr SchemaElement kMountBalance[] = {
    of_mount(kBalance[0], slot<&MountBalance::policy>, kMountPolicies),
    of_mount(kBalance[1], slot<&MountBalance::when>, kMountWhens),
    of_mount(kBalance[2], slot<&MountBalance::affinity>, kMountYesNo),
    of_mount(kBalance[3], slot<&MountBalance::min_carriers>),
    of_mount(kBalance[4], slot<&MountBalance::busy_listeners>),
    element("tags", kList, slot<&MountBalance::tags>, "Only nodes that have all these tags.",
            {.set_by = kAdmin, .example = "premium"}),
};
static_assert(all_have_set_by(kMountBalance));

constinit const SchemaBlock kBalanceBlock = block_of<ClusterSettings>(
    "balance", "How listeners are shared out.", kBalance, {.inline_form = true});

constexpr SchemaChoice kRequires[] = {
    {"off", TokenRequire::kOff}, {"soft", TokenRequire::kSoft}, {"hard", TokenRequire::kHard}};
constexpr SchemaElement kToken[] = {
    element("keys", kSecret, slot<&ClusterSettings::token_keys>,
            "Keys of redirects: the first signs, all are accepted."),
    element("require", kChoice, slot<&ClusterSettings::token_require>,
            "Listeners without a valid token: off serves, soft sends to the first master once, "
            "hard refuses.",
            {.choices = kRequires}),
};
constinit const SchemaBlock kTokenBlock =
    block_of<ClusterSettings>("token", "Signed redirects.", kToken, {.inline_form = true});

constexpr SchemaChoice kDrainModes[] = {{"off", DrainMode::kOff},
                                        {"soft", DrainMode::kSoft},
                                        {"move", DrainMode::kMove},
                                        {"hard", DrainMode::kHard}};
constexpr SchemaElement kDrain[] = {
    element("mode", kChoice, slot<&ClusterSettings::drain_mode>,
            "Effect of TERM: off ends the process; the others admit no new listeners and end it "
            "after the last: soft lets them stay, move closes them gradually, hard at once. A "
            "second TERM ends it.",
            {.choices = kDrainModes}),
    seconds_of("time", slot<&ClusterSettings::drain_time>, kOwn,
               "After this time the process ends with the remaining listeners."),
    element("rate", kText, slot<&ClusterSettings::drain_rate>,
            "Listeners closed by move per second: a number, or a share.", {.example = "2%"}),
};
constinit const SchemaBlock kDrainBlock = block_of<ClusterSettings>(
    "drain", "How this node empties itself before it ends.", kDrain, {.inline_form = true});

constexpr SchemaElement kAgent[] = {
    port_of("port", slot<&ClusterSettings::agent_port>, kOwn, "The TCP port; 0: none."),
    element("bind-address", kHost, slot<&ClusterSettings::agent_bind_address>,
            "Its address; default: all IPv4 addresses.", {.example = "10.0.0.5"}),
};
constinit const SchemaBlock kAgentBlock = block_of<ClusterSettings>(
    "agent", "A port for HAProxy's agent-check: this node's state in one line.", kAgent);

constexpr SchemaElement countries_of(Slot (*where)(void*), std::string_view help) {
  return element("countries", kList, where, help, {.example = "DE AT CH"});
}
constexpr std::string_view kOfNode =
    "Countries near to it (ISO 3166), whatever it reports: listeners of others (by <geoipdb>) come "
    "only if no nearer node has room.";

constexpr SchemaElement kNode[] = {
    element("id", kText, slot<&ClusterNode::id>, "The node's login name.", {.example = "edge1"}),
    element("secret", kSecret, slot<&ClusterNode::secret>, "Its password."),
    element("allow-public", kText, slot<&ClusterNode::allow_public>,
            "The public addresses it may announce.", {.example = "edge1.example.org:8000,8443"}),
    bandwidth_of(slot<&ClusterNode::max_bits_per_second>),
    number_of("max-listeners", slot<&ClusterNode::max_listeners>, 10'000'000,
              "Maximum listeners; 0: as it reports."),
    element("max-sources", kNumber, slot<&ClusterNode::max_sources>,
            "Maximum mounts of the API whose home it may be; -1: as it reports.",
            {.min = -1, .max = 1'000'000, .unset = -1, .example = "100"}),
    number_of("weight", slot<&ClusterNode::weight>, 1000,
              "Its share relative to nodes of the same capacity; 0: none."),
    element("allow-peer-address", kBool, slot<&ClusterNode::allow_peer_address>,
            "1: without a public address, the one from which it connects is used."),
    countries_of(slot<&ClusterNode::countries>, kOfNode),
    element("certificates", kList, slot<&ClusterNode::certificates>,
            "Names, besides those in allow-public, for which it gets certificates of this server's "
            "<acme>.",
            {.example = "radio.example.org *.example.org"}),
    element("sources", kList, slot<&ClusterNode::sources>,
            "Mounts or patterns that it may provide: sources, and relays with ingest once. A peer "
            "may capture all.",
            {.example = "/live/*"}),
};
constinit const SchemaBlock kNodeBlock = block_of<ClusterNode>(
    "node", "A node that may report here.", kNode, {.key = "id", .inline_form = true});

constexpr SchemaElement kLegacy[] = {
    element("address", kHost, slot<&LegacySlave::address>, "The address it connects from.",
            {.example = "192.0.2.7"}),
    element(
        "public", kText, slot<&LegacySlave::public_address>,
        "host:port under which listeners reach it.",
        {.standard = "its address, with the port it reports", .example = "old.example.org:8000"}),
    bandwidth_of(slot<&LegacySlave::max_bits_per_second>),
    number_of("max-listeners", slot<&LegacySlave::max_listeners>, 10'000'000,
              "Listeners it can serve; 0: no limit."),
    number_of("weight", slot<&LegacySlave::weight>, 1000,
              "Its share relative to nodes of the same capacity; 0: none."),
    countries_of(slot<&LegacySlave::countries>, kOfNode),
};
constinit const SchemaBlock kLegacyBlock =
    block_of<LegacySlave>("legacy-slave", "A slave that is an Icecast or Icecast-KH.", kLegacy,
                          {.key = "address", .inline_form = true});

constexpr SchemaElement kCluster[] = {
    element("id", kText, slot<&ClusterSettings::id>, "The name of this node.",
            {.reload = kRestart, .example = "m1"}),
    element("cluster-port", kNumber, slot<&ClusterSettings::port>,
            "The port of links from nodes, with TLS 1.3 and secrets; 0: none.",
            {.max = 65'535, .reload = kRestart, .strict = true, .example = "8100"}),
    element("tags", kList, slot<&ClusterSettings::tags>, "Words that describe this node.",
            {.example = "eu premium"}),
    countries_of(slot<&ClusterSettings::countries>,
                 "Countries near to it (ISO 3166); default: all."),
    element("public-address", &kPublicAddressBlock, each_in<&ClusterSettings::public_addresses>()),
    element("capacity", &kCapacityBlock, same_object()),
    element("balance", &kBalanceBlock, same_object()),
    element("token", &kTokenBlock, same_object()),
    element("no-redirect", kList, slot<&ClusterSettings::no_redirect>,
            "Listeners with one of these in User-Agent are served here, like players known not to "
            "follow redirects.",
            {.example = "MyRadio/1"}),
    element("drain", &kDrainBlock, same_object()),
    element("udp", kBool, slot<&ClusterSettings::udp>,
            "1: a datagram to a listen-socket's port is answered with this node's state.",
            {.example = "1"}),
    element("agent", &kAgentBlock, same_object()),
    element("on-node-event", kPath, slot<&ClusterSettings::on_node_event>,
            "A program for every event of this node: doc/orchestration.md.",
            {.example = "/usr/local/bin/tell"}),
    element("node", &kNodeBlock, each_in<&ClusterSettings::nodes>()),
    element("legacy-slave", &kLegacyBlock, each_in<&ClusterSettings::legacy_slaves>()),
};

}  // namespace

constinit const SchemaBlock kMountBalanceBlock =
    block_of<MountBalance>("balance", "As in cluster, for these mounts.", kMountBalance);

constinit const SchemaBlock kClusterBlock =
    block_of<ClusterSettings>("cluster", "This node in a cluster, and its nodes.", kCluster);

}  // namespace lb
