// CarrierTable: which nodes carry which mount, with how many listeners, as their reports say and as
// the redirects since then make likely.
//
// Memory: a carrier is 32 bytes; what is known of the servers behind it, only where there is
// something to know, 80 more.  Each node may make kMaxOfNode rows by what it says, whatever the
// others have said: one that invents names takes the place of none of theirs.  Redirects and
// bitrates are about mounts of this server, and are not counted.  Cost: a mount is found by its
// name, a node within it by walking over its carriers.
// Thread: as NodeTable, which owns it and
// knows the nodes themselves.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "cluster/nodes/node.h"
#include "cluster/nodes/pull_fault.h"

namespace lb {

struct MountLoad {
  std::string mount{};
  unsigned listeners = 0;  // without relays
  bool carries = true;     // false: it would pull it, and does not now
  // What it enforces for this mount, besides what it enforces for all.
  ProtectionSet enforces = 0;
  // Why it could not pull it; of a mount that it does not carry.
  PullFault cannot = PullFault::kNone;
  // Listeners that it would still let in under a limit of the mount's own.
  std::uint32_t free = kUnlimited;
  bool declined = false;  // it knows the mount, and neither carries it nor would pull it
  // Listeners behind it: of the nodes that pull the mount from there, and of those behind them.
  std::uint32_t below = 0;
  // The ids of the servers that the stream has come through, the one of its source first, the node
  // itself left out; none: that is not known, or the source is there.  nullopt: it comes from the
  // master that is told.
  std::optional<std::vector<std::string>> from{};

  bool operator==(const MountLoad&) const = default;
  static constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();
  // It says something about the mount.
  bool has_values() const noexcept {
    return carries || enforces != 0 || cannot != PullFault::kNone || free != kUnlimited || declined;
  }
};

// A node of a mount.
struct Carrier {
  NodeSlot node = kNoNode;
  std::uint32_t listeners = 0;  // reported
  std::uint32_t recent = 0;     // redirects since `sampled` of the node
  bool reported = false;        // it says that it carries the mount
  ProtectionSet enforces = 0;
  bool declined = false;                // it knows the mount, and would not serve it
  PullFault cannot = PullFault::kNone;  // it says that it could not pull it
  std::uint32_t free = MountLoad::kUnlimited;
  SteadyTime sent{};  // the last redirect

  // Redirects into a limited mount count against its places until its reports show the listeners,
  // or no one has been sent for so long.
  static constexpr std::chrono::milliseconds kOnItsWay{1000};
  bool limited() const noexcept { return free != MountLoad::kUnlimited; }
  // So many more may be sent here by each of `masters`.
  bool has_place(SteadyTime now, unsigned masters) const noexcept {
    if (!limited()) return true;
    const std::uint64_t on_way = now - sent <= kOnItsWay ? std::uint64_t{recent} * masters : 0;
    return on_way < free;
  }
};

// What a node that carries a mount says of the servers before and behind it; audience.h adds it up.
// Policies do not look at it.
struct Behind {
  static constexpr std::size_t kLongestWay = 8;
  NodeSlot node = kNoNode;
  std::uint32_t below = 0;
  bool from_here = true;  // the stream comes to it from this server; then its way is not kept
  std::uint8_t steps = 0;
  std::array<NodeKey, kLongestWay> way{};

  std::span<const NodeKey> from() const noexcept { return {way.data(), steps}; }
};

struct MountNodes {
  std::string mount{};
  double kbps = 0;                  // 0: not known
  std::vector<Carrier> carriers{};  // unordered
  std::vector<Behind> behind{};     // by slot; of those of which there is more to know

  // Null: the node has none behind it, and the stream comes to it from this server.
  const Behind* behind_of(NodeSlot node) const noexcept;
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
  static constexpr std::size_t kMaxOfNode = 20'000;

  // What a node says of one mount; what it said of others stays.  sampled: when it was true. False:
  // it has too many rows, and this one was not made.
  bool see(NodeSlot node, const MountLoad& load, SteadyTime sampled = SteadyTime{});
  // It says that these are all.  False: they were too many, and the rest was left out.
  bool see_all(NodeSlot node, const std::vector<MountLoad>& loads,
               SteadyTime sampled = SteadyTime{});
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
  // Why the node could not pull the mount; kNone: it has not said so.
  PullFault fault(NodeSlot node, std::string_view mount) const noexcept;
  // That have a carrier.
  std::vector<const MountNodes*> mounts() const;
  std::size_t size() const noexcept { return mounts_.size(); }
  // Grows with each call of see(), see_all() and forget_node().
  std::uint64_t revision() const noexcept { return revision_; }

 private:
  using Mounts = ByText<MountNodes>;
  MountNodes& row(std::string_view mount);  // a new one, if need be
  Carrier& carrier_in(MountNodes& row, NodeSlot node);
  Mounts::iterator drop_if_empty(Mounts::iterator at);
  std::size_t& rows_of(NodeSlot node);
  static void forget_behind(MountNodes& row, NodeSlot node);
  static void note_behind(MountNodes& row, NodeSlot node, const MountLoad& load);
  template <class Goes>
  void drop_carriers(MountNodes& row, Goes goes);

  Mounts mounts_;
  std::vector<std::size_t> rows_of_;  // by slot
  std::uint64_t revision_ = 0;
};

template <class Goes>
void CarrierTable::drop_carriers(MountNodes& row, Goes goes) {
  std::erase_if(row.carriers, [&](const Carrier& carrier) {
    if (!goes(carrier)) return false;
    --rows_of(carrier.node);
    forget_behind(row, carrier.node);
    return true;
  });
}

template <class Keeps>
void CarrierTable::sweep(Keeps keeps) {
  for (auto at = mounts_.begin(); at != mounts_.end(); at = drop_if_empty(at)) {
    drop_carriers(at->second, [&keeps](const Carrier& carrier) { return !keeps(carrier); });
  }
}

}  // namespace lb
