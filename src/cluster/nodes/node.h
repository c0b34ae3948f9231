// Node: one server of the cluster as a master knows it: its id, what it can carry, what it
// carries, and which redirects it has not confirmed yet.
//
// Estimate of a node's load = its last report + M × the redirects since then that it has not
// confirmed, M being the masters that redirect to it (so masters need not talk to each other); and
// not less than SentLately expects of what was sent there before.  An
// unconfirmed redirect ages only against a newer report of that node, never by the clock alone: a
// dead node whose redirects expired would look like the emptiest of all (doc/balancing.md).
//
// Thread: as NodeTable.
// Ownership: NodeTable; only it writes to a Node.
// Units: kbit/s (1000 bit/s) of audio that listeners are owed, not the momentary rate of sockets: a
// burst at the start of a listener is no load.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cluster/nodes/pull_fault.h"
#include "cluster/nodes/sent_lately.h"

namespace lb {

// Where a node stands in its table.  A slot belongs to one id for as long as the id is in the
// table; afterwards it may be given to another: what outlives a request remembers the NodeKey
// instead.
using NodeSlot = std::uint32_t;
constexpr NodeSlot kNoNode = std::numeric_limits<NodeSlot>::max();

// A hash of the id; the same at every master.  0: no node.
using NodeKey = std::uint64_t;
NodeKey node_key(std::string_view id) noexcept;

enum class NodeKind : std::uint8_t {
  kSelf,    // this process
  kLink,    // one of ours with a cluster link
  kLegacy,  // one that polls: stock, Icecast-KH, or ours without a link; known by its posts
  kStatic,  // a server of the configuration (<redirect>) that never reports
};

enum class NodeState : std::uint8_t {
  kJoining,  // has said hello; what it carries is not known yet
  kUp,
  kSuspect,   // late, stuck or out of reach: used only when no other node is left
  kDraining,  // takes no new listeners
  kDead,
};
std::string_view to_text(NodeKind kind) noexcept;
std::string_view to_text(NodeState state) noexcept;

enum class PublicScheme : std::uint8_t { kHttp, kHttps };
// kUnknown (behind a proxy that does not say): names, and IPv4 literals.
enum class ClientFamily : std::uint8_t { kUnknown, kIpv4, kIpv6 };

// Where listeners are sent to reach a node.
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

// What a mount can ask of the node that serves it (doc/decisions.md C7): stock and KH slaves
// enforce none.
enum class Protection : std::uint8_t {
  kListenerAuth = 1,
  kAddressLists = 2,
  kLimits = 4,  // max-listeners of the mount, max-listener-duration
  kSlots = 8,   // max-listeners-cluster: a node takes each listener a slot (cluster/slots)
};
using ProtectionSet = std::uint8_t;  // of Protection, or-ed

// 0: not limited.
struct NodeCapacity {
  double kbps = 0;
  unsigned listeners = 0;
  unsigned accepts = 0;  // new listeners a second
  // Of mounts whose home it may be.
  std::optional<unsigned> sources = {};  // nullopt: it does not say, and is no home
  double ingest_kbps = 0;                // of their sources together

  bool operator==(const NodeCapacity&) const = default;
};
// Where neither kbit/s nor listeners are given, a node counts as one of this size when it is
// compared with others; it is then no limit.
constexpr double kNominalKbps = 500 * 128.0;
constexpr double kNominalListenerKbps = 128.0;
// A rate from outside as it may be counted: a number, not negative, and bounded.
double sane_kbps(double kbps) noexcept;

// What this master's configuration says about a node, whatever the node says itself.
struct NodeLimits {
  NodeCapacity most{};                   // a node that claims more, or no limit, gets this
  unsigned weight = 1;                   // its share against nodes of the same capacity; 0: none
  unsigned order = 0;                    // its place in the configuration, for the policy "first"
  std::vector<std::string> countries{};  // that it is near to; none: as it says

  bool operator==(const NodeLimits&) const = default;
};

// Which mounts a node may be sent listeners for.
enum class MountScope : std::uint8_t {
  kAll,     // whatever we have, but what it declines: it relays on demand, or everything
  kListed,  // only what it says it carries (a slave of the original patch)
};

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
  // Of one that polls, see Rhythm; 0: `every` and 10 s.
  std::chrono::milliseconds out_after{0};
  bool proven = true;  // `every` is its own, not a guess
  unsigned masters = 1;
  bool checks_tokens = false;
  bool keyed = false;  // it has been told a key of our link, and confirms each client
  // As in LoadReport; without it, what the first report says is where counting begins.
  std::optional<std::uint64_t> arrivals{};
  NodeLimits limits{};  // from our configuration
};

// Redirects that were given and are not confirmed, oldest first.
class UnackedRedirects {
 public:
  void push(SteadyTime when, double kbps, std::uint64_t redirects = 1);
  double pop(std::uint64_t redirects);        // as many have arrived; their kbit/s
  std::uint64_t pop_before(SteadyTime when);  // these never will; how many
  struct Sum {
    double redirects = 0, kbps = 0;
  };
  Sum since(SteadyTime when) const noexcept;
  void clear();
  std::uint64_t count() const noexcept { return count_; }
  double kbps() const noexcept { return kbps_; }
  // The oldest one's; SteadyTime::max() if there is none.
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

// A bucket of redirects: `per_second` on average, a quarter of a second's at once.
class AcceptRate {
 public:
  void set(double per_second) noexcept;  // 0: not limited
  bool allows(SteadyTime now) const noexcept { return per_second_ <= 0 || level(now) >= 1; }
  void take(SteadyTime now) noexcept;

