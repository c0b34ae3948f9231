#include "app/cluster/archive_links.h"

#include <algorithm>
#include <utility>

#include "app/cluster/cluster_plans.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/node_links.h"
#include "app/services/archive_service.h"
#include "app/services/remote_recordings.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kTellEvery = 1s;
constexpr auto kTellSoon = 10ms;
// Pauses that are shorter are none to another node.
constexpr std::int64_t kShortPauseMs = 5000;

std::vector<ArchiveRow::Range> ranges_of(const RecordedFiles& files) {
  std::vector<ArchiveRow::Range> out;
  for (const ArchiveRange& range : files.ranges(kShortPauseMs))
    out.push_back({range.from_ms, range.to_ms});
  if (out.empty()) return out;
  if (files.open()) out.back().to_ms = 0;
  if (out.size() > kMaxArchiveRanges) out.erase(out.begin(), out.end() - kMaxArchiveRanges);
  return out;
}

}  // namespace

ArchiveLinks::ArchiveLinks(Services& services, MasterLinks& masters, NodeLinks& nodes)
    : services_(services),
      masters_(masters),
      nodes_(nodes),
      holders_(""),
      timer_(services.loops.control(), [this] { work(); }) {}

void ArchiveLinks::configure() {
  published_ = 0;
  if (!stopped_) soon();
}

void ArchiveLinks::stop() {
  stopped_ = true;
  timer_.cancel();
}

bool ArchiveLinks::is_master(const std::string& id) const {
  const auto& links = masters_.links();
  return std::any_of(links.begin(), links.end(), [&](const MasterLink& link) {
    return link.session && link.session->master_id() == id;
  });
}

void ArchiveLinks::joined(const std::string& id) {
  if (stopped_) return;
  if (linked_.insert(id).second) holders_.joined(id, services_.loops.control().now());
  told_.erase(id);
  soon();
}

void ArchiveLinks::links_changed() {
  if (stopped_) return;
  std::set<std::string> now;
  for (const MasterLink& link : masters_.links())
    if (link.session && link.session->linked()) now.insert(link.session->master_id());
  nodes_.for_each_linked([&now](const std::string& id) { now.insert(id); });
  for (const std::string& id : linked_) {
    if (now.contains(id)) continue;
    holders_.left(id, services_.loops.control().now());
    told_.erase(id);
  }
  linked_ = std::move(now);
  if (!timer_.armed()) timer_.after(kTellEvery);
}

// Where the recordings are to be had: of a node that this one knows, where it has proved to be.
HolderRow ArchiveLinks::row_of(const std::string& teller, const ArchiveRow& row) const {
  HolderRow out;
  out.mount = row.mount;
  out.node = row.at;
  out.pass = row.pass;
  out.needs = row.needs;
  for (const ArchiveRow::Range& range : row.have)
    out.ranges.push_back({range.from_ms, range.to_ms});
  std::vector<NodeAddress> addresses;
  if (nodes_.known_node(row.at) != nullptr)
    addresses =
        nodes_.decider().with_table([&](const NodeTable& table) -> std::vector<NodeAddress> {
          const NodeSlot slot = table.find(row.at);
          return slot == kNoNode ? std::vector<NodeAddress>{} : table.node(slot).addresses;
        });
  if (addresses.empty() && is_master(teller)) addresses = row.addresses;
  std::stable_sort(addresses.begin(), addresses.end(), [](const auto& a, const auto& b) {
    return a.scheme == PublicScheme::kHttp && b.scheme != PublicScheme::kHttp;
  });
  for (const NodeAddress& address : addresses) out.places.push_back(origin_of(address));
  // A master without a public address: at least its nodes reach it where the link does.
  if (out.places.empty() && teller == row.at)
    for (const MasterLink& link : masters_.links()) {
      if (!link.session || link.session->master_id() != teller) continue;
      for (const PublicScheme scheme : {PublicScheme::kHttp, PublicScheme::kHttps})
        if (auto origin = link.session->origin(scheme)) out.places.push_back(std::move(*origin));
    }
  return out;
}

void ArchiveLinks::take(const std::string& teller, const ArchiveFrame& frame) {
  if (stopped_) return;
  const bool master = is_master(teller);
  for (const ArchiveRow& row : frame.rows) {
    if (row.at == masters_.own_id() || (!master && row.at != teller)) continue;
    holders_.take(teller, row_of(teller, row));
  }
  if (holders_.version() != published_) soon();
}

