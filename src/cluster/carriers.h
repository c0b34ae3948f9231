// CarrierTable: which nodes carry which mount, with how many listeners, as their reports say and as
// the redirects since then make likely.
//
// Memory: at most kMostMounts names; a carrier is 32 bytes.  Cost: a mount is found by its name, a
// node within it by walking over its carriers. Thread: control.  Ownership: NodeTable, which knows
// the nodes themselves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "cluster/node.h"

namespace lb {

struct MountLoad {
  std::string mount{};
  unsigned listeners = 0;  // without relays
  bool carries = true;     // false: it would pull it, and does not now
  // What it enforces for this mount, besides what it enforces for all.
  ProtectionSet enforces = 0;
};

// A node of a mount.
struct Carrier {
  NodeSlot node = kNoNode;
  std::uint32_t listeners = 0;  // reported
  std::uint32_t recent = 0;     // redirects since `sampled` of the node
  bool reported = false;        // it says that it carries the mount
  ProtectionSet enforces = 0;
  SteadyTime sent{};  // the last redirect
};

struct MountNodes {
  std::string mount{};
  double kbps = 0;                  // 0: not known
  std::vector<Carrier> carriers{};  // unordered
};

// Looks names up without making strings of them.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};
template <class T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

class CarrierTable {
 public:
  static constexpr std::size_t kMostMounts = 20'000;

  // What a node says of one mount; what it said of others stays.
  void see(NodeSlot node, const MountLoad& load);
  // It says that these are all.
  void see_all(NodeSlot node, const std::vector<MountLoad>& loads);
  void forget_node(NodeSlot node);
  // A listener was sent there; sampled: when the node's last report was true.
  void sent(NodeSlot node, std::string_view mount, SteadyTime now, SteadyTime sampled);
  // Takes out those of which the function says that they carry nothing.
  template <class Keeps>
  void sweep(Keeps keeps);

  // Mounts whose bitrate is known stay in the table without any carrier.
  void set_kbps(std::string_view mount, double kbps);
  void forget_mount(std::string_view mount);

  const MountNodes* find(std::string_view mount) const noexcept;
  // That have a carrier.
  std::vector<const MountNodes*> mounts() const;
  std::size_t size() const noexcept { return mounts_.size(); }

 private:
  using Mounts = ByText<MountNodes>;
  MountNodes* row(std::string_view mount);  // a new one, if need be; nullptr: too many
  Mounts::iterator drop_if_empty(Mounts::iterator at);

  Mounts mounts_;
};

template <class Keeps>
void CarrierTable::sweep(Keeps keeps) {
  for (auto at = mounts_.begin(); at != mounts_.end(); at = drop_if_empty(at)) {
    std::erase_if(at->second.carriers,
                  [&keeps](const Carrier& carrier) { return !keeps(carrier); });
  }
}

}  // namespace lb
