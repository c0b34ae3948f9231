#include "app/cluster/archive_links.h"

#include <algorithm>
#include <utility>

#include "app/cluster/cluster_plans.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/node_links.h"
#include "app/services/archive_service.h"
#include "app/services/remote_recordings.h"
#include "net/coalesce.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kTellEvery = 1s;
constexpr auto kTellSoon = 10ms;
// Shorter pauses are not reported to other nodes.
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

ArchiveRow gone_row(const std::string& mount, const std::string& node) {
  ArchiveRow gone;
  gone.mount = mount;
  gone.at = node;
  return gone;
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
  return masters_.session_of(id) != nullptr;
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
  work_later();
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
  const MasterSession* const session = masters_.session_of(teller);
  if (addresses.empty() && session != nullptr && session->link() != nullptr) {
    addresses = row.addresses;
    out.named_by = reach_of(session->link()->peer());
  }
  std::stable_sort(addresses.begin(), addresses.end(), [](const auto& a, const auto& b) {
    return a.scheme == PublicScheme::kHttp && b.scheme != PublicScheme::kHttp;
  });
  for (const NodeAddress& address : addresses) out.places.push_back(origin_of(address));
  // Its nodes reach a master where the link does, whatever it says.
  if (teller == row.at && session != nullptr)
    for (const PublicScheme scheme : {PublicScheme::kHttp, PublicScheme::kHttps})
      if (auto origin = session->origin(scheme)) out.places.push_back(std::move(*origin));
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

// Nothing is to be told, or forgotten, where no other server is linked and nothing is held.
void ArchiveLinks::work_later() {
  if (!timer_.armed() && (!linked_.empty() || !holders_.empty()))
    timer_.after(coalesced(services_.loops.control(), kTellEvery));
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
  passes_ = services_.archive->remote().passes().rotate(now) || passes_;
  publish();
  tell();
  work_later();
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

ArchiveRow ArchiveLinks::own_row(const Config& config, const std::string& mount,
                                 const Catalog::Files& files) const {
  ArchiveRow row;
  row.mount = mount;
  row.at = masters_.own_id();
  const MountSettings& section = mount_section(config, mount);
  if (!section.archive.enabled || section.archive.listeners == ArchiveListeners::kNone ||
      section.no_mount)
    return row;
  // The hostname may be anything.
  if (!config.cluster.public_addresses.empty()) row.addresses = own_addresses(config);
  row.have = ranges_of(*files_from(files, services_.archive->record_end_ms(section, mount)));
  row.pass = services_.archive->remote().passes().pass(mount);
  row.needs = protections_of(section);
  return row;
}

// A file that grows changes nothing that is told.
void ArchiveLinks::look_at_own() {
  ArchiveService& archive = *services_.archive;
  std::shared_ptr<const Config> config = services_.config.read();
  const bool reloaded = std::exchange(own_config_, config) != config;
  const bool all = std::exchange(passes_, false) || reloaded;
  for (auto& [mount, own] : own_) own.seen = false;
  const auto take = [this](Own& own, Row row) {
    const bool same = row ? own.row && *own.row == *row : !own.row;
    if (same) return;
    own.row = std::move(row);
    own.version = ++own_version_;
  };
  if (archive.on() && archive.remote().shares())
    for (const std::string& mount : archive.catalog().mounts()) {
      const Catalog::Files files = archive.catalog().files(mount);
      Own& own = own_[mount];
      own.seen = true;
      const bool open = files->open().has_value();
      const PastOwner owner = archive.catalog().owner(mount);
      if (!all && own.sums == files->sums() && own.open == open && own.owner == owner) continue;
      own.sums = files->sums();
      own.open = open;
      own.owner = owner;
      ArchiveRow row = own_row(*config, mount, files);
      take(own, row.have.empty() ? nullptr : std::make_shared<const ArchiveRow>(std::move(row)));
    }
  for (auto& [mount, own] : own_) {
    if (own.seen) continue;
    own.sums.reset();
    take(own, nullptr);
  }
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
    Key key{row.mount, row.at};
    out.emplace(std::move(key), std::make_shared<const ArchiveRow>(std::move(row)));
  }
  return out;
}

void ArchiveLinks::tell_own(Told& told, bool knows_slots, std::vector<ArchiveRow>& news) const {
  const bool first = told.own == 0;
  if (told.knows_slots != knows_slots) told.own = 0;
  told.knows_slots = knows_slots;
  for (const auto& [mount, own] : own_) {
    if (own.version <= told.own) continue;
    const bool hidden = own.row && !knows_slots &&
                        (own.row->needs & static_cast<ProtectionSet>(Protection::kSlots)) != 0;
    if (own.row && !hidden)
      news.push_back(*own.row);
    else if (!first)
      news.push_back(gone_row(mount, masters_.own_id()));
  }
  told.own = own_version_;
}

void ArchiveLinks::tell_repeated(const std::string& id, Told& told,
                                 std::vector<ArchiveRow>& news) const {
  if (std::exchange(told.holders, holders_.version()) == holders_.version()) return;
  Rows wanted = repeated_rows(id);
  if (!told.knows_slots)
    std::erase_if(wanted, [](const auto& row) {
      return (row.second->needs & static_cast<ProtectionSet>(Protection::kSlots)) != 0;
    });
  for (const auto& [key, row] : wanted) {
    const auto before = told.repeated.find(key);
    if (before == told.repeated.end() || !(*before->second == *row)) news.push_back(*row);
  }
  for (const auto& [key, row] : told.repeated)
    if (!wanted.contains(key)) news.push_back(gone_row(key.first, key.second));
  told.repeated = std::move(wanted);
}

void ArchiveLinks::tell() {
  if (linked_.empty()) return;
  look_at_own();
  std::set<std::string> nodes;
  nodes_.for_each_linked([&nodes](const std::string& id) { nodes.insert(id); });
  for (const std::string& id : linked_) {
    Told& told = told_[id];
    std::vector<ArchiveRow> news;
    const bool knows_slots = nodes_.knows_slots(id) || masters_.knows_slots(id);
    if (told.knows_slots != knows_slots) told.holders = 0;
    tell_own(told, knows_slots, news);
    if (nodes.contains(id)) tell_repeated(id, told, news);
    if (news.empty()) continue;
    for (const ArchiveFrame& frame : row_frames(std::move(news)))
      if (!masters_.send_to(id, frame)) nodes_.send_to(id, frame);
  }
}

}  // namespace lb
