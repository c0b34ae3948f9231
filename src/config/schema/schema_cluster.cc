// Rows of <cluster>.
#include <algorithm>
#include <array>

#include "config/schema/schema.h"
#include "config/schema/schema_rows.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using enum ValueKind;
using enum ReloadClass;

constexpr SchemaElement kPublicAddress[] = {
    {.kind = kText,
     .slot = slot<&PublicAddress::address>,
     .example = "edge1.example.org:8000",
     .help = "host:port under which listeners reach this node."},
    {.name = "scheme",
     .kind = kText,
     .slot = slot<&PublicAddress::scheme>,
     .attribute = true,
     .example = "https",
     .help = "http or https."},
};
constinit const SchemaBlock kPublicAddressBlock{
    .name = "public-address",
    .help = "Where listeners reach this node; one for each scheme.",
    .elements = kPublicAddress,
    .fresh = fresh<PublicAddress>};

constexpr SchemaElement kCapacity[] = {
    bandwidth_of(slot<&ClusterSettings::max_bits_per_second>),
    number_of("max-listeners", slot<&ClusterSettings::max_listeners>, 10'000'000,
              "Listeners it takes; 0: no limit. It announces no more than <clients> and file "
              "descriptors allow."),
    number_of("max-accept", slot<&ClusterSettings::max_accept>, 1'000'000,
              "New listeners a second; 0: not limited."),
    number_of("self-weight", slot<&ClusterSettings::self_weight>, 1000,
              "The share of its capacity that it gives itself; 0: it only redirects."),
    {.name = "max-sources",
     .kind = kNumber,
     .slot = slot<&ClusterSettings::max_sources>,
     .min = -1,
     .max = 1'000'000,
     .unset = -1,
     .example = "100",
     .help = "Mounts of the API whose home it may be; -1: as <sources>."},
    {.name = "max-ingest",
     .kind = kRate,
     .slot = slot<&ClusterSettings::max_ingest_bits>,
     .min = 0,
     .max = 1'000'000'000'000'000,
     .example = "20M",
     .help = "What their sources may send together; 0: as <limits><max-bandwidth>, if given."},
};
constinit const SchemaBlock kCapacityBlock{.name = "capacity",
                                           .help = "What this node can carry.",
                                           .elements = kCapacity,
                                           .fresh = fresh<ClusterSettings>,
                                           .inline_form = true};

constexpr SchemaChoice kPolicies[] = {
    {"weighted-random", static_cast<std::int64_t>(BalancePolicy::kWeightedRandom)},
    {"p2c", static_cast<std::int64_t>(BalancePolicy::kTwoChoices)},
    {"least-util", static_cast<std::int64_t>(BalancePolicy::kLeastUtil)},
    {"least-conn", static_cast<std::int64_t>(BalancePolicy::kLeastConn)},
    {"hash", static_cast<std::int64_t>(BalancePolicy::kHash)},
    {"round-robin", static_cast<std::int64_t>(BalancePolicy::kRoundRobin)},
    {"first", static_cast<std::int64_t>(BalancePolicy::kFirst)}};
constexpr SchemaChoice kWhens[] = {{"always", static_cast<std::int64_t>(BalanceWhen::kAlways)},
                                   {"full", static_cast<std::int64_t>(BalanceWhen::kFull)},
                                   {"never", static_cast<std::int64_t>(BalanceWhen::kNever)}};
