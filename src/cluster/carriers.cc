#include "cluster/carriers.h"

#include <algorithm>
#include <iterator>

namespace lb {
namespace {

Carrier* find_in(MountNodes& row, NodeSlot node) {
  for (Carrier& carrier : row.carriers) {
    if (carrier.node == node) return &carrier;
  }
  return nullptr;
}

Carrier& carrier_in(MountNodes& row, NodeSlot node) {
  if (Carrier* found = find_in(row, node)) return *found;
  return row.carriers.emplace_back(Carrier{.node = node});
}

}  // namespace

MountNodes* CarrierTable::row(std::string_view mount) {
  const auto found = mounts_.find(mount);
  if (found != mounts_.end()) return &found->second;
  if (mounts_.size() >= kMostMounts) return nullptr;
  MountNodes& fresh = mounts_[std::string(mount)];
  fresh.mount = mount;
  return &fresh;
}

CarrierTable::Mounts::iterator CarrierTable::drop_if_empty(Mounts::iterator at) {
  return at->second.carriers.empty() && at->second.kbps <= 0 ? mounts_.erase(at) : std::next(at);
}

void CarrierTable::see(NodeSlot node, const MountLoad& load) {
  if (!load.carries && load.enforces == 0) {
    const auto found = mounts_.find(load.mount);
    if (found == mounts_.end()) return;
    std::erase_if(found->second.carriers, [node](const Carrier& c) { return c.node == node; });
    drop_if_empty(found);
    return;
  }
  MountNodes* mount = row(load.mount);
  if (mount == nullptr) return;
  Carrier& carrier = carrier_in(*mount, node);
  carrier.listeners = load.carries ? load.listeners : 0;
  carrier.recent = 0;
  carrier.reported = load.carries;
  carrier.enforces = load.enforces;
}

// Redirects that are on their way are no news of the node's, so they stay.
void CarrierTable::see_all(NodeSlot node, const std::vector<MountLoad>& loads) {
  for (auto& [name, mount] : mounts_) {
    Carrier* carrier = find_in(mount, node);
    if (carrier == nullptr) continue;
    carrier->reported = false;
    carrier->listeners = 0;
    carrier->enforces = 0;
  }
  for (const MountLoad& load : loads) see(node, load);
}

void CarrierTable::forget_node(NodeSlot node) {
  sweep([node](const Carrier& carrier) { return carrier.node != node; });
}

void CarrierTable::sent(NodeSlot node, std::string_view mount, SteadyTime now, SteadyTime sampled) {
  MountNodes* found = row(mount);
  if (found == nullptr) return;
  Carrier& carrier = carrier_in(*found, node);
  if (carrier.sent <= sampled) carrier.recent = 0;
  ++carrier.recent;
  carrier.sent = now;
}

void CarrierTable::set_kbps(std::string_view mount, double kbps) {
  if (MountNodes* found = row(mount)) found->kbps = kbps;
}

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

std::vector<const MountNodes*> CarrierTable::mounts() const {
  std::vector<const MountNodes*> out;
  out.reserve(mounts_.size());
  for (const auto& [name, mount] : mounts_) {
    if (!mount.carriers.empty()) out.push_back(&mount);
  }
  return out;
}

}  // namespace lb
