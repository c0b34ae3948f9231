// NodeTable: everything a master knows about its cluster.  It is soft state: lost at a restart, and
// known again as soon as the nodes have sent their hello.
//
// Callers: links (hello, snapshot, delta, report, drain, bye, connection_lost), the compatible
// posts (hello, listed, report), a timer (expire), the server for itself (the node of kind kSelf,
// in report), and Balancer (issued).  No I/O: what happened is handed out by take_events().
//
// Liveness of a link: suspect after 1.5 × every + 100 ms without a report, dead after 4 × every or
// with its connection.  Of one that polls: suspect after every + 2 s, dead as its Rhythm says; one
// that has been heard once, whose rhythm is a guess, is suspect as well once it has been sent 20
// listeners since: it need not be there any more.  Static nodes and this one do not expire.
// Confirmation: a report that counts arrivals takes as many redirects off, oldest first, and those
// that are 5 s older than its sample; one that does not takes off what is 500 ms older than its
// sample.  While at every node that counts more have not come within 2 s than have arrived in a
// minute, strangers ask for redirects and follow none: then as many are kept as usually are on
// their way, at least 20, so that nodes do not seem full.  A node that reports no load at all
// (stock, KH) is taken to hold what it was sent within session_guess, less the part of it that this
// server has lost of the listeners that it was chosen for: a crowd that asks and goes, or does not
// follow, is met by all alike.  Its limits hold for all of them.
//
// A node is suspect as well while its loop takes more than 200 ms a turn, while its public address
// does not answer a probe, while it says that it cannot pull most of its streams, and for a minute
// after fewer than half of at least 20 listeners of 10 s arrived, if most of those of another node
// did: else they do not follow, and its address is probed.  A reported load is
// believed down to what SentLately expects; a report of far less is an event.
//
// Memory: a node costs about 1 kB; of mounts see CarrierTable.
// Thread: one at a time; in the server RedirectDecider owns it and gives it out with its lock only.
// Pointers and references to nodes hold until the next call that is not const.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/nodes/carriers.h"
#include "cluster/nodes/node.h"