constexpr SchemaElement kBalance[] = {
    {.name = "policy",
     .kind = kChoice,
     .slot = slot<&ClusterSettings::policy>,
     .choices = kPolicies,
     .help = "How a node is chosen for a listener."},
    {.name = "when",
     .kind = kChoice,
     .slot = slot<&ClusterSettings::when>,
     .choices = kWhens,
     .help = "When listeners are sent to other nodes; full is Icecast-KH's way."},
    {.name = "affinity",
     .kind = kBool,
     .slot = slot<&ClusterSettings::affinity>,
     .help = "1: prefer nodes that carry the stream already."},
    number_of("min-carriers", slot<&ClusterSettings::min_carriers>, 1000,
              "With affinity: a busy mount has at least so many nodes."),
    number_of("busy-listeners", slot<&ClusterSettings::busy_listeners>, 10'000'000,
              "Listeners that make a mount busy."),
    fraction_of(
        "eps", slot<&ClusterSettings::eps>, 100'000,
        "With affinity: how far a carrier may be above the mean before another node is used."),
    fraction_of("floor", slot<&ClusterSettings::floor>, 10'000,
                "With affinity: up to this utilisation a node is used in any case."),
    {.name = "hold",
     .kind = kMilliseconds,
     .slot = slot<&ClusterSettings::hold>,
     .min = 0,
     .max = 60'000,
     .example = "1s",
     .help = "How long requests after a start wait for reports of nodes."},
    fraction_of("direct-budget", slot<&ClusterSettings::direct_budget>, 10'000,
                "The part of its capacity kept for listeners that cannot be redirected."),
    {.name = "retry-after",
     .kind = kSeconds,
     .slot = slot<&ClusterSettings::retry_after>,
     .min = 1,
     .max = 3600,
     .example = "2",
     .help = "Retry-After, where no node has room."},
};

// The same for one mount, where -1 stands for "as the cluster".
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
  row.set_by = SetBy::kAdmin;
  row.min = -1;
  return row;
}
constexpr SchemaElement of_mount(SchemaElement row, Slot (*where)(void*),
                                 std::span<const SchemaChoice> choices) {
  row.slot = where;
  row.set_by = SetBy::kAdmin;
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
    {.name = "tags",
     .kind = kList,
     .set_by = SetBy::kAdmin,
     .slot = slot<&MountBalance::tags>,
     .example = "premium",
     .help = "Only nodes that have all these tags."},
};
static_assert(all_have_set_by(kMountBalance));

constinit const SchemaBlock kBalanceBlock{.name = "balance",
                                          .help = "How listeners are shared out.",
                                          .elements = kBalance,
                                          .fresh = fresh<ClusterSettings>,
                                          .inline_form = true};

constexpr SchemaChoice kRequires[] = {{"off", static_cast<std::int64_t>(TokenRequire::kOff)},
                                      {"soft", static_cast<std::int64_t>(TokenRequire::kSoft)},
                                      {"hard", static_cast<std::int64_t>(TokenRequire::kHard)}};
constexpr SchemaElement kToken[] = {
    {.name = "keys",
     .kind = kSecret,
     .slot = slot<&ClusterSettings::token_keys>,
     .help = "Keys of redirects: the first signs, all are accepted."},
    {.name = "require",
     .kind = kChoice,
     .slot = slot<&ClusterSettings::token_require>,
     .choices = kRequires,
     .help = "Listeners without a valid token: off serves, soft sends to the first master once, "
             "hard refuses."},
};
constinit const SchemaBlock kTokenBlock{.name = "token",
                                        .help = "Signed redirects.",
                                        .elements = kToken,
                                        .fresh = fresh<ClusterSettings>,
                                        .inline_form = true};

constexpr SchemaChoice kDrainModes[] = {{"off", static_cast<std::int64_t>(DrainMode::kOff)},
                                        {"soft", static_cast<std::int64_t>(DrainMode::kSoft)},
                                        {"move", static_cast<std::int64_t>(DrainMode::kMove)},
                                        {"hard", static_cast<std::int64_t>(DrainMode::kHard)}};
