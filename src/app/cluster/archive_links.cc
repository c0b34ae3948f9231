#include "app/cluster/archive_links.h"

#include <algorithm>
#include <utility>

#include "app/cluster/cluster_service.h"
#include "app/cluster/linked_neighbours.h"
#include "app/cluster/master_links.h"
#include "app/cluster/node_links.h"
#include "app/services/archive_service.h"
#include "app/services/network.h"
#include "app/services/remote_recordings.h"
#include "app/topology/cluster_plans.h"
#include "cluster/link/master_session.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kTellEvery = 1s;
constexpr auto kTellSoon = 10ms;
// News of many recordings come in many frames, and each look takes its time: the loop then has four
// times as much for other work.
constexpr int kNewsShare = 4;
// Shorter pauses are not reported to other nodes.
constexpr std::int64_t kShortPauseMs = 5000;

std::vector<ArchiveRow::Range> ranges_of(const RecordedFiles& files) {
  std::vector<ArchiveRow::Range> out;
  for (const ArchiveRange& range : files.ranges(kShortPauseMs))
    out.push_back({range.from_ms, range.to_ms});
  // The open file is not the last one by time after the clock was set back.
  if (const auto& open = files.open())
    for (ArchiveRow::Range& range : out)
      if (range.from_ms <= open->from_ms && open->to_ms <= range.to_ms) range.to_ms = 0;
  if (out.size() > kMaxArchiveRanges) out.erase(out.begin(), out.end() - kMaxArchiveRanges);
  return out;
}

bool needs_more(ProtectionSet needs, ProtectionSet enforces) noexcept {
  return (needs & ~enforces & static_cast<ProtectionSet>(Protection::kListenerAuth)) != 0;
}

std::optional<NodeAddress> address_of_origin(std::string_view origin) {
  const bool https = origin.starts_with("https://");
  auto address = parse_public_address(https ? PublicScheme::kHttps : PublicScheme::kHttp,
                                      origin.substr(origin.find("://") + 3), https ? 443 : 80);
  return address ? std::optional(std::move(*address)) : std::nullopt;
}

}  // namespace

// A node's own row wins over repeated ones.
ArchiveLinks::ArchiveLinks(Network& network, MasterLinks& masters, NodeLinks& nodes,
                           LinkedNeighbours& neighbours)
    : network_(network),
      masters_(masters),
      nodes_(nodes),
      neighbours_(neighbours),
      table_(
          [](const RowKey& key, const Table::Heard& heard) -> std::optional<int> {
            if (heard.row->row.addresses.empty()) return std::nullopt;
            return heard.sender == key.node ? 0 : heard.stands ? 2 : 1;
          },
          {}),
      timer_(network.loops.control(), [this] { work(); }) {}

void ArchiveLinks::configure() {
  published_ = 0;
  if (!stopped_) soon();
}

void ArchiveLinks::stop() {
  stopped_ = true;
  timer_.cancel();
}

void ArchiveLinks::joined(const std::string& id) {
  if (stopped_) return;
  table_.joined(id, network_.loops.control().now());
  soon();
}

void ArchiveLinks::resend(const std::string& id) {
  if (stopped_) return;
  table_.resend(id);
  soon();
}

void ArchiveLinks::left(const std::string& id) {
  if (stopped_) return;
  table_.left(id, network_.loops.control().now());
  work_later();
}

// The row with the addresses of its recordings; those of a known node must have been proved.
ArchiveLinks::Held ArchiveLinks::held(const std::string& sender, const ArchiveRow& row) const {
  Held out{row, std::nullopt};
  auto& addresses = out.row.addresses;
  std::vector<NodeAddress> proved;
  if (nodes_.known_node(row.at) != nullptr)
    proved = nodes_.decider().with_table(
        [&](const NodeTable& table) { return table.addresses_of(row.at); });
  const MasterSession* const session = masters_.session_of(sender);
  if (!proved.empty())
    addresses = std::move(proved);
  else if (session != nullptr && session->link() != nullptr)
    out.named_by = reach_of(session->link()->peer());
  else
    addresses.clear();
  std::stable_sort(addresses.begin(), addresses.end(), [](const auto& a, const auto& b) {
    return a.scheme == PublicScheme::kHttp && b.scheme != PublicScheme::kHttp;
  });
  // A node reaches its master where its link does, so that address is added.
  if (sender == row.at && session != nullptr)
    for (const PublicScheme scheme : {PublicScheme::kHttp, PublicScheme::kHttps})
      if (const auto origin = session->origin(scheme))
        if (auto address = address_of_origin(*origin)) addresses.push_back(std::move(*address));
  return out;
}

void ArchiveLinks::take(const std::string& sender, const std::vector<ArchiveRow>& rows) {
  if (stopped_) return;
  const bool master = neighbours_.is_master(sender);
  for (const ArchiveRow& row : rows) {
    if (row.at == masters_.own_id() || (!master && row.at != sender)) continue;
    table_.take(sender, {row.mount, false, row.at},
                row.have.empty() ? std::nullopt : std::optional(held(sender, row)));
  }
  if (table_.version() != published_) soon();
}