 private:
  double level(SteadyTime now) const noexcept;
  double depth() const noexcept;
  double per_second_ = 0;
  double level_ = 0;
  SteadyTime at_{};
};

// What was heard of a node, and goes over in a hand-over.
struct NodeHeard {
  std::string why;                      // it is in its state; "" while it is up
  bool counts_load = true;              // its reports say what it carries (KH's do not)
  bool counts_arrivals = false;         // … and confirm our redirects one by one
  unsigned loop_ms = 0;                 // the longest turn of its loop lately
  unsigned relays = 0;                  // streams that it pulls
  PullFault cannot = PullFault::kNone;  // pull most of what it would
  bool unreachable = false;             // a probe of its public address failed
  double reported_kbps = 0;
  double reported_listeners = 0;
  std::uint64_t issued = 0;   // redirects since its epoch began
  std::uint64_t arrived = 0;  // of which it has confirmed these
  std::uint64_t lost = 0;     // and these never came
  SteadyTime since{};         // in this state
  SteadyTime last_report{};   // received
  SteadyTime sampled{};       // when the last report was true, by our clock
  SentLately sent;
};

// What a pick looks at comes first, see Node.
struct alignas(64) PickedNode {
  static constexpr double kNoLimit = std::numeric_limits<double>::infinity();

  // What a pick looks at, together in two cache lines: it asks 500 nodes.
  NodeState state = NodeState::kJoining;
  NodeKind kind = NodeKind::kLink;
  MountScope scope = MountScope::kAll;
  ProtectionSet enforces = 0;
  std::uint8_t reach = 0;    // see reach_bit()
  std::uint8_t masters = 1;  // M, 1..8
  bool admitted = true;      // within <max-redirect-slaves>
  NodeKey key = 0;
  std::uint64_t tags = 0;                     // bits of NodeTable::tag_bit()
  SteadyTime suspect_at = SteadyTime::max();  // what kUp turns into when no report comes
  SteadyTime dead_at = SteadyTime::max();
  double share_kbps = kNominalKbps;  // capacity × weight: what policies compare; 0: takes no share
  double hard_kbps = kNoLimit;       // never exceeded
  double hard_listeners = kNoLimit;
  double rendezvous_weight = kNominalKbps;  // share_kbps when it last changed by more than 20 %
  double counted_kbps = 0;                  // as it says, and not below what SentLately expects
  double counted_listeners = 0;
  AcceptRate accepts;
  UnackedRedirects unacked;
  // Of one that does not say what it carries: of the redirects in `unacked`, what is taken to have
  // gone again, because of as many listeners of this server so many have.
  double gone_kbps = 0, gone_listeners = 0;
  std::uint64_t turns = 0;  // redirects since the membership last changed, for "round-robin"
};

struct Node : PickedNode, NodeHeard {
  // Identity.
  std::string id;
  std::string epoch;  // of the run of its process
  std::vector<NodeAddress> addresses;
  NodeCapacity capacity;  // as it says
  NodeLimits limits;      // as we say
  std::vector<std::string> tag_names;
  std::vector<std::string> countries;  // that it is near to; none: to all
  std::vector<std::string> reported_countries;
  std::chrono::milliseconds every{250};  // between two reports
  // Of one that polls: it is dead after so much silence.
  std::chrono::milliseconds out_after{0};
  bool proven = true;  // false: it has been heard once, and how often it comes is not known
  std::uint64_t issued_before = 0;  // `issued` at its last report

  PeersKeep peers_keep;                                 // see what_peers_keep()
  bool doubted_load = false;                            // what it says is not taken for true
  std::optional<std::chrono::milliseconds> clock_skew;  // its wall clock less ours
  bool checks_tokens = false;                  // it takes a token out of a request and checks it
  bool keyed = false;                          // it has a key of our link, see redirect_token.h
  std::optional<std::uint64_t> arrivals_seen;  // as it counts them
  // While strangers ask for redirects that they do not follow: no more are kept in `unacked`.
  std::uint64_t most_on_way = std::numeric_limits<std::uint64_t>::max();
  FadingLoad astray;         // of a flood of redirects that are not followed
  bool they_arrive = false;  // as its last report says
  unsigned hints = 0;        // clients that came back unserved since it last proved well
  SteadyTime last_hint{};
  bool probing = false;
  SteadyTime last_probe{};
  // Whether redirected listeners arrive is measured over windows of 10 s.
  SteadyTime window_since{};
  std::uint64_t window_arrived = 0, window_lost = 0;
  SteadyTime well_until{};  // in the last window most of them have arrived
  SteadyTime doubted_until{};

  double kbps() const noexcept { return counted_kbps + masters * (unacked.kbps() - gone_kbps); }
  double listeners() const noexcept {
    return counted_listeners + masters * (static_cast<double>(unacked.count()) - gone_listeners);
  }
  // What the state is at this moment, even if no timer has run yet.
  NodeState state_at(SteadyTime now) const noexcept {
    if (state == NodeState::kDead || now >= dead_at) return NodeState::kDead;
    return state == NodeState::kUp && now >= suspect_at ? NodeState::kSuspect : state;
  }
  // One more listener of this bitrate keeps all hard limits, with all that are taken to have gone.
  bool has_room(double more_kbps, SteadyTime now) const noexcept {
    return kbps() + masters * gone_kbps + more_kbps <= hard_kbps &&
           listeners() + masters * (gone_listeners + 1) <= hard_listeners && accepts.allows(now);
  }
  // Of the addresses that such a client can use, names first; nullptr: none.
  const NodeAddress* address_for(PublicScheme scheme, ClientFamily family) const noexcept;

  static std::uint8_t reach_bit(PublicScheme scheme, ClientFamily family) noexcept {
    return static_cast<std::uint8_t>(
        1U << (3 * static_cast<unsigned>(scheme) + static_cast<unsigned>(family)));
  }
};

}  // namespace lb
