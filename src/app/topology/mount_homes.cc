#include "app/topology/mount_homes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "app/services/event_service.h"
#include "app/topology/cluster_plans.h"
#include "base/cat.h"
#include "cluster/link/master_session.h"
#include "cluster/nodes/public_address.h"
#include "config/settings/config.h"

namespace lb {
namespace {

// Plain http first, as many encoders do not support TLS.
std::string encoder_url(const std::vector<NodeAddress>& addresses) {
  if (addresses.empty()) return {};
  const auto plain = std::find_if(addresses.begin(), addresses.end(), [](const NodeAddress& each) {
    return each.scheme == PublicScheme::kHttp;
  });
  return origin_of(plain != addresses.end() ? *plain : addresses.front());
}

// How much larger than the median a node may be by its own word.
constexpr std::uint64_t kPlausible = 10;

PlaceCandidate candidate_of(const Node& node, SteadyTime now) {
  PlaceCandidate out;
  out.node = node.id;
  out.state = node.state_at(now);
  out.url = encoder_url(node.addresses);
  out.tags = node.NodeHello::tags;
  out.countries = node.countries;
  out.max_sources = node.capacity.sources;
  if (const auto& most = node.limits.most.sources; most && out.max_sources)
    out.max_sources = std::min<std::uint64_t>(*out.max_sources, *most);
  out.max_ingest_kbps = static_cast<std::uint64_t>(std::llround(node.capacity.ingest_kbps));
  if (!node.capacity.sources)
    out.unable = "its version takes no mounts";
  else if (out.url.empty())
    out.unable = "its public address is not known here";
  return out;
}

bool is_bounded_here(const Config& config, std::string_view id) {
  return std::ranges::any_of(config.cluster.nodes, [id](const ClusterNode& node) {
    return node.id == id && node.max_sources >= 0;
  });
}

// A node that claims an immense capacity would be the home of every new mount, with its password.
void bound_claims(const Config& config, std::vector<PlaceCandidate>& candidates) {
  std::vector<std::uint64_t> claims;
  for (const PlaceCandidate& each : candidates)
    if (each.unable.empty() && each.max_sources.value_or(0) > 0)
      claims.push_back(*each.max_sources);
  if (claims.size() < 2) return;
  const auto middle = claims.begin() + static_cast<std::ptrdiff_t>((claims.size() - 1) / 2);
  std::ranges::nth_element(claims, middle);
  const std::uint64_t most = *middle * kPlausible;
  for (PlaceCandidate& each : candidates)
    if (each.max_sources.value_or(0) > most && !is_bounded_here(config, each.node))
      each.counted_sources = most;
}

}  // namespace

std::vector<PlaceCandidate> linked_candidates(const Config& config, const NodeTable& table,
                                              SteadyTime now) {
  std::vector<PlaceCandidate> out;
  for (const ClusterNode& known : config.cluster.nodes) {
    if (is_own_id(config, known.id)) continue;
    const NodeSlot slot = table.find(known.id);
    if (slot != kNoNode && table.node(slot).kind == NodeKind::kLink) {
      out.push_back(candidate_of(table.node(slot), now));
      continue;
    }
    PlaceCandidate missing;
    missing.node = known.id;
    missing.state = NodeState::kDead;
    out.push_back(std::move(missing));
  }
  bound_claims(config, out);
  return out;
}

bool is_own_id(const Config& config, std::string_view id) {
  if (id.empty()) return false;
  if (node_name(config) == id) return true;
  return std::any_of(config.masters.begin(), config.masters.end(), [&](const MasterSettings& each) {
    return each.username == id && link_plan(config, each).has_value();
  });
}

bool is_expected_here(const Config& config, const MountSettings& section) {
  return is_own_id(config, section.home) || is_own_id(config, section.backup) ||
         is_own_id(config, section.moves_to);
}

bool takes_over_here(const Config& config, const MountSettings& section) {
  return is_own_id(config, section.moves_to) ||
         (section.backup.empty() && is_own_id(config, section.home));
}

bool gives_up_source(const Config& before, const MountSettings& old, const Config& now,
                     const MountSettings& next) {
  if (next.home.empty() || !is_expected_here(before, old)) return false;
  if (!is_expected_here(now, next)) return true;
  // The mount has moved, with its source.  If this node is the backup now, it must have no source.
  return old.home != next.home && !is_own_id(now, next.home);
}

bool leaves(const Config& config, const MountRecord& before, const MountRecord& now) {
  const auto here = [&config](const MountRecord& record) {
    return is_own_id(config, record.home) ||
           (record.takes_backup() && is_own_id(config, record.backup)) ||
           (record.state == RecordState::kMoving && is_own_id(config, record.place.to));
  };
  return !now.home.empty() && here(before) && !here(now);
}

bool pulls_here(const Config& config, const MountRecord& record) {
  return is_own_id(config, record.home);
}

bool is_home(const MountSettings& section, std::string_view node) {
  return !node.empty() && (section.home == node || section.backup == node ||
                           section.moves_from == node || section.moves_to == node);
}

unsigned home_rank(const MountSettings& section, std::string_view node) {
  if (node.empty() || section.home.empty()) return 2;
  if (section.moves_to == node) return 0;
  return section.home == node || section.backup == node ? 1 : 2;
}

std::string refuse_away_from_home(const Config& config, const MountSettings& section) {
  if (section.home.empty() || is_expected_here(config, section)) return {};
  const std::string& home = section.moves_to.empty() ? section.home : section.moves_to;
  const auto& nodes = config.cluster.nodes;
  const bool known = std::any_of(nodes.begin(), nodes.end(), [&](const ClusterNode& node) {
    return node.id == home || node.id == section.backup;
  });
  // A master accepts the source if it does not know the home, which may have been renamed.
  if (config.store.type != StoreType::kNone && !known) return {};
  return cat({"the source of this mount is expected at node ", home,
              section.backup.empty() || section.backup == home ? "" : " or " + section.backup});
}

}  // namespace lb
