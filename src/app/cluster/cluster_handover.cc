// The hand-over of the cluster's state to the next process (cluster_record.h).
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "app/cluster/archive_links.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/ingest_service.h"
#include "app/cluster/linked_neighbours.h"
#include "app/cluster/master_links.h"
#include "app/cluster/node_links.h"
#include "app/cluster/relay_service.h"
#include "app/cluster/seat_service.h"
#include "app/cluster/slot_service.h"
#include "app/cluster/title_links.h"
#include "app/services/network.h"
#include "app/topology/cluster_record.h"
#include "app/topology/pull_paths.h"
#include "app/topology/stream_offers.h"
#include "cluster/link/master_record.h"
#include "cluster/link/master_session.h"
#include "cluster/nodes/node_record.h"
#include "cluster/polling/report_intake.h"
#include "cluster/relay/pull_verifier.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// The new link shows a master that this is the same run.  Until then the old link stays open, so
// that the node is not dead there; a master tolerates its silence for a second.
constexpr auto kOldLinks = 2s;
constexpr std::size_t kSettledAtOnce = 256;  // mounts; further ones in the next turns

}  // namespace

// -- ClusterService -------------------------------------------------------------------------------

void ClusterService::save(ClusterRecord& saved) const {
  saved.epoch = epoch_;
  saved.link_secret = link_secret_;
  for (const auto& arrivals : arrivals_)
    saved.arrivals.push_back(arrivals.load(std::memory_order_relaxed));
  const auto keys = by_link_.keys();
  for (const LinkKey& key : *keys) saved.keys.push_back({key.master, key.bytes, key.name});
  for (const auto& [node, weight] : weights_) saved.weights.emplace_back(node, weight);
  saved.numbers = numbers_;
  saved.pulls = pulls_->save(network_.clock);
  saved.configured =
      decider_.with_table([](const NodeTable& table) { return table.save_configured(); });
}

void ClusterService::take_over(const ClusterRecord& saved) {
  epoch_ = saved.epoch;
  link_secret_ = saved.link_secret;
  link_keys_ = TokenKeys(link_secret_);
  for (std::size_t i = 0; i < std::min(saved.arrivals.size(), arrivals_.size()); ++i)
    arrivals_[i].store(saved.arrivals[i], std::memory_order_relaxed);
  for (const auto& [node, weight] : saved.weights) weights_[node] = static_cast<unsigned>(weight);
  numbers_ = saved.numbers;
  pulls_->restore(saved.pulls);
}

std::vector<NodeRecord> ClusterService::save_nodes() {
  return decider_.with_table([](const NodeTable& table) { return table.save(); });
}

// Nodes that the configuration no longer has leave the table.
void ClusterService::go_on(const ClusterRecord& saved, const std::vector<NodeRecord>& nodes) {
  const SteadyTime time = now();
  decider_.with_table([&](NodeTable& table) {
    for (const NodeRecord& node : saved.configured) table.restore_configured(node, time);
  });
  for (const NodeRecord& node : nodes)
    if (const auto restored =
            decider_.with_table([&](NodeTable& table) { return table.restore(node, time); });
        !restored)
      network_.log.warn("cluster/cluster", restored.error().what);
  reports_->configure(facts_.read()->known, time);  // their limits
}

// -- MasterLinks ----------------------------------------------------------------------------------

std::vector<MasterRecord> MasterLinks::save(ClusterRecord& saved, FdsOut& fds) const {
  std::vector<MasterRecord> all;
  for (const auto& [settings, session] : masters_) {
    all.push_back(session->save());
    if (session->linked()) saved.links.push_back(fds.add(session->link()->fd()));
  }
  return all;
}

void MasterLinks::go_on(const ClusterRecord& saved, const std::vector<MasterRecord>& masters,
                        std::vector<UniqueFd> links) {
  old_links_ = std::move(links);
  if (!old_links_.empty()) drop_old_links_.after(kOldLinks);
  std::set<std::string> mounts;
  for (const MasterRecord& master : masters)
    for (const auto& [settings, session] : masters_) {
      if (session->name() != master.name) continue;
      if (const auto restored = session->restore(master); !restored)
        log().warn("cluster/link", restored.error().what);
      mounts.merge(session->take_changed_streams());
      break;
    }
  std::set<std::string, std::less<>> ids;
  add_master_ids(ids);
  // The older key of a master first, since the newer replaces it.
  for (auto key = saved.keys.rbegin(); key != saved.keys.rend(); ++key)
    if (ids.contains(key->master))
      network_.cluster->by_link().set_key(key->master, key->name, key->bytes);
  network_.cluster->masters_changed();
  if (!mounts.empty()) streams_changed(mounts);
}

void MasterLinks::hand_over() {
  stopped_ = true;
  paths_->clear();
}

// -- rows -----------------------------------------------------------------------------------------

