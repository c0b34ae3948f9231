// CarrierTable: which nodes carry which mount, with how many listeners, by their reports and the
// redirects since then.
//
// Memory: a carrier takes 32 bytes, and 80 more if servers behind it are known.  Each node may make
// kMaxOfNode rows by its reports, so a node that invents names displaces no rows of other nodes.
// Rows of redirects and bitrates are about mounts of this server, and are not counted.  Cost: a
// mount is found by its name, a node within it by walking over its carriers.
// Thread: as NodeTable.
// Ownership: NodeTable, which also owns the nodes.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "cluster/nodes/node.h"
#include "cluster/nodes/pull_fault.h"

namespace lb {

struct MountLoad {
  std::string mount{};
  unsigned listeners = 0;  // without relays
  bool carries = true;     // false: it would pull it, but does not now
  // Protections for this mount, besides those for all mounts.
  ProtectionSet enforces = 0;
  // Why the node cannot pull the mount, if it does not carry it.
  PullFault cannot = PullFault::kNone;
  // Listeners that the node would still let in under the mount's own limit.
  std::uint32_t free = kUnlimited;
  bool declined = false;  // it knows the mount, and neither carries nor would pull it
  // Listeners at nodes that pull the mount from this node, and behind them.
  std::uint32_t below = 0;
  // Ids of the servers that the stream has passed, the server of the source first, without the node
  // itself; empty: not known, or the source is there. nullopt: it comes from the master that gets
  // the report.
  std::optional<std::vector<std::string>> from{};

  bool operator==(const MountLoad&) const = default;
  static constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();
};
// The values that a node sends about a mount itself: each type that keeps them has these members.
template <class Load>
auto load_values(Load& load) noexcept {
  return std::tie(load.listeners, load.carries, load.enforces, load.cannot, load.free,
                  load.declined);
}
// Whether there is anything to keep.
template <class Load>
bool has_values(const Load& load) noexcept {
  return load.carries || load.enforces != 0 || load.cannot != PullFault::kNone ||
         load.free != MountLoad::kUnlimited || load.declined;
}

// A node of a mount.
struct Carrier {
  NodeSlot node = kNoNode;
  std::uint32_t listeners = 0;  // reported
  std::uint32_t recent = 0;     // redirects since the node's `sampled`
  bool carries = false;         // as it reports
  ProtectionSet enforces = 0;
  bool declined = false;                // it knows the mount, and would not serve it
  PullFault cannot = PullFault::kNone;  // why it reports that it cannot pull it
  std::uint32_t free = MountLoad::kUnlimited;
  SteadyTime sent{};  // the last redirect

  // Redirects into a limited mount use up its places until reports show the listeners, or no
  // redirect was sent for this time.
  static constexpr std::chrono::milliseconds kOnItsWay{1000};
  bool limited() const noexcept { return free != MountLoad::kUnlimited; }
  // Whether each of `masters` may send one more listener here.
  bool has_place(SteadyTime now, unsigned masters) const noexcept {
    if (!limited()) return true;
    const std::uint64_t on_way = now - sent <= kOnItsWay ? std::uint64_t{recent} * masters : 0;
    return on_way < free;
  }
};

// The servers before and behind a carrier, as it reports them; audience.h adds them up.  Policies
// do not use it.
struct Behind {
  static constexpr std::size_t kLongestWay = 8;
  NodeSlot node = kNoNode;
  std::uint32_t below = 0;
  bool from_here = true;  // the stream comes from this server; the way is then not kept
  std::uint8_t steps = 0;
  std::array<NodeKey, kLongestWay> way{};

  std::span<const NodeKey> from() const noexcept { return {way.data(), steps}; }
};

struct MountNodes {
  std::string mount{};
  double kbps = 0;                  // 0: not known
  std::vector<Carrier> carriers{};  // unordered
  std::vector<Behind> behind{};     // by slot; only carriers with something to report
  bool heard = false;               // listeners are at a carrier, or behind it
  bool tiered = false;              // heard, and `behind` is not empty

  // Null: no listeners are behind the node, and the stream comes to it from this server.
  const Behind* behind_of(NodeSlot node) const noexcept;
};

// Finds names without making strings of them.
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
  using Names = std::set<std::string, std::less<>>;
  static constexpr std::size_t kMaxOfNode = 20'000;

  // A node's report of one mount; its other mounts stay. sampled: when the report was true.  False:
  // the node has too many rows, and this one was not made.
  bool see(NodeSlot node, const MountLoad& load, SteadyTime sampled = SteadyTime{});
  // A node's report of all its mounts.  False: they were too many, and the rest was left out.
  bool see_all(NodeSlot node, const std::vector<MountLoad>& loads,
               SteadyTime sampled = SteadyTime{});
  void forget_node(NodeSlot node);
  // By slots, in one walk over the mounts.
  void forget_nodes(const std::vector<bool>& nodes);
  // A listener was sent there; sampled: when the node's last report was true.
  void sent(NodeSlot node, std::string_view mount, SteadyTime now, SteadyTime sampled);
  // Removes carriers for which the function returns false.
  template <class Keeps>
  void sweep(Keeps keeps);

  // A mount whose bitrate is known stays in the table without any carrier.
  void set_kbps(std::string_view mount, double kbps);
  void forget_mount(std::string_view mount);

  const MountNodes* find(std::string_view mount) const noexcept;
  // Why the node cannot pull the mount; kNone: it has reported no fault.
  PullFault fault(NodeSlot node, std::string_view mount) const noexcept;
  // Mounts that have a carrier.
  std::vector<const MountNodes*> mounts() const;
  // Mounts with listeners at a carrier or behind it, also those of this server.
  const Names& heard() const noexcept { return heard_; }
  // Those of them with servers behind or before a carrier.
  const Names& tiered() const noexcept { return tiered_; }
  std::size_t size() const noexcept { return mounts_.size(); }
  // Grows with each call of see(), see_all() and forget_node().
  std::uint64_t revision() const noexcept { return revision_; }

 private:
  using Mounts = ByText<MountNodes>;
  MountNodes& row(std::string_view mount);  // creates it if it is missing
  Carrier& carrier_in(MountNodes& row, NodeSlot node);
  Mounts::iterator drop_if_empty(Mounts::iterator at);
  std::size_t& rows_of(NodeSlot node);
  static void forget_behind(MountNodes& row, NodeSlot node);
  static void note_behind(MountNodes& row, NodeSlot node, const MountLoad& load);
  template <class Goes>
  void drop_carriers(MountNodes& row, Goes goes);
  void note_heard(MountNodes& row);

  Mounts mounts_;
  Names heard_, tiered_;
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
  note_heard(row);
}

template <class Keeps>
void CarrierTable::sweep(Keeps keeps) {
  for (auto at = mounts_.begin(); at != mounts_.end(); at = drop_if_empty(at)) {
    drop_carriers(at->second, [&keeps](const Carrier& carrier) { return !keeps(carrier); });
  }
}

}  // namespace lb