constexpr SchemaElement kDrain[] = {
    {.name = "mode",
     .kind = kChoice,
     .slot = slot<&ClusterSettings::drain_mode>,
     .choices = kDrainModes,
     .help = "What TERM does: off ends the process; the others take no new listeners and end it "
             "behind the last: soft lets them stay, move closes them little by little, hard at "
             "once. A second TERM ends it."},
    seconds_of("time", slot<&ClusterSettings::drain_time>, SchemaOrigin::kOwn,
               "After so long the process ends with the listeners that are left."),
    {.name = "rate",
     .kind = kText,
     .slot = slot<&ClusterSettings::drain_rate>,
     .example = "2%",
     .help = "Listeners that move closes a second: a number, or a share."},
};
constinit const SchemaBlock kDrainBlock{.name = "drain",
                                        .help = "How this node empties itself before it ends.",
                                        .elements = kDrain,
                                        .fresh = fresh<ClusterSettings>,
                                        .inline_form = true};

constexpr SchemaElement kAgent[] = {
    port_of("port", slot<&ClusterSettings::agent_port>, SchemaOrigin::kOwn,
            "The TCP port; 0: none."),
    {.name = "bind-address",
     .kind = kHost,
     .slot = slot<&ClusterSettings::agent_bind_address>,
     .example = "10.0.0.5",
     .help = "Its address; without one, all IPv4 addresses."},
};
constinit const SchemaBlock kAgentBlock{
    .name = "agent",
    .help = "A port for HAProxy's agent-check: this node in one line.",
    .elements = kAgent,
    .fresh = fresh<ClusterSettings>};

constexpr SchemaElement countries_of(Slot (*where)(void*), std::string_view help) {
  return {.name = "countries", .kind = kList, .slot = where, .example = "DE AT CH", .help = help};
}
constexpr std::string_view kOfNode =
    "Countries that it is near to (ISO 3166), whatever it reports: others (by <geoipdb>) come only "
    "where no nearer node has room.";

constexpr SchemaElement kNode[] = {
    {.name = "id",
     .kind = kText,
     .slot = slot<&ClusterNode::id>,
     .example = "edge1",
     .help = "The name the node logs in with."},
    {.name = "secret",
     .kind = kSecret,
     .slot = slot<&ClusterNode::secret>,
     .help = "Its password."},
    {.name = "allow-public",
     .kind = kText,
     .slot = slot<&ClusterNode::allow_public>,
     .example = "edge1.example.org:8000,8443",
     .help = "The public addresses it may announce."},
    bandwidth_of(slot<&ClusterNode::max_bits_per_second>),
    number_of("max-listeners", slot<&ClusterNode::max_listeners>, 10'000'000,
              "Listeners at most; 0: as it reports."),
    number_of("weight", slot<&ClusterNode::weight>, 1000,
              "Its share beside nodes of the same capacity; 0: none."),
    {.name = "allow-peer-address",
     .kind = kBool,
     .slot = slot<&ClusterNode::allow_peer_address>,
     .help = "1: without a public address, that which it connects from is taken."},
    countries_of(slot<&ClusterNode::countries>, kOfNode),
    {.name = "certificates",
     .kind = kList,
     .slot = slot<&ClusterNode::certificates>,
     .example = "radio.example.org *.example.org",
     .help = "Names beside those of allow-public for which it gets the certificates of this "
             "server's <acme>."},
    {.name = "sources",
     .kind = kList,
     .slot = slot<&ClusterNode::sources>,
     .example = "/live/*",
     .help = "Mounts or patterns that it may bring: sources, and relays with ingest once. A peer "
             "may capture all."},
};
constinit const SchemaBlock kNodeBlock{.name = "node",
                                       .help = "A node that may report here.",
                                       .elements = kNode,
                                       .fresh = fresh<ClusterNode>,
                                       .key = "id",
                                       .inline_form = true};

