#include "app/stream_offers.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "app/cluster_plans.h"
#include "base/strings.h"
#include "cluster/relay_marks.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kLeastRunOn = 30s;  // cluster.md 2.4: our slaves linger
constexpr std::uint64_t kMostKbps = 1'000'000;
constexpr std::string_view kBitrate = "ice-bitrate";

bool needs_password(const StreamOffer& offer) noexcept {
  return (offer.needs & static_cast<ProtectionSet>(Protection::kListenerAuth)) != 0;
}

// What a mount has in the masters' offers.
struct Learnt {
  const StreamOffer* best = nullptr;  // null: all have withdrawn it, and it waits here for its end
};

std::map<std::string_view, Learnt> learnt_from(const std::vector<MasterLink>& masters) {
  std::map<std::string_view, Learnt> learnt;
  for (const MasterLink& master : masters)
    for (const auto& [mount, stream] : master.session->streams().streams()) {
      Learnt& row = learnt[mount];
      if (stream.state == OfferState::kWithdrawn) continue;
      if (row.best == nullptr || stream.offer.path.size() < row.best->path.size())
        row.best = &stream.offer;
    }
  return learnt;
}

bool has_own_source(const Mount& mount, const SourceFacts& facts) noexcept {
  const MountPhase phase = mount.phase();
  return (phase == MountPhase::kRunning || phase == MountPhase::kLingering) && !facts.relayed;
}

}  // namespace

std::vector<StreamOffer> stream_offers(const Services& services, const std::string& own_id,
                                       const std::vector<MasterLink>& masters) {
  const auto config = services.config.read();
  const auto learnt = learnt_from(masters);
  std::vector<StreamOffer> out;
  const auto rows = services.mounts.all();
  for (const auto& [name, mount] : *rows) {
    const auto facts = mount->facts();
    if (facts->from_file || mount->phase() == MountPhase::kEnded) continue;
    StreamOffer offer;
    offer.mount = name;
    offer.content_type = facts->content_type;
    if (const auto bitrate = facts->stats.find(std::string(kBitrate));
        bitrate != facts->stats.end())
      if (const auto kbps = parse_u64(bitrate->second); kbps && *kbps < kMostKbps)
        offer.kbps = static_cast<unsigned>(*kbps);
    offer.needs = protections_of(mount_section(*config, name));
    if (const auto from = learnt.find(name);
        from != learnt.end() && !has_own_source(*mount, *facts)) {
      const StreamOffer* best = from->second.best;
      if (best == nullptr) continue;
      offer.path = best->path;
      if (offer.content_type.empty()) offer.content_type = best->content_type;
      if (offer.kbps == 0) offer.kbps = best->kbps;
    }
    offer.path.push_back(own_id);
    if (offer.path.size() <= kMostHops) out.push_back(std::move(offer));
  }
  return out;
}

std::vector<LinkedStream> streams_to_pull(const Config& config,
                                          const std::vector<MasterLink>& masters) {
  struct Found {
    OfferState state;
    std::size_t hops;
    LinkedStream stream;
  };
  std::vector<Found> found;
  for (const MasterLink& master : masters) {
    const auto target = master.session->streams_target();
    if (!target) continue;
    const MasterSettings& settings = master.settings;
    for (const auto& [mount, known] : master.session->streams().streams()) {
      // Whoever does not ask for the password that the mount needs must not serve it.
      const bool protect = needs_password(known.offer);
      if (protect && mount_section(config, mount).authenticator.type.empty()) continue;
      LinkedStream stream;
      stream.mount = mount;
      stream.upstream.target = *target;
      stream.upstream.mount = mount;
      if (settings.relay_auth || (protect && target->tls)) {
        stream.upstream.username = settings.username;
        stream.upstream.password = settings.password;
      }
      stream.run_on = std::max<std::chrono::seconds>(settings.run_on, kLeastRunOn);
      stream.retry_delay = settings.retry_delay;
      const bool fresh = known.state == OfferState::kWithdrawn && !known.settled;
      found.push_back(
          {fresh ? OfferState::kOffered : known.state, known.offer.path.size(), std::move(stream)});
    }
  }
  // Who offers it comes before who did before he was lost; then the shorter way; then the master
  // that the configuration names first.
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::pair(a.state, a.hops) < std::pair(b.state, b.hops);
  });
  std::set<std::string> places;
  std::vector<LinkedStream> out;
  out.reserve(found.size());
  for (Found& each : found) {
    // Of those who have withdrawn it only the nearest is kept, and only if there is nobody else:
    // the others had it from there, and would wait for us as we for them.
    const bool last = each.state == OfferState::kWithdrawn;
    if (last && places.contains(each.stream.mount)) continue;
    places.insert(each.stream.mount);
    out.push_back(std::move(each.stream));
  }
  return out;
}

}  // namespace lb