namespace {

template <class Row>
std::vector<HolderRecord> rows_saved(const std::map<std::string, std::vector<Row>>& rows) {
  std::vector<HolderRecord> saved;
  for (const auto& [sender, of_sender] : rows) {
    if (of_sender.empty()) continue;
    for (const RowsFrame<Row>& frame : row_frames(of_sender))
      saved.push_back({sender, render_frame(frame), {}});
  }
  return saved;
}

// Calls take(record, rows) for each frame of this type.
template <class Row, class Take>
void restore_rows_of(const std::vector<HolderRecord>& saved, const Take& take) {
  for (const HolderRecord& each : saved) {
    const auto frame = parse_frame(std::string_view(each.row).substr(0, each.row.find('\n')));
    const auto* const told = frame && *frame ? std::get_if<RowsFrame<Row>>(&**frame) : nullptr;
    if (told != nullptr && !told->rows.empty() && !each.sender.empty()) take(each, told->rows);
  }
}

}  // namespace

std::vector<HolderRecord> ArchiveLinks::save() const {
  std::vector<HolderRecord> saved;
  for (const auto& [key, entry] : table_.entries())
    for (const Table::Heard& heard : entry.heard) {
      if (heard.sender.empty()) continue;
      saved.push_back({heard.sender, render_frame(ArchiveFrame{{heard.row->row}}), {}});
      if (heard.row->named_by)
        saved.back().named_by.push_back(static_cast<std::uint32_t>(*heard.row->named_by));
    }
  return saved;
}

void ArchiveLinks::restore(const std::vector<HolderRecord>& saved) {
  std::set<std::string> senders;
  restore_rows_of<ArchiveRow>(saved, [&](const HolderRecord& each, const auto& rows) {
    Held held{rows.front(), std::nullopt};
    if (!each.named_by.empty() &&
        each.named_by.front() <= static_cast<std::uint32_t>(Reach::kPublic))
      held.named_by = static_cast<Reach>(each.named_by.front());
    const RowKey key{held.row.mount, false, held.row.at};
    table_.take(each.sender, key, std::move(held));
    senders.insert(each.sender);
  });
  for (const std::string& sender : senders) left(sender);
  publish();
}

// A master's sources are among its offers; its record has the rows that it was sent.
std::vector<HolderRecord> IngestService::save() const {
  if (!ingest_) return {};
  Ingest::OwnRows rows = ingest_->rows_of_neighbours();
  for (const std::string& id : neighbours_.linked())
    if (neighbours_.is_master(id)) rows[id] = ingest_->own_sources();
  return rows_saved(rows);
}

void IngestService::restore(const std::vector<HolderRecord>& saved) {
  if (stopped_ || !ingest_) return;
  const SteadyTime now = network_.loops.control().now();
  Ingest::OwnRows rows;
  restore_rows_of<IngestRow>(saved, [&](const HolderRecord& each, const auto& told) {
    std::ranges::copy(told, std::back_inserter(rows[each.sender]));
  });
  if (rows.empty()) return;
  for (const auto& [sender, of_sender] : rows)
    if (of_sender.front().at == masters_.own_id())
      ingest_->restore_sent(sender, of_sender, now);
    else
      ingest_->restore(sender, of_sender, now);
  must_check_ = true;
  see_sources(true);
  // Requests may come at once; mounts with listeners are settled later.
  std::vector<std::string> mounts;
  for (const auto& [mount, sources] : node_sources_)
    if (mounts.size() < kSettledAtOnce && !network_.mounts.find(mount)) mounts.push_back(mount);
  for (const std::string& mount : mounts) network_.relays->settle(mount);
  soon();
}

std::vector<HolderRecord> TitleLinks::save() const {
  std::map<std::string, std::vector<TitleRow>> rows;
  for (const auto& [key, entry] : table_.entries())
    if (entry.is_own())
      for (const std::string& id : neighbours_.linked()) {
        if (neighbours_.is_master(id)) rows[id].push_back(*entry.row);
      }
    else if (entry.row)
      rows[entry.sender].push_back(*entry.row);
  return rows_saved(rows);
}

void TitleLinks::restore(const std::vector<HolderRecord>& saved) {
  if (stopped_) return;
  std::set<std::string> senders, mounts;
  restore_rows_of<TitleRow>(saved, [&](const HolderRecord& each, const auto& rows) {
    for (const TitleRow& row : rows) {
      const RowKey key{row.mount, false, row.at};
      if (row.at == masters_.own_id()) {
        table_.set_own(key, row);
        table_.note_sent(each.sender, key);
        due_.insert(row.mount);
        continue;
      }
      table_.take(each.sender, key, row);
      senders.insert(each.sender);
      mounts.insert(row.mount);
    }
  });
  for (const std::string& sender : senders) left(sender);
  if (!due_.empty()) soon();
  for (const std::string& mount : mounts) use(mount);
}

std::vector<HolderRecord> ClusterLinks::save_rows() const {
  std::vector<HolderRecord> rows = archive_->save();
  for (auto more : {ingest_->save(), titles_->save()})
    std::ranges::move(more, std::back_inserter(rows));
  return rows;
}

void ClusterLinks::restore_rows(const std::vector<HolderRecord>& saved) {
  archive_->restore(saved);
  ingest_->restore(saved);
  titles_->restore(saved);
}

// Relays have been chosen, so the limits of mounts are known.
void ClusterLinks::all_goes_on() { slots_->configure(); }

void ClusterLinks::hand_over() {
  stopped_ = true;
  poll_timer_.cancel();
  masters_->hand_over();
  seats_->stop();
  nodes_->hand_over();
}

}  // namespace lb