void ArchiveLinks::soon() {
  if (!std::exchange(soon_, true)) timer_.after(kTellSoon);
}

void ArchiveLinks::work() {
  if (stopped_) return;
  soon_ = false;
  const SteadyTime now = services_.loops.control().now();
  links_changed();
  holders_.forget(now);
  services_.archive->remote().passes().rotate(now);
  publish();
  tell();
  if (!linked_.empty() || !holders_.empty()) timer_.after(kTellEvery);
}

// What this node may play: it asks of listeners what the holder asks.
void ArchiveLinks::publish() {
  if (std::exchange(published_, holders_.version()) == holders_.version()) return;
  const auto config = services_.config.read();
  constexpr auto kAuth = static_cast<ProtectionSet>(Protection::kListenerAuth);
  services_.archive->remote().archive().set_holders(holders_.view([&config](const HolderRow& row) {
    const MountSettings& section = mount_section(*config, row.mount);
    const auto missing = static_cast<ProtectionSet>(row.needs & ~protections_of(section));
    return (missing & kAuth) == 0 && !row.places.empty();
  }));
}

ArchiveLinks::Rows ArchiveLinks::own_rows() const {
  Rows out;
  ArchiveService& archive = *services_.archive;
  if (!archive.on() || !archive.remote().shares()) return out;
  const auto config = services_.config.read();
  // The hostname may be anything.
  std::vector<NodeAddress> addresses;
  if (!config->cluster.public_addresses.empty()) addresses = own_addresses(*config);
  for (const std::string& mount : archive.catalog().mounts()) {
    const MountSettings& section = mount_section(*config, mount);
    if (!section.archive.enabled || section.archive.listeners == ArchiveListeners::kNone ||
        section.no_mount)
      continue;
    ArchiveRow row;
    row.mount = mount;
    row.at = masters_.own_id();
    row.addresses = addresses;
    row.have = ranges_of(*archive.catalog().files(mount));
    row.pass = archive.remote().passes().pass(mount);
    row.needs = protections_of(section);
    if (!row.have.empty()) out.emplace(Key{mount, row.at}, std::move(row));
  }
  return out;
}

ArchiveLinks::Rows ArchiveLinks::repeated_rows(const std::string& but) const {
  Rows out;
  for (const HolderRow& from : holders_.first_hand(but)) {
    ArchiveRow row;
    row.mount = from.mount;
    row.at = from.node;
    for (const std::string& place : from.places) {
      const bool https = place.starts_with("https://");
      const auto scheme = https ? PublicScheme::kHttps : PublicScheme::kHttp;
      const std::string_view host = std::string_view(place).substr(place.find("://") + 3);
      if (auto address = parse_public_address(scheme, host, https ? 443 : 80))
        row.addresses.push_back(std::move(*address));
    }
    if (row.addresses.empty()) continue;
    for (const HeldRange& range : from.ranges) row.have.push_back({range.from_ms, range.to_ms});
    row.pass = from.pass;
    row.needs = from.needs;
    out.emplace(Key{row.mount, row.at}, std::move(row));
  }
  return out;
}

void ArchiveLinks::tell() {
  if (linked_.empty()) return;
  const Rows own = own_rows();
  std::set<std::string> nodes;
  nodes_.for_each_linked([&nodes](const std::string& id) { nodes.insert(id); });
  for (const std::string& id : linked_) {
    Rows wanted = own;
    if (nodes.contains(id)) wanted.merge(repeated_rows(id));
    if (!nodes_.knows_slots(id) && !masters_.knows_slots(id))
      std::erase_if(wanted, [](const auto& row) {
        return (row.second.needs & static_cast<ProtectionSet>(Protection::kSlots)) != 0;
      });
    Rows& told = told_[id];
    std::vector<ArchiveRow> news;
    for (const auto& [key, row] : wanted) {
      const auto before = told.find(key);
      if (before == told.end() || !(before->second == row)) news.push_back(row);
    }
    for (const auto& [key, row] : told)
      if (!wanted.contains(key)) {
        ArchiveRow gone;
        gone.mount = row.mount;
        gone.at = row.at;
        news.push_back(std::move(gone));
      }
    told = std::move(wanted);
    if (news.empty()) continue;
    for (const ArchiveFrame& frame : archive_frames(std::move(news)))
      if (!masters_.send_to(id, frame)) nodes_.send_to(id, frame);
  }
}

}  // namespace lb
