#include "app/topology/stream_offers.h"

#include <algorithm>
#include <utility>

#include "app/topology/cluster_plans.h"
#include "base/strings.h"
#include "cluster/link/master_session.h"
#include "cluster/relay/relay_marks.h"
#include "config/settings/config.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kLeastRunOn = 30s;  // relays of this product linger
constexpr std::uint64_t kMaxKbps = 1'000'000;
constexpr std::string_view kBitrate = "ice-bitrate";

bool needs_password(const StreamOffer& offer) noexcept {
  return (offer.needs & static_cast<ProtectionSet>(Protection::kListenerAuth)) != 0;
}

// A mount among the masters' offers.
struct Offered {
  const StreamOffer* best = nullptr;  // null: withdrawn by all, and running out
};

// nullopt: no master has it.
std::optional<Offered> offered_by(const std::vector<MasterLink>& masters,
                                  const std::string& mount) {
  std::optional<Offered> offered;
  for (const MasterLink& master : masters) {
    const auto& streams = master.session->streams().streams();
    const auto at = streams.find(mount);
    if (at == streams.end()) continue;
    if (!offered) offered.emplace();
    if (at->second.state == OfferState::kWithdrawn) continue;
    const StreamOffer& offer = at->second.offer;
    if (offered->best == nullptr || offer.path.size() < offered->best->path.size())
      offered->best = &offer;
  }
  return offered;
}

// An offer that came through another master of this node is void without that master's own offer.
bool is_gone(const std::vector<MasterLink>& masters, const LinkedStreams::Stream& stream) {
  if (stream.state != OfferState::kOffered) return true;
  const auto& path = stream.offer.path;
  return std::any_of(masters.begin(), masters.end(), [&](const MasterLink& master) {
    const MasterSession& session = *master.session;
    if (std::find(path.begin(), path.end(), session.master_id()) == path.end()) return false;
    const auto at = session.streams().streams().find(stream.offer.mount);
    return at != session.streams().streams().end() && at->second.state != OfferState::kOffered;
  });
}

bool has_own_source(const Mount& mount, const SourceFacts& facts) noexcept {
  const MountPhase phase = mount.phase();
  return (phase == MountPhase::kRunning || phase == MountPhase::kLingering) && !facts.relayed;
}

}  // namespace

std::optional<StreamOffer> stream_offer(const Config& config, const Mount& mount,
                                        const std::string& own_id,
                                        const std::vector<MasterLink>& masters,
                                        const WayOf& way_of) {
  const auto facts = mount.facts();
  if (facts->from_file || mount.phase() == MountPhase::kEnded) return std::nullopt;
  StreamOffer offer;
  offer.mount = mount.name();
  offer.content_type = facts->content_type;
  if (const auto bitrate = facts->stats.find(std::string(kBitrate)); bitrate != facts->stats.end())
    if (const auto kbps = parse_u64(bitrate->second); kbps && *kbps < kMaxKbps)
      offer.kbps = static_cast<unsigned>(*kbps);
  offer.needs = protections_of(mount_section(config, mount.name()));
  const bool own = has_own_source(mount, *facts);
  const auto way = own ? std::nullopt : way_of(mount.name());
  const auto from = offered_by(masters, mount.name());
  const bool by_master = from && from->best != nullptr;
  if (way && (way->empty() || !by_master)) {
    offer.path = *way;
  } else if (from && !own) {
    const StreamOffer* best = from->best;
    if (best == nullptr) return std::nullopt;
    offer.path = best->path;
    // The slots come from that master, whatever is configured here.
    offer.needs = static_cast<ProtectionSet>(
        offer.needs | (best->needs & static_cast<ProtectionSet>(Protection::kSlots)));
    if (offer.content_type.empty()) offer.content_type = best->content_type;
    if (offer.kbps == 0) offer.kbps = best->kbps;
  }
  offer.path.push_back(own_id);
  if (offer.path.size() > kMaxHops) return std::nullopt;
  return offer;
}

std::vector<LinkedStream> streams_to_pull(const Config& config,
                                          const std::vector<MasterLink>& masters,
                                          const std::string& mount) {
  struct Found {
    OfferState state;
    std::size_t hops;
    LinkedStream stream;
  };
  std::vector<Found> found;
  for (const MasterLink& master : masters) {
    const auto& streams = master.session->streams().streams();
    const auto at = streams.find(mount);
    if (at == streams.end()) continue;
    const LinkedStreams::Stream& known = at->second;
    const auto target = master.session->streams_target();
    if (!target) continue;
    // The mount needs a password: a node that asks for none must not serve it.
    if (needs_password(known.offer) && mount_section(config, mount).authenticator.type.empty())
      continue;
    const MasterSettings& settings = master.settings;
    LinkedStream stream;
    stream.upstream.target = *target;
    stream.upstream.mount = mount;
    stream.upstream.private_redirects = settings.private_redirects;
    // The mark proves this node (cluster/relay/pull_mark.h); the secret is shown only if that is
    // configured.
    if (settings.relay_auth) {
      stream.upstream.username = settings.username;
      stream.upstream.password = settings.password;
    }
    stream.run_on = std::max<std::chrono::seconds>(settings.run_on, kLeastRunOn);
    stream.retry_delay = settings.retry_delay;
    stream.upstream.offer_number = known.offer_number;
    stream.upstream.word = is_gone(masters, known) ? StreamWord::kGone : StreamWord::kOffered;
    const bool fresh = known.state == OfferState::kWithdrawn && !known.settled;
    found.push_back(
        {fresh ? OfferState::kOffered : known.state, known.offer.path.size(), std::move(stream)});
  }
  // Sorted by present offer before lost one, then by hops, then by configuration.
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::pair(a.state, a.hops) < std::pair(b.state, b.hops);
  });
  std::vector<LinkedStream> out;
  out.reserve(found.size());
  for (Found& each : found) {
    // Of masters that have withdrawn the stream only the nearest stays, and only as the last
    // choice: the others pulled from it, and would wait for this node as it waits for them.
    if (each.state == OfferState::kWithdrawn && !out.empty()) break;
    out.push_back(std::move(each.stream));
  }
  return out;
}

}  // namespace lb
