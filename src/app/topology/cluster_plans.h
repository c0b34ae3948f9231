// Turns the configuration into settings of the cluster floor, with all defaults resolved.
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/nodes/node_table.h"

namespace lb {

class KnownNodes;
struct BalanceRules;
struct BalanceSettings;
struct Config;
struct IngestPlan;
struct LinkPlan;
struct MasterPlan;
struct MasterSettings;
struct MountBalance;
struct MountSettings;
struct RelayPlan;

// The two-letter words of a list, in capitals.
std::vector<std::string> countries_of(const std::vector<std::string>& words);
KnownNodes known_nodes(const Config& config);
NodeTable::Settings table_settings(const Config& config);
BalanceSettings balance_settings(const Config& config);
// The rules of one mount: the cluster's, changed by the mount's <balance>.
BalanceRules balance_rules(const BalanceRules& cluster, const MountBalance& mount);

// The addresses at which listeners reach this node (doc/decisions.md C3).
std::vector<NodeAddress> own_addresses(const Config& config);
// places: the limit of the process (places_for_connections()), beside the configured ones.
NodeCapacity own_capacity(const Config& config, std::uint64_t places);
// This node in its own table.
// What this node says of itself to others; without its id.
NodeFacts own_facts(const Config& config, std::string_view epoch, std::uint64_t places);
NodeHello own_hello(const Config& config, std::string_view epoch, std::uint64_t places);
// The servers of <redirect>.
std::vector<NodeHello> static_nodes(const Config& config);

// The plans of each <relay>; master_plans(): of each <master>.
std::vector<RelayPlan> relay_plans(const Config& config);
// The relays that only one of several nodes captures.
std::vector<IngestPlan> ingest_plans(const Config& config);
std::vector<MasterPlan> master_plans(const Config& config);
// The link to a master; nullopt: the master has no link.
std::optional<LinkPlan> link_plan(const Config& config, const MasterSettings& master);

// The protections that a mount requires of every node that serves it.
ProtectionSet protections_of(const MountSettings& section);

// Whether the listener cannot follow a redirect, by parts of its User-Agent.
bool cannot_follow(std::string_view user_agent, std::span<const std::string> configured) noexcept;

}  // namespace lb
