// NodeTable: everything a master knows about its cluster.  It is soft state: lost at a restart, and
// known again as soon as the nodes have said hello.
//
// Who calls: links (hello, snapshot, delta, report, drain, bye, connection_lost), the compatible
// posts (hello, listed, report), a timer (expire), the server for itself (the node of kind kSelf,
// in report), and Balancer (issued).  No I/O: what happened is handed out by take_events().
//
// Liveness of a link: suspect after 1.5 × every + 100 ms without a report, dead after 4 × every or
// with its connection.  Of one that polls: suspect after every + 2 s, dead after every + 10 s
// (Icecast-KH's time).  Static nodes and this one do not expire. Confirmation: a report that counts
// arrivals takes as many redirects off, oldest first, and those that are 5 s older than its sample;
// one that does not takes off what is 500 ms older than its sample.  A node that reports no load at
// all (KH) is taken to hold what it was sent within session_guess.
//
// A node is suspect as well while its loop takes more than 200 ms a turn, while its public address
// does not answer a probe, and for a minute after fewer than half of at least 20 listeners of 10 s
// arrived.
//
// Memory: a node costs about 1 kB; of mounts see CarrierTable.
// Thread: control.  Ownership: app.  Pointers and references to nodes hold until the next call that
// is not const.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/carriers.h"
#include "cluster/node.h"

namespace lb {

// What a node says about itself when it comes.
struct NodeHello {
  std::string id{};
  std::string epoch{};
  NodeKind kind = NodeKind::kLink;
  MountScope scope = MountScope::kAll;
  std::vector<NodeAddress> addresses{};
  NodeCapacity capacity{};
  std::vector<std::string> tags{}, countries{};
  ProtectionSet enforces = 0;
  std::chrono::milliseconds every{250};
  unsigned masters = 1;
  // As in LoadReport; without it, what the first report says is where counting begins.
  std::optional<std::uint64_t> arrivals{};
  NodeLimits limits{};  // from our configuration
};

struct LoadReport {
  SteadyTime received{};
  SteadyTime sampled{};                 // received, less the way here
  std::optional<double> kbps{};         // nullopt with listeners known: listeners × 128
  std::optional<unsigned> listeners{};  // without relays; nullopt: it does not count
  // Cumulative: listeners that arrived with a redirect of this master since the epoch began.
  std::optional<std::uint64_t> arrivals{};
  std::vector<MountLoad> changed{};  // since the last snapshot or report
  std::optional<unsigned> masters{};
  unsigned loop_ms = 0;
  unsigned relays = 0;
};

// What a node's reports say about a redirect that it was given at some moment.
enum class RedirectOutcome : std::uint8_t {
  kUnknown,  // no report since that could tell
  kArrived,
  kLost,  // the node counts arrivals, has reported since, and this one was not among them
};

struct NodeEvent {
  enum class Kind : std::uint8_t {
    kUp,
    kSuspect,
    kDown,
    kDrain,
    kProbeWanted,  // clients came back unserved: try its public address, then call probed()
  };
  Kind kind = Kind::kUp;
  NodeSlot slot = kNoNode;
  std::string id{};
  std::string why{};
};
std::string_view to_text(NodeEvent::Kind kind) noexcept;

class NodeTable {
 public:
  struct Settings {
    int max_redirect_slaves = -1;
    std::chrono::milliseconds hold{1000};
    std::chrono::seconds session_guess{20 * 60};
    unsigned expected = 0;  // nodes of the configuration: when all are here, nobody is held
  };
  NodeTable(Settings settings, SteadyTime started);
  NodeTable(const NodeTable&) = delete;
  NodeTable& operator=(const NodeTable&) = delete;

  void configure(const Settings& settings, SteadyTime now);

