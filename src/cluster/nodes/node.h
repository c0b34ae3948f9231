// Node: one server of the cluster as a master knows it: its id, its capacity, its load, and the
// redirects that it has not confirmed yet.
//
// A node's load is estimated as its last report (at least the floor of SentLately) + M × the
// redirects since then that it has not confirmed.  M is the number of masters that redirect to it,
// so masters need not talk to each other.  An unconfirmed redirect expires only against a newer
// report of that node, never by the clock alone: a dead node whose redirects expired would look
// like the emptiest of all (doc/balancing.md).
//
// Thread: as NodeTable.
// Ownership: NodeTable; only it writes to a Node.
// Units: kbit/s (1000 bit/s) of audio that listeners are owed, not the momentary rate of sockets: a
// burst at a listener's start does not count.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/rate_limit.h"
#include "cluster/nodes/pull_fault.h"
#include "cluster/nodes/sent_lately.h"

namespace lb {

// The place of a node in its table.  A slot belongs to one id while the id is in the table; later
// another node may get it, so anything that outlives a request keeps the NodeKey instead.
using NodeSlot = std::uint32_t;
constexpr NodeSlot kNoNode = std::numeric_limits<NodeSlot>::max();

// A hash of the id; the same at every master.  0: no node.
using NodeKey = std::uint64_t;
NodeKey node_key(std::string_view id) noexcept;

enum class NodeKind : std::uint8_t {
  kSelf,    // this process
  kLink,    // runs our product, with a cluster link
  kLegacy,  // polls: stock, Icecast-KH, or ours without a link; known by its posts
  kStatic,  // a server of the configuration (<redirect>) that never reports
};

enum class NodeState : std::uint8_t {
  kJoining,  // has sent HELLO; its mounts are not known yet
  kUp,
  kSuspect,   // late, stuck or unreachable: used only as a last resort
  kDraining,  // takes no new listeners
  kDead,
};
std::string_view to_text(NodeKind kind) noexcept;
std::string_view to_text(NodeState state) noexcept;

enum class PublicScheme : std::uint8_t { kHttp, kHttps };
// kUnknown (behind a proxy that does not report it): names, and IPv4 literals.
enum class ClientFamily : std::uint8_t { kUnknown, kIpv4, kIpv6 };

// An address of a node for listeners.
struct NodeAddress {
  enum class Host : std::uint8_t { kName, kIpv4, kIpv6 };
  PublicScheme scheme = PublicScheme::kHttp;
  std::string host{};  // an IPv6 literal without brackets
  std::uint16_t port = 8000;
  Host kind = Host::kName;

  bool operator==(const NodeAddress&) const = default;
};
// kName unless host is a literal address.
NodeAddress make_node_address(PublicScheme scheme, std::string host, std::uint16_t port);
// Whether a client of this scheme and family can be sent there.
bool reaches(const NodeAddress& address, PublicScheme scheme, ClientFamily family) noexcept;

// Protections that a mount can require of a node (doc/decisions.md C7): stock and KH slaves enforce
// none.
enum class Protection : std::uint8_t {
  kListenerAuth = 1,
  kAddressLists = 2,
  kLimits = 4,  // max-listeners of the mount, max-listener-duration
  kSlots = 8,   // max-listeners-cluster: a node takes each listener a slot (cluster/slots)
};
using ProtectionSet = std::uint8_t;  // of Protection, or-ed
constexpr std::pair<std::string_view, Protection> kProtectionNames[] = {
    {"auth", Protection::kListenerAuth},
    {"lists", Protection::kAddressLists},
    {"limits", Protection::kLimits},
    {"slots", Protection::kSlots}};

// 0: not limited.
struct NodeCapacity {
  double kbps = 0;
  unsigned listeners = 0;
  unsigned accepts = 0;  // new listeners a second
  // For mounts whose home it may be.
  std::optional<unsigned> sources = {};  // nullopt: not given, so it is not a home
  double ingest_kbps = 0;                // limit for all their sources together

  bool operator==(const NodeCapacity&) const = default;
};
// A node that gives neither kbit/s nor listeners has this size in comparisons; it is not a limit.
constexpr double kNominalKbps = 500 * 128.0;
constexpr double kNominalListenerKbps = 128.0;
// Makes a rate of another server safe to count: a number, not negative, and bounded.
double sane_kbps(double kbps) noexcept;

// This master's settings for a node, which the node cannot change.
struct NodeLimits {
  NodeCapacity most{};                   // replaces a larger claim of the node, or a missing one
  unsigned weight = 1;                   // its share against nodes of the same capacity; 0: none
  unsigned order = 0;                    // its place in the configuration, for the policy "first"
  std::vector<std::string> countries{};  // that it is near to; empty: as the node reports