namespace lb {

struct NodeRecord;

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
  PullFault cannot = PullFault::kNone;  // pull most of what it would
  std::optional<bool> checks_tokens{};  // nullopt: as it said
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
    kProbeWanted,   // clients came back unserved: try its public address, then call probed()
    kLoadDoubted,   // it says that it has far fewer listeners than were sent there
    kLoadBelieved,  // the same, and it is taken for true this once
    kCannotPull,    // it says so of these mounts: `why`
    kPullsAgain,
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
    unsigned expected = 0;  // nodes of the configuration: when all are here, no request is held
    // That mounts ask for; what else nodes say has no meaning.  The first kMaxTags count.
    std::vector<std::string> tags{};
  };
  NodeTable(Settings settings, SteadyTime started);
  NodeTable& operator=(const NodeTable&) = delete;
  // A picture, to be read at leisure.
  NodeTable copy() const { return NodeTable(*this); }

  void configure(const Settings& settings, SteadyTime now);

  // -- reports of nodes ------------------------------------------------------------------------
  // A node comes, or comes again.  With another epoch it starts afresh; with the same one it goes
  // on (a connection was replaced).  Links are kJoining until snapshot().  Error: denied, "node
  // edge3: …", when another process with this id is connected and has reported lately.
  Result<NodeSlot> hello(NodeHello hello, SteadyTime now);
  // All mounts that it carries; forgets what it said before.  False, also of report(): these are
  // more than one node may have, and the rest was left out.
  bool snapshot(NodeSlot slot, const std::vector<MountLoad>& mounts, SteadyTime now);
  // Only what is different.
  void delta(NodeSlot slot, const std::vector<MountLoad>& changed);
  bool report(NodeSlot slot, const LoadReport& report);
  void drain(NodeSlot slot, std::string why, SteadyTime now);
  void undrain(NodeSlot slot, SteadyTime now);
  void bye(NodeSlot slot, std::string why, SteadyTime now);
  // Dead at once: the peer's process is gone.  Of a node that polls: nothing.
  void connection_lost(NodeSlot slot, std::string why, SteadyTime now);
  // As measured; only displayed, nothing here reads a wall clock.
  void set_clock_skew(NodeSlot slot, std::chrono::milliseconds skew) {
    if (slot != kNoNode) nodes_[slot].clock_skew = skew;
  }
  // New clamps and weight after a reload.
  void set_limits(NodeSlot slot, NodeLimits limits);
  // No longer in the configuration.
  void forget(NodeSlot slot);

  // -- of a hand-over ------------------------------------------------------------------------
  // The nodes that report, as another process goes on with them.
  std::vector<NodeRecord> save() const;
  // A node as it was in the process before, under no limits yet: no event tells of it.  A link has
  // kLinksAgain longer to report than otherwise: it is made again.  Error: that of hello().
  Result<void> restore(const NodeRecord& saved, SteadyTime now);
  static constexpr std::chrono::milliseconds kLinksAgain{1500};

  // -- observations ----------------------------------------------------------------------------
  void expire(SteadyTime now);
  // From `since` on no report could be taken.  A node that reported before has that much more
  // time, and at least `rest` from now on.
  void was_away(SteadyTime since, SteadyTime now, SteadyTime::duration rest) noexcept;
  // A redirect to it was given.  chosen: this server was chosen for it, rather than asked by one
  // that cannot be sent elsewhere.
  void issued(NodeSlot slot, std::string_view mount, double kbps, SteadyTime now,
              bool chosen = true);
  // The node has sent a client back that was sent there: that redirect is no longer under way.
  void sent_back(NodeSlot slot, SteadyTime now);
  // A client that was sent there came back unserved.
  void hint(NodeSlot slot, SteadyTime now);
  // How the try of its public address ended.
  void probed(NodeSlot slot, bool answered, SteadyTime now);
  RedirectOutcome outcome(NodeSlot slot, SteadyTime given) const noexcept;
  void set_mount_kbps(std::string_view mount, double kbps);
  void forget_mount(std::string_view mount) { carriers_.forget_mount(mount); }

  // -- queries ---------------------------------------------------------------------------------
  std::span<const Node> nodes() const noexcept { return nodes_; }  // a free slot has an empty id
  const Node& node(NodeSlot slot) const noexcept { return nodes_[slot]; }
  NodeSlot find(std::string_view id) const noexcept;
  NodeSlot find(NodeKey key) const noexcept;
  // None: it is not listed.
  std::vector<NodeAddress> addresses_of(std::string_view id) const {
    const NodeSlot slot = find(id);
    return slot == kNoNode ? std::vector<NodeAddress>() : nodes_[slot].addresses;
  }
  NodeSlot self() const noexcept { return self_; }  // kNoNode until its hello
  const MountNodes* mount(std::string_view name) const noexcept { return carriers_.find(name); }
  // All that have a node.
  std::vector<const MountNodes*> mounts() const { return carriers_.mounts(); }
  // Grows whenever a node says something of a mount, or is forgotten with its mounts.
  std::uint64_t mounts_revision() const noexcept { return carriers_.revision(); }
  // Whether it does now: it said so, or was sent a listener that may be on its way.
  bool carries(const Carrier& carrier, SteadyTime now) const noexcept {
    return carrier.reported || is_on_its_way(carrier, now);
  }
  // Of all nodes, without relays: of one mount, and of all.
  std::uint64_t mount_listeners(std::string_view mount) const noexcept;
  std::uint64_t listeners() const noexcept;
  // The bit of a tag in Node::tags; 0: no mount asks for it.
  std::uint64_t tag_bit(std::string_view tag) const noexcept;
  // Requests that come before this wait; in the past once the nodes are known.
  SteadyTime hold_until() const noexcept { return hold_until_; }
  // Of other nodes, since the last call; any call that is not const may add some.
  std::vector<NodeEvent> take_events();
  bool has_events() const noexcept { return !events_.empty(); }

 private:
  NodeTable(const NodeTable&) = default;

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
  FadingLoad chosen_here_;  // listeners that this server was chosen for

  bool is_on_its_way(const Carrier& carrier, SteadyTime now) const noexcept;
  NodeSlot free_slot();
  void describe(Node& node, NodeHello&& hello, SteadyTime now);
  void become(Node& node, NodeState state, std::string why, SteadyTime now);
  bool see(Node& node, const std::vector<MountLoad>& loads, bool all, SteadyTime sampled);
  void judge(Node& node, SteadyTime now);
  void weigh(Node& node);
  void expect_report(Node& node, SteadyTime now);
  void take_arrivals(Node& node, const LoadReport& report);
  void want_probe(Node& node, std::string why);
  void note(const Node& node, NodeEvent::Kind kind, std::string why);
  void membership_changed(SteadyTime now);
  void know_tags();
  std::uint64_t bits_of(const std::vector<std::string>& tags) const;
  void compare_peers(SteadyTime now);
  void guess_gone(SteadyTime now);
  void lose(Node& node, std::uint64_t redirects, double kbps, SteadyTime now);
  std::uint64_t lose_before(Node& node, SteadyTime when, SteadyTime now);
  void judge_flood(Node& node, SteadyTime now);
  void judge_arrivals(Node& node, SteadyTime now);
  void believe(Node& node, SteadyTime now);
  void judge_load(Node& node, SteadyTime now);
  void note_sent(Node& node, std::uint64_t redirects, double kbps, bool confirmed, SteadyTime now);
  static constexpr std::chrono::seconds kSweepPause{60};
  void sweep(SteadyTime now);
  NodeSlot slot_of(const Node& node) const noexcept {
    return static_cast<NodeSlot>(&node - nodes_.data());
  }
};

}  // namespace lb
