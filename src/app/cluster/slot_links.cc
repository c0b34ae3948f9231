#include "app/cluster/slot_links.h"

#include <algorithm>

#include "app/cluster/ingest_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/node_links.h"
#include "app/cluster/relay_service.h"

namespace lb {
namespace {

bool wants_slots(const LinkedStreams::Stream& stream) noexcept {
  return stream.state != OfferState::kWithdrawn &&
         (stream.offer.needs & static_cast<ProtectionSet>(Protection::kSlots)) != 0;
}

// "m1.77e0aa01" and "77e0aa01" name one run of a process.
std::string_view run_of(std::string_view id, std::string_view epoch) noexcept {
  if (epoch.size() > id.size() && epoch.starts_with(id) && epoch[id.size()] == '.')
    epoch.remove_prefix(id.size() + 1);
  return epoch;
}

}  // namespace

std::optional<SlotLinks::Change> SlotLinks::joined(const std::string& id,
                                                   const std::string& epoch) {
  if (!nodes_.knows_slots(id) && !masters_.knows_slots(id)) {
    epochs_.erase(id);
    return std::nullopt;
  }
  const std::string run(run_of(id, epoch));
  Change change;
  const auto [before, first] = epochs_.try_emplace(id, run);
  change.restarted = !first && before->second != run;
  before->second = run;
  change.joins = linked_.insert(id).second || change.restarted;
  return change;
}

std::optional<SlotLinks::Change> SlotLinks::left(const std::string& id, bool silent) {
  if (!linked_.contains(id)) return std::nullopt;
  Change change;
  change.silent = silent;
  if (was_there(id)) return change;
  linked_.erase(id);
  change.leaves = true;
  return change;
}

void SlotLinks::send(const std::string& id, const Frame& frame) {
  if (!masters_.send_to(id, frame)) nodes_.send_to(id, frame);
}

std::string SlotLinks::upstream_of(const std::string& mount) const {
  const Relay* relay = services_.relays->relay_of(mount);
  if (relay == nullptr) return {};
  const Upstream& from = relay->last_upstream();
  for (const MasterLink& link : masters_.links()) {
    if (!link.session || !epochs_.contains(link.session->master_id())) continue;
    if (link.session->streams_target() == from.target) return link.session->master_id();
  }
  for (const IngestService::NodeSource& source : ingest_.sources_of(mount))
    if (epochs_.contains(source.node) && same_place(source.upstream, from)) return source.node;
  return {};
}

std::optional<SteadyTime> SlotLinks::was_there(const std::string& id) const {
  std::optional<SteadyTime> at = nodes_.was_there(id);
  for (const MasterLink& link : masters_.links())
    if (link.session && link.session->linked() && link.session->master_id() == id)
      at = std::max(at.value_or(SteadyTime{}), link.session->was_there());
  return at;
}

bool SlotLinks::offered_with_slots(const std::string& mount) const {
  return std::any_of(masters_.links().begin(), masters_.links().end(),
                     [&mount](const MasterLink& link) {
                       const auto& streams = link.session->streams().streams();
                       const auto at = streams.find(mount);
                       return at != streams.end() && wants_slots(at->second);
                     });
}

void SlotLinks::add_offered(std::set<std::string>& mounts) const {
  for (const MasterLink& link : masters_.links())
    for (const auto& [mount, stream] : link.session->streams().streams())
      if (wants_slots(stream)) mounts.insert(mount);
}

bool SlotLinks::alone() const { return masters_.empty() && !nodes_.any_configured(); }

}  // namespace lb