  bool operator==(const NodeLimits&) const = default;
};

// The mounts for which a node may get listeners.
enum class MountScope : std::uint8_t {
  kAll,     // all of ours except those it declines: it relays on demand, or everything
  kListed,  // only mounts it reports (a slave of the original patch)
};

// What a node says of itself, by a link or a report.
struct NodeFacts {
  std::string id{}, epoch{};  // epoch: of its process's run
  std::vector<NodeAddress> addresses{};
  NodeCapacity capacity{};
  std::vector<std::string> tags{}, countries{};
  ProtectionSet enforces = 0;  // protections for every mount
  unsigned masters = 1;        // that it is linked to, or reports to

  bool operator==(const NodeFacts&) const = default;
};

// NodeHello: a node that connects.
struct NodeHello : NodeFacts {
  NodeKind kind = NodeKind::kLink;
  MountScope scope = MountScope::kAll;
  std::chrono::milliseconds every{250};  // between two reports
  // For a node that polls, see Rhythm: it is dead after this silence; 0: `every` and 10 s.
  std::chrono::milliseconds out_after{0};
  bool proven = true;          // `every` is the node's own, not a guess
  bool checks_tokens = false;  // removes tokens from requests and checks them
  bool keyed = false;  // it has a key of our link (redirect_token.h), and confirms each client
  // As in LoadReport; without a value, counting begins at the first report.
  std::optional<std::uint64_t> arrivals{};
  NodeLimits limits{};  // from our configuration
};

// Redirects that are not confirmed, oldest first.
class UnackedRedirects {
 public:
  void push(SteadyTime when, double kbps, std::uint64_t redirects = 1);
  double pop(std::uint64_t redirects);        // so many have arrived; returns their kbit/s
  std::uint64_t pop_before(SteadyTime when);  // removes lost ones; returns their number
  struct Sum {
    double redirects = 0, kbps = 0;
  };
  Sum since(SteadyTime when) const noexcept;
  void clear();
  std::uint64_t count() const noexcept { return count_; }
  double kbps() const noexcept { return kbps_; }
  // The time of the oldest; SteadyTime::max() if the list is empty.
  SteadyTime oldest() const noexcept;
  struct Run {  // redirects of one bitrate within kSameMoment
    SteadyTime when{};
    double kbps = 0;
    std::uint64_t redirects = 0;
  };
  const std::deque<Run>& runs() const noexcept { return runs_; }

 private:
  static constexpr std::chrono::milliseconds kSameMoment{50};
  std::uint64_t count_ = 0;
  double kbps_ = 0;
  std::deque<Run> runs_;
};

// Limits redirects: `per_second` on average, a quarter of a second's at once.
class AcceptRate {
 public:
  void set(double per_second) noexcept;  // 0: not limited
  bool allows(SteadyTime now) const noexcept { return limit_.allows(now, rate_); }
  void take(SteadyTime now) noexcept { limit_.spend(now, rate_.pause); }

 private:
  double per_second_ = 0;
  Rate rate_{1, std::chrono::nanoseconds(0)};
  RateLimit limit_;
};

// A node's state from its reports, which a hand-over passes on.
struct NodeHeard {
  std::string why;                      // the reason of its state; "" while it is up
  bool counts_load = true;              // its reports have its load (KH's do not)
  bool counts_arrivals = false;         // … and confirm our redirects one by one
  unsigned loop_ms = 0;                 // the longest turn of its loop lately
  unsigned relays = 0;                  // streams that it pulls
  PullFault cannot = PullFault::kNone;  // why it cannot pull most of its streams
  bool unreachable = false;             // a probe of its public address failed
  double reported_kbps = 0;
  double reported_listeners = 0;
  std::uint64_t issued = 0;   // redirects since its epoch began
  std::uint64_t arrived = 0;  // the redirects that it has confirmed
  std::uint64_t lost = 0;     // the redirects that never arrived
  SteadyTime since{};         // in this state
  SteadyTime last_report{};   // received
  SteadyTime sampled{};       // when the last report was true, by our clock
  SentLately sent;
};

// The members that a pick reads, see Node.
struct alignas(64) PickedNode {
  static constexpr double kNoLimit = std::numeric_limits<double>::infinity();

