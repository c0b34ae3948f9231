// NodeTable: everything a master knows about its cluster.  This is soft state: it is lost at a
// restart, and complete again once the nodes have sent HELLO.
//
// Callers: links (hello, snapshot, delta, report, drain, bye, connection_lost), reports by HTTP
// (hello, listed, report), a timer (expire), the server for itself (the node of kind kSelf, in
// report), and Balancer (issued).  No I/O: take_events() returns the events.
//
// Liveness of a link: suspect after 1.5 × every + 100 ms without a report, dead after 4 × every or
// with its connection.  Of a node that polls: suspect after every + 2 s, dead by its Rhythm; one
// that has reported only once, so that its rhythm is a guess, is also suspect once it was sent 20
// listeners since.  Static nodes and this one do not expire.
// Confirmation: a report that counts arrivals removes that many redirects, oldest first, and those
// more than 5 s older than its sample; any other report removes those more than 500 ms older.  If
// at every counting node the redirects that are missing after 2 s exceed the arrivals of a minute,
// foreign clients do not follow redirects: then only as many are kept as are usually on their way,
// at least 20, so that nodes do not seem full.  A node that reports no load (stock, KH) is assumed
// to hold its redirects of session_guess, less the share that this server has lost of the listeners
// it was chosen for: a crowd that leaves, or does not follow, does so everywhere.  Its limits count
// all of them.
// A node is also suspect while its loop takes more than 200 ms a turn, while its public address
// fails a probe, while it reports that it cannot pull most of its streams, and for a minute after
// fewer than half of the listeners of 10 s (at least 20) arrived, if most of another node's did.
// If they did not, its address is probed instead, as when three in a row were lost.  A reported
// load below the floor of SentLately is not believed, which is an event.
//
// Memory: a node costs about 1 kB; for mounts see CarrierTable.
// Thread: one at a time; in the server under the lock of RedirectDecider.
// Ownership: RedirectDecider.  Pointers and references to nodes are valid until the next non-const
// call.
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
  SteadyTime sampled{};                 // received, less the transit time
  std::optional<double> kbps{};         // nullopt, but listeners known: listeners × 128
  std::optional<unsigned> listeners{};  // without relays; nullopt: not counted
  // Cumulative: listeners that arrived with a redirect of this master since the epoch began.
  std::optional<std::uint64_t> arrivals{};
  std::vector<MountLoad> changed{};  // since the last snapshot or report
  std::optional<unsigned> masters{};
  unsigned loop_ms = 0;
  unsigned relays = 0;
  PullFault cannot = PullFault::kNone;  // why it cannot pull most of its streams
  std::optional<bool> checks_tokens{};  // nullopt: unchanged
};

// The fate of a redirect, by the node's reports since.
enum class RedirectOutcome : std::uint8_t {
  kUnknown,  // no report since shows it
  kArrived,
  kLost,  // the node counts arrivals, and this one was not among them
};

struct NodeEvent {
  enum class Kind : std::uint8_t {
    kUp,
    kSuspect,
    kDown,
    kDrain,
    kProbeWanted,   // clients came back unserved: probe its public address, then call probed()
    kLoadDoubted,   // it reports far fewer listeners than were sent there
    kLoadBelieved,  // it reports as few, and is believed this time
    kCannotPull,    // for the mounts in `why`, by its report
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
    unsigned expected = 0;  // configured nodes; once all are here, no request is held
    // Tags that mounts ask for; other tags of nodes are ignored.  The first kMaxTags count.
    std::vector<std::string> tags{};
  };
  NodeTable(Settings settings, SteadyTime started);
  NodeTable& operator=(const NodeTable&) = delete;
  // A copy, to be read without the lock.
  NodeTable copy() const { return NodeTable(*this); }

  void configure(const Settings& settings, SteadyTime now);

  // -- reports of nodes ------------------------------------------------------------------------
  // A node connects, or connects again.  With another epoch its row starts afresh; with the same
  // one it goes on, because only its connection was replaced.  Links are kJoining until snapshot().
  // Error: denied, "node edge3: …", when another process with this id is connected and has reported
  // lately.
  Result<NodeSlot> hello(NodeHello hello, SteadyTime now);
  // All mounts that it carries; replaces earlier reports.  False, also of report(): a node may not
  // have so many mounts, so the rest was left out.
  bool snapshot(NodeSlot slot, const std::vector<MountLoad>& mounts, SteadyTime now);
  // Only the mounts that changed.
  void delta(NodeSlot slot, const std::vector<MountLoad>& changed);
  bool report(NodeSlot slot, const LoadReport& report);
  void drain(NodeSlot slot, std::string why, SteadyTime now);
  void undrain(NodeSlot slot, SteadyTime now);
  void bye(NodeSlot slot, std::string why, SteadyTime now);
  // Dead at once: the peer's process is gone.  Ignored for a node that polls.
  void connection_lost(NodeSlot slot, std::string why, SteadyTime now);
  // The measured value is only displayed; the table never reads a wall clock.
  void set_clock_skew(NodeSlot slot, std::chrono::milliseconds skew) {
    if (slot != kNoNode) nodes_[slot].clock_skew = skew;
  }
  // New clamps and weight after a reload.
  void set_limits(NodeSlot slot, NodeLimits limits);
  // The node is no longer in the configuration.
  void forget(NodeSlot slot);

