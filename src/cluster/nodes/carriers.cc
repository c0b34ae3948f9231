#include "cluster/nodes/carriers.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lb {
namespace {

Carrier* find_in(MountNodes& row, NodeSlot node) {
  for (Carrier& carrier : row.carriers) {
    if (carrier.node == node) return &carrier;
  }
  return nullptr;
}

bool before(const Behind& behind, NodeSlot node) { return behind.node < node; }

// Most reports change nothing here.
void note(CarrierTable::Names& names, const std::string& mount, bool& before, bool now) {
  if (now == std::exchange(before, now)) return;
  if (now)
    names.insert(mount);
  else
    names.erase(mount);
}

}  // namespace

const Behind* MountNodes::behind_of(NodeSlot node) const noexcept {
  const auto at = std::lower_bound(behind.begin(), behind.end(), node, before);
  return at == behind.end() || at->node != node ? nullptr : &*at;
}

void CarrierTable::forget_behind(MountNodes& row, NodeSlot node) {
  const auto at = std::lower_bound(row.behind.begin(), row.behind.end(), node, before);
  if (at != row.behind.end() && at->node == node) row.behind.erase(at);
}

void CarrierTable::note_behind(MountNodes& row, NodeSlot node, const MountLoad& load) {
  forget_behind(row, node);
  if (!load.carries || (load.below == 0 && !load.from)) return;
  Behind fresh{.node = node, .below = load.below, .from_here = !load.from};
  if (load.from)
    for (const std::string& id : *load.from)
      if (fresh.steps < Behind::kLongestWay) fresh.way[fresh.steps++] = node_key(id);
  row.behind.insert(std::lower_bound(row.behind.begin(), row.behind.end(), node, before), fresh);
}

MountNodes& CarrierTable::row(std::string_view mount) {
  const auto found = mounts_.find(mount);
  if (found != mounts_.end()) return found->second;
  MountNodes& fresh = mounts_[std::string(mount)];
  fresh.mount = mount;
  return fresh;
}

void CarrierTable::note_heard(MountNodes& row) {
  const bool heard = std::any_of(row.carriers.begin(), row.carriers.end(),
                                 [](const Carrier& carrier) { return carrier.listeners > 0; }) ||
                     std::any_of(row.behind.begin(), row.behind.end(),
                                 [](const Behind& behind) { return behind.below > 0; });
  note(heard_, row.mount, row.heard, heard);
  note(tiered_, row.mount, row.tiered, heard && !row.behind.empty());
}

std::size_t& CarrierTable::rows_of(NodeSlot node) {
  if (node >= rows_of_.size()) rows_of_.resize(node + 1);
  return rows_of_[node];
}

Carrier& CarrierTable::carrier_in(MountNodes& row, NodeSlot node) {
  if (Carrier* found = find_in(row, node)) return *found;
  ++rows_of(node);
  return row.carriers.emplace_back(Carrier{.node = node});
}

CarrierTable::Mounts::iterator CarrierTable::drop_if_empty(Mounts::iterator at) {
  return at->second.carriers.empty() && at->second.kbps <= 0 ? mounts_.erase(at) : std::next(at);
}

bool CarrierTable::see(NodeSlot node, const MountLoad& load, SteadyTime sampled) {
  ++revision_;
  const auto found = mounts_.find(load.mount);
  if (!has_values(load)) {
    if (found == mounts_.end()) return true;
    drop_carriers(found->second, [node](const Carrier& c) { return c.node == node; });
    drop_if_empty(found);
    return true;
  }
  const bool known = found != mounts_.end() && find_in(found->second, node) != nullptr;
  if (!known && rows_of(node) >= kMaxOfNode) return false;
  MountNodes& mount = row(load.mount);
  note_behind(mount, node, load);
  Carrier& carrier = carrier_in(mount, node);
  const std::uint32_t listeners = load.carries ? load.listeners : 0;
  // With limited places, listeners on their way still need theirs.
  const std::uint32_t came = listeners > carrier.listeners ? listeners - carrier.listeners : 0;
  const bool on_way = carrier.limited() && sampled - carrier.sent <= Carrier::kOnItsWay;
  carrier.recent = on_way ? carrier.recent - std::min(carrier.recent, came) : 0;
  load_values(carrier) = load_values(load);
  carrier.listeners = listeners;
  if (load.carries) carrier.cannot = PullFault::kNone;
  note_heard(mount);
  return true;
}

// Redirects on their way are not in a node's report, so they stay.
bool CarrierTable::see_all(NodeSlot node, const std::vector<MountLoad>& loads, SteadyTime sampled) {
  ++revision_;
  const Carrier nothing;
  const bool has_rows = rows_of(node) > 0;
  for (auto at = mounts_.begin(); has_rows && at != mounts_.end(); ++at) {
    MountNodes& mount = at->second;
    Carrier* carrier = find_in(mount, node);
    if (carrier == nullptr) continue;
    forget_behind(mount, node);
    load_values(*carrier) = load_values(nothing);
    note_heard(mount);
  }
  bool all = true;
  for (const MountLoad& load : loads) all = see(node, load, sampled) && all;
  return all;
}

void CarrierTable::forget_node(NodeSlot node) {
  ++revision_;
  if (rows_of(node) == 0) return;
  sweep([node](const Carrier& carrier) { return carrier.node != node; });
}

void CarrierTable::forget_nodes(const std::vector<bool>& nodes) {
  ++revision_;
  sweep([&nodes](const Carrier& carrier) { return !nodes[carrier.node]; });
}

void CarrierTable::sent(NodeSlot node, std::string_view mount, SteadyTime now, SteadyTime sampled) {
  Carrier& carrier = carrier_in(row(mount), node);
  if (carrier.limited() ? now - carrier.sent > Carrier::kOnItsWay : carrier.sent <= sampled)
    carrier.recent = 0;
  ++carrier.recent;
  carrier.sent = now;
}

void CarrierTable::set_kbps(std::string_view mount, double kbps) { row(mount).kbps = kbps; }

void CarrierTable::forget_mount(std::string_view mount) {
  const auto found = mounts_.find(mount);
  if (found == mounts_.end()) return;
  found->second.kbps = 0;
  drop_if_empty(found);
}

const MountNodes* CarrierTable::find(std::string_view mount) const noexcept {
  const auto found = mounts_.find(mount);
  return found == mounts_.end() ? nullptr : &found->second;
}

PullFault CarrierTable::fault(NodeSlot node, std::string_view mount) const noexcept {
  const MountNodes* row = find(mount);
  if (row == nullptr) return PullFault::kNone;
  const auto at = std::find_if(row->carriers.begin(), row->carriers.end(),
                               [node](const Carrier& carrier) { return carrier.node == node; });
  return at == row->carriers.end() ? PullFault::kNone : at->cannot;
}

std::vector<const MountNodes*> CarrierTable::mounts() const {
  std::vector<const MountNodes*> out;
  out.reserve(mounts_.size());
  for (const auto& [name, mount] : mounts_) {
    if (!mount.carriers.empty()) out.push_back(&mount);
  }
  return out;
}

}  // namespace lb