  // The members that a pick reads lie in two cache lines, because it reads 500 nodes.
  NodeState state = NodeState::kJoining;
  NodeKind kind = NodeKind::kLink;
  MountScope scope = MountScope::kAll;
  ProtectionSet enforces = 0;
  std::uint8_t reach = 0;    // see reach_bit()
  std::uint8_t masters = 1;  // M, 1..8
  bool admitted = true;      // within <max-redirect-slaves>
  NodeKey key = 0;
  std::uint64_t tags = 0;                     // bits of NodeTable::tag_bit()
  SteadyTime suspect_at = SteadyTime::max();  // kUp becomes kSuspect then, without a report
  SteadyTime dead_at = SteadyTime::max();
  double share_kbps = kNominalKbps;  // capacity × weight, which policies compare; 0: no share
  double hard_kbps = kNoLimit;       // never exceeded
  double hard_listeners = kNoLimit;
  double rendezvous_weight = kNominalKbps;  // share_kbps when it last changed by more than 20 %
  double counted_kbps = 0;                  // as reported, at least the floor of SentLately
  double counted_listeners = 0;
  AcceptRate accepts;
  UnackedRedirects unacked;
  // For a node that does not report its load: the part of `unacked` that is taken to have left, in
  // proportion to listeners that have left this server.
  double gone_kbps = 0, gone_listeners = 0;
  std::uint64_t turns = 0;  // redirects since the membership last changed, for "round-robin"
};

// As the node reports itself, and as it counts in a pick, which has some members in both forms.
struct Node : PickedNode, NodeHello, NodeHeard {
  using PickedNode::enforces, PickedNode::kind, PickedNode::masters, PickedNode::scope,
      PickedNode::tags;
  std::vector<std::string> countries;  // that it is near to, by our limits too; empty: to all
  std::uint64_t issued_before = 0;     // `issued` at its last report

  PeersKeep peers_keep;                                 // see what_peers_keep()
  bool doubted_load = false;                            // its reported load is not believed
  std::optional<std::chrono::milliseconds> clock_skew;  // its wall clock less ours
  // While foreign clients ask for redirects and do not follow: the most that `unacked` keeps.
  std::uint64_t most_on_way = std::numeric_limits<std::uint64_t>::max();
  FadingLoad astray;         // the load of a flood of redirects that are not followed
  bool they_arrive = false;  // redirected listeners arrive, by its last report
  unsigned hints = 0;        // clients that came back unserved since it last worked
  SteadyTime last_hint{};
  bool probing = false;
  SteadyTime last_probe{};
  // The public address at which it has answered this server; a probe of another one may fail only
  // from here.
  std::optional<NodeAddress> answers;
  std::uint64_t lost_in_row = 0;  // redirects since the last one that arrived
  // Whether redirected listeners arrive is measured over windows of 10 s.
  SteadyTime window_since{};
  std::uint64_t window_arrived = 0, window_lost = 0;
  SteadyTime well_until{};  // in the last window most of them arrived
  SteadyTime doubted_until{};

  double kbps() const noexcept { return counted_kbps + masters * (unacked.kbps() - gone_kbps); }
  double listeners() const noexcept {
    return counted_listeners + masters * (static_cast<double>(unacked.count()) - gone_listeners);
  }
  // The state at this moment, even if no timer has run yet.
  NodeState state_at(SteadyTime now) const noexcept {
    if (state == NodeState::kDead || now >= dead_at) return NodeState::kDead;
    return state == NodeState::kUp && now >= suspect_at ? NodeState::kSuspect : state;
  }
  // Whether there is room for one more listener within all hard limits, which count listeners that
  // are taken to have left.
  bool has_room(double more_kbps, SteadyTime now) const noexcept {
    return kbps() + masters * gone_kbps + more_kbps <= hard_kbps &&
           listeners() + masters * (gone_listeners + 1) <= hard_listeners && accepts.allows(now);
  }
  // An address that such a client can use, names first; nullptr: none.
  const NodeAddress* address_for(PublicScheme scheme, ClientFamily family) const noexcept;

  static std::uint8_t reach_bit(PublicScheme scheme, ClientFamily family) noexcept {
    return static_cast<std::uint8_t>(
        1U << (3 * static_cast<unsigned>(scheme) + static_cast<unsigned>(family)));
  }
};

}  // namespace lb