  // -- of a hand-over ------------------------------------------------------------------------
  // The nodes that report, for another process.
  std::vector<NodeRecord> save() const;
  // This server and the servers that never report: their counts, and what is under way to them.
  std::vector<NodeRecord> save_configured() const;
  // A node of the former process, without limits yet, and without an event.  A link has kLinksAgain
  // more time to report, because it is made again.  Error: as for hello().
  Result<void> restore(const NodeRecord& saved, SteadyTime now);
  // Ignored if the configuration no longer has the node.
  void restore_configured(const NodeRecord& saved, SteadyTime now);
  static constexpr std::chrono::milliseconds kLinksAgain{1500};

  // -- observations ----------------------------------------------------------------------------
  void expire(SteadyTime now);
  // No report could be read from `since` on.  A node that reported before has that much more time,
  // and at least `rest` from now on.
  void was_away(SteadyTime since, SteadyTime now, SteadyTime::duration rest) noexcept;
  // A redirect to the node was sent. chosen: for this server, that it was picked; false: the client
  // cannot be redirected.
  void issued(NodeSlot slot, std::string_view mount, double kbps, SteadyTime now,
              bool chosen = true);
  // The node has sent a client back: its redirect is no longer under way.
  void sent_back(NodeSlot slot, SteadyTime now);
  // A client that was sent there came back unserved.
  void hint(NodeSlot slot, SteadyTime now);
  // It has proved that it is reached from here at this address.
  void answers_at(NodeSlot slot, const NodeAddress& address) { nodes_[slot].answers = address; }
  // The result of probing its public address.
  void probed(NodeSlot slot, bool answered, SteadyTime now);
  RedirectOutcome outcome(NodeSlot slot, SteadyTime given) const noexcept;
  void set_mount_kbps(std::string_view mount, double kbps);
  void forget_mount(std::string_view mount) { carriers_.forget_mount(mount); }

  // -- queries ---------------------------------------------------------------------------------
  std::span<const Node> nodes() const noexcept { return nodes_; }  // a free slot has an empty id
  const Node& node(NodeSlot slot) const noexcept { return nodes_[slot]; }
  NodeSlot find(std::string_view id) const noexcept;
  NodeSlot find(NodeKey key) const noexcept;
  // Empty: it is not listed.
  std::vector<NodeAddress> addresses_of(std::string_view id) const {
    const NodeSlot slot = find(id);
    return slot == kNoNode ? std::vector<NodeAddress>() : nodes_[slot].addresses;
  }
  NodeSlot self() const noexcept { return self_; }  // kNoNode until its hello
  const MountNodes* mount(std::string_view name) const noexcept { return carriers_.find(name); }
  // All mounts that a node carries.
  std::vector<const MountNodes*> mounts() const { return carriers_.mounts(); }
  // Mounts with listeners at a server or behind it.
  const CarrierTable::Names& heard_mounts() const noexcept { return carriers_.heard(); }
  // Those of them with servers behind or before a node.
  const CarrierTable::Names& tiered_mounts() const noexcept { return carriers_.tiered(); }
  // Grows whenever a node reports a mount, or is removed with its mounts.
  std::uint64_t mounts_revision() const noexcept { return carriers_.revision(); }
  // Whether the node carries it now: it reported so, or a listener may be on its way to it.
  bool carries(const Carrier& carrier, SteadyTime now) const noexcept {
    return carrier.carries || is_on_its_way(carrier, now);
  }
  // Listeners at all nodes, without relays: of one mount, and of all.
  std::uint64_t mount_listeners(std::string_view mount) const noexcept;
  std::uint64_t listeners() const noexcept;
  // The bit of a tag in Node::tags; 0: no mount asks for it.
  std::uint64_t tag_bit(std::string_view tag) const noexcept;
  // Requests before this time wait until then; it lies in the past once the nodes are known.
  SteadyTime hold_until() const noexcept { return hold_until_; }
  // Events of other nodes since the last call; any non-const call may add some.
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
  void judge_losses(Node& node, SteadyTime now);
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