  // -- what nodes say --------------------------------------------------------------------------
  // A node comes, or comes again.  Another epoch begins anew; the same one goes on (a connection
  // was replaced).  Links are kJoining until snapshot().  Error: denied, "node edge3: …", when
  // another process with this id is connected and has reported lately.
  Result<NodeSlot> hello(NodeHello hello, SteadyTime now);
  // All mounts that it carries; forgets what it said before.
  void snapshot(NodeSlot slot, const std::vector<MountLoad>& mounts, SteadyTime now);
  // Only what is different.
  void delta(NodeSlot slot, const std::vector<MountLoad>& changed);
  void report(NodeSlot slot, const LoadReport& report);
  void drain(NodeSlot slot, std::string why, SteadyTime now);
  void undrain(NodeSlot slot, SteadyTime now);
  void bye(NodeSlot slot, std::string why, SteadyTime now);
  // Dead at once: the peer's process is gone.  Of a node that polls: nothing.
  void connection_lost(NodeSlot slot, std::string why, SteadyTime now);
  // New clamps and weight after a reload.
  void set_limits(NodeSlot slot, NodeLimits limits);
  // No longer in the configuration.
  void forget(NodeSlot slot);

  // -- what we see -----------------------------------------------------------------------------
  void expire(SteadyTime now);
  // When expire() has something to do next; max(): nothing.
  SteadyTime next_expiry() const noexcept;
  // A redirect to it was given.
  void issued(NodeSlot slot, std::string_view mount, double kbps, SteadyTime now);
  // A client that was sent there came back unserved.
  void hint(NodeSlot slot, SteadyTime now);
  // How the try of its public address ended.
  void probed(NodeSlot slot, bool answered, SteadyTime now);
  RedirectOutcome outcome(NodeSlot slot, SteadyTime given) const noexcept;
  void set_mount_kbps(std::string_view mount, double kbps);
  void forget_mount(std::string_view mount) { carriers_.forget_mount(mount); }

  // -- questions -------------------------------------------------------------------------------
  std::span<const Node> nodes() const noexcept { return nodes_; }  // a free slot has an empty id
  const Node& node(NodeSlot slot) const noexcept { return nodes_[slot]; }
  NodeSlot find(std::string_view id) const noexcept;
  NodeSlot find(NodeKey key) const noexcept;
  NodeSlot self() const noexcept { return self_; }  // kNoNode until its hello
  const MountNodes* mount(std::string_view name) const noexcept { return carriers_.find(name); }
  // All that have a node.
  std::vector<const MountNodes*> mounts() const { return carriers_.mounts(); }
  // Whether it does now: it said so, or was sent a listener that may be on his way.
  bool carries(const Carrier& carrier, SteadyTime now) const noexcept;
  // Of all nodes, without relays: of one mount, and of all.
  std::uint64_t mount_listeners(std::string_view mount) const noexcept;
  std::uint64_t listeners() const noexcept;
  // The bit of a tag in Node::tags; 0: no node has it.
  std::uint64_t tag_bit(std::string_view tag) const noexcept;
  // Requests that come before this wait; in the past once the nodes are known.
  SteadyTime hold_until() const noexcept { return hold_until_; }
  // To be taken after every call that is not const.
  std::vector<NodeEvent> take_events();

 private:
  Settings settings_;
  SteadyTime hold_until_;
  std::vector<Node> nodes_;
  ByText<NodeSlot> by_id_;
  std::unordered_map<NodeKey, NodeSlot> by_key_;
  CarrierTable carriers_;
  ByText<std::uint64_t> tags_;
  std::vector<NodeEvent> events_;
  NodeSlot self_ = kNoNode;

  SteadyTime next_sweep_;

  NodeSlot free_slot();
  void describe(Node& node, NodeHello&& hello, SteadyTime now);
  void become(Node& node, NodeState state, std::string why, SteadyTime now);
  void judge(Node& node, SteadyTime now);
  void weigh(Node& node);
  void expect_report(Node& node, SteadyTime now);
  void take_arrivals(Node& node, const LoadReport& report);
  void want_probe(Node& node, std::string why);
  void membership_changed(SteadyTime now);
  std::uint64_t intern(const std::vector<std::string>& tags);
  void sweep(SteadyTime now);
  NodeSlot slot_of(const Node& node) const noexcept {
    return static_cast<NodeSlot>(&node - nodes_.data());
  }
};

}  // namespace lb