// The timer runs only while there are linked servers, or rows of other nodes to forget.
void ArchiveLinks::work_later() {
  const auto is_heard = [](const auto& row) {
    return !row.second.heard.empty() && !row.second.is_own();
  };
  const auto& entries = table_.entries();
  if (!timer_.armed() &&
      (!neighbours_.linked().empty() || std::any_of(entries.begin(), entries.end(), is_heard)))
    timer_.after(coalesced(network_.loops.control(), kTellEvery));
}

void ArchiveLinks::soon() {
  if (std::exchange(soon_, true)) return;
  timer_.after(
      std::max<SteadyTime::duration>(kTellSoon, next_soon_ - network_.loops.control().now()));
}

void ArchiveLinks::work() {
  if (stopped_) return;
  soon_ = false;
  const SteadyTime now = network_.loops.control().now();
  table_.forget(now);
  passes_ = network_.archive->remote().passes().rotate(now) || passes_;
  const SteadyTime began = network_.clock.steady();
  publish();
  tell();
  const SteadyTime ended = network_.clock.steady();
  next_soon_ = ended + kNewsShare * (ended - began);
  work_later();
}

// Publishes recordings for which this node enforces all protections of the holder.
void ArchiveLinks::publish() {
  if (std::exchange(published_, table_.version()) == table_.version()) return;
  const auto config = network_.config.read();
  auto view = std::make_shared<HolderView>();
  for (const auto& [key, entry] : table_.entries()) {
    if (entry.row == nullptr || entry.is_own()) continue;
    const ArchiveRow& row = entry.row->row;
    if (needs_more(row.needs, protections_of(mount_section(*config, key.mount)))) continue;
    HolderRow out{key.mount, key.node, {}, entry.row->named_by, {}, row.pass, row.needs};
    for (const NodeAddress& address : row.addresses) out.places.push_back(origin_of(address));
    for (const ArchiveRow::Range& range : row.have)
      out.ranges.push_back({range.from_ms, range.to_ms});
    view->add(std::move(out));
  }
  network_.archive->remote().archive().set_holders(std::move(view));
}

ArchiveRow ArchiveLinks::own_row(const Config& config, const std::string& mount,
                                 const Catalog::Files& files) const {
  auto row = empty_row<ArchiveRow>({mount, false, masters_.own_id()});
  const MountSettings& section = mount_section(config, mount);
  if (!section.archive.enabled || section.archive.listeners == ArchiveListeners::kNone ||
      section.no_mount)
    return row;
  // The hostname may not resolve, so only public addresses are sent.
  if (!config.cluster.public_addresses.empty()) row.addresses = own_addresses(config);
  row.have = ranges_of(*files_from(files, network_.archive->record_end_ms(section, mount)));
  row.pass = network_.archive->remote().passes().pass(mount);
  row.needs = protections_of(section);
  return row;
}

// A growing file does not change its row.
void ArchiveLinks::check_own() {
  ArchiveService& archive = *network_.archive;
  std::shared_ptr<const Config> config = network_.config.read();
  const bool reloaded = std::exchange(own_config_, config) != config;
  const bool all = std::exchange(passes_, false) || reloaded;
  for (auto& [mount, own] : own_) own.seen = false;
  const auto set = [this](const std::string& mount, std::optional<Held> row) {
    table_.set_own({mount, false, masters_.own_id()}, std::move(row));
  };
  if (archive.on() && archive.remote().shares())
    for (const std::string& mount : archive.catalog().mounts()) {
      const Catalog::Files files = archive.catalog().files(mount);
      Own& own = own_[mount];
      own.seen = true;
      const bool open = files->open().has_value();
      const PastOwner owner = archive.catalog().owner(mount);
      if (!all && own.sums == files->sums() && own.open == open && own.owner == owner) continue;
      own = {files->sums(), owner, open, true};
      ArchiveRow row = own_row(*config, mount, files);
      set(mount, row.have.empty() ? std::nullopt : std::optional(Held{std::move(row), {}}));
    }
  std::erase_if(own_, [&](const auto& each) {
    if (!each.second.seen) set(each.first, std::nullopt);
    return !each.second.seen;
  });
}

// Sends a node's own rows to all; a master repeats its neighbours' own rows to its nodes.
void ArchiveLinks::tell() {
  if (neighbours_.linked().empty()) return;
  check_own();
  for (const std::string& id : neighbours_.linked()) {
    const bool is_node = neighbours_.is_node(id), knows_slots = neighbours_.knows_slots(id);
    const auto show = [&](const RowKey& key,
                          const Table::Entry& entry) -> std::optional<ArchiveRow> {
      const bool first_hand = entry.sender == key.node && entry.sender != id;
      if (!entry.is_own() && !(is_node && first_hand)) return std::nullopt;
      const ArchiveRow& row = entry.row->row;
      const bool hidden =
          !knows_slots && (row.needs & static_cast<ProtectionSet>(Protection::kSlots)) != 0;
      return hidden ? std::nullopt : std::optional(row);
    };
    neighbours_.send_news(id, table_.news_for(id, show, empty_row<ArchiveRow>));
  }
}

}  // namespace lb