constexpr SchemaElement kLegacy[] = {
    {.name = "address",
     .kind = kHost,
     .slot = slot<&LegacySlave::address>,
     .example = "192.0.2.7",
     .help = "The address it connects from."},
    {.name = "public",
     .kind = kText,
     .slot = slot<&LegacySlave::public_address>,
     .standard = "its address, with the port it reports",
     .example = "old.example.org:8000",
     .help = "host:port under which listeners reach it."},
    bandwidth_of(slot<&LegacySlave::max_bits_per_second>),
    number_of("max-listeners", slot<&LegacySlave::max_listeners>, 10'000'000,
              "Listeners it can take; 0: not limited."),
    number_of("weight", slot<&LegacySlave::weight>, 1000,
              "Its share beside nodes of the same capacity; 0: none."),
    countries_of(slot<&LegacySlave::countries>, kOfNode),
};
constinit const SchemaBlock kLegacyBlock{.name = "legacy-slave",
                                         .help = "A slave that is an Icecast or Icecast-KH.",
                                         .elements = kLegacy,
                                         .fresh = fresh<LegacySlave>,
                                         .key = "address",
                                         .inline_form = true};

constexpr SchemaElement kCluster[] = {
    {.name = "id",
     .kind = kText,
     .slot = slot<&ClusterSettings::id>,
     .reload = kRestart,
     .example = "m1",
     .help = "The name of this node."},
    {.name = "cluster-port",
     .kind = kNumber,
     .slot = slot<&ClusterSettings::port>,
     .min = 0,
     .max = 65'535,
     .reload = kRestart,
     .strict = true,
     .example = "8100",
     .help = "The port of links from nodes, by TLS 1.3 and secrets; 0: none."},
    {.name = "tags",
     .kind = kList,
     .slot = slot<&ClusterSettings::tags>,
     .example = "eu premium",
     .help = "Words that describe this node."},
    countries_of(slot<&ClusterSettings::countries>,
                 "Countries that it is near to (ISO 3166); without it: all."),
    {.name = "public-address",
     .kind = kBlock,
     .block = &kPublicAddressBlock,
     .nest = each_in<&ClusterSettings::public_addresses>()},
    {.name = "capacity", .kind = kBlock, .block = &kCapacityBlock, .nest = same_object()},
    {.name = "balance", .kind = kBlock, .block = &kBalanceBlock, .nest = same_object()},
    {.name = "token", .kind = kBlock, .block = &kTokenBlock, .nest = same_object()},
    {.name = "no-redirect",
     .kind = kList,
     .slot = slot<&ClusterSettings::no_redirect>,
     .example = "MyRadio/1",
     .help = "Listeners with one of these in User-Agent are served here, as players known to "
             "follow no redirect."},
    {.name = "drain", .kind = kBlock, .block = &kDrainBlock, .nest = same_object()},
    {.name = "udp",
     .kind = kBool,
     .slot = slot<&ClusterSettings::udp>,
     .example = "1",
     .help = "1: a datagram to a listen-socket's port is answered with this node's state."},
    {.name = "agent", .kind = kBlock, .block = &kAgentBlock, .nest = same_object()},
    {.name = "on-node-event",
     .kind = kPath,
     .slot = slot<&ClusterSettings::on_node_event>,
     .example = "/usr/local/bin/tell",
     .help = "A program for every event of this node: doc/orchestration.md."},
    {.name = "node",
     .kind = kBlock,
     .block = &kNodeBlock,
     .nest = each_in<&ClusterSettings::nodes>()},
    {.name = "legacy-slave",
     .kind = kBlock,
     .block = &kLegacyBlock,
     .nest = each_in<&ClusterSettings::legacy_slaves>()},
};

}  // namespace

constinit const SchemaBlock kMountBalanceBlock{.name = "balance",
                                               .help = "As in cluster, of these mounts.",
                                               .elements = kMountBalance,
                                               .fresh = fresh<MountBalance>};

constinit const SchemaBlock kClusterBlock{.name = "cluster",
                                          .help = "This node in a cluster, and its nodes.",
                                          .elements = kCluster,
                                          .fresh = fresh<ClusterSettings>};

}  // namespace lb
