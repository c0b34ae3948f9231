// RedirectDecider: all knowledge of the cluster (table, balancer, client history) behind one lock,
// so that workers decide about their own listeners while control enters the reports of nodes.
//
// Only with_table() gives the table, and holds the lock while its function runs.  The function must
// be short and call the table only: no log, no post, no event, and no RedirectDecider (a second
// lock ends the process with a message).  Its result is handled afterwards.  References into the
// table are invalid after it returns; slots stay valid on control, because only control adds and
// removes nodes.
//
// Events: a call that leaves the first event in the table calls on_events on its own thread, once
// the lock is released.  It is not called again until with_table() has taken the events.
//
// Cost: a decision or a report holds the lock for some microseconds.
// Thread: any, except where it says control.
// Ownership: app/cluster/cluster_service.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "cluster/balance/arrival.h"
#include "cluster/balance/balancer.h"
#include "net/address/address.h"

namespace lb {

// ListAskers: foreign servers that have asked for the list of streams; it distinguishes their
// relays from listeners.
// Bounds: 4096 addresses with 8 names each, for half an hour.
// Thread: one at a time.
class ListAskers {
 public:
  void remember(const Address& peer, std::string_view agent, SteadyTime now);
  // Whether a request for a mount seems to be a relay of a foreign server: its address asked for
  // the list with the relay password within half an hour, and either the name is the same, or the
  // request has only the headers of a relay (`bare`: neither Accept nor Range).  A player behind
  // that address that sends neither header is served here too.
  bool is_server(const Address& peer, std::string_view agent, bool bare, SteadyTime now) const;

 private:
  using Agents = std::map<std::string, SteadyTime, std::less<>>;  // the time of the last request
  std::map<std::array<std::uint8_t, 16>, Agents> servers_;
};

// One listener's question.
struct RedirectAsk {
  std::string mount;  // after aliases
  PublicScheme scheme = PublicScheme::kHttp;
  Address client;
  std::string country;  // two capital letters; "": not known
  std::string user_agent;
  std::vector<std::string> tags;  // tags that the mount wants of a node
  ProtectionSet needs = 0;
  Arrival arrival;
  bool direct = false;     // cannot follow a redirect
  bool full_here = false;  // this server has no place left in the mount
  bool stranger = false;   // no history is kept: it asks for a playlist and does not listen
  bool bare = false;       // has only the headers of a relay: neither Accept nor Range
  std::shared_ptr<const NodeNames> only;  // nodes with the asked recording; null: any
};

// A decision, with all facts about the node, so that the table is not needed any more.
struct Decision {
  enum class Kind : std::uint8_t {
    kServe,
    kServeRelay,  // served here, because it is a server
    kRedirect,
    kRefuse,
    kHold,      // ask again at hold_until
    kNewMount,  // undecided: the mount's section has not been read yet
  };
  Kind kind = Kind::kServe;
  bool direct = false;         // kServe: only because the listener cannot follow a redirect
  bool checks_tokens = false;  // the node checks tokens
  bool keyed = false;          // the node has a key of our link
  ClientKey client = 0;
  bool is_master = false;               // the node is also a master
  bool ours = false;                    // the node runs our product: is_ours()
  std::string node;                     // its id
  std::string origin;                   // "http://edge1.example.org:8000"
  std::chrono::seconds retry_after{0};  // 0: not given
  SteadyTime hold_until{};
};

// Whether the node runs our product: it reads tokens, whether it checks them or not.
bool is_ours(const Node& node) noexcept;

class RedirectDecider {
 public:
  RedirectDecider(const NodeTable::Settings& table, BalanceSettings settings, Rng rng,
                  SteadyTime started, std::function<void()> on_events = {});
  RedirectDecider(const RedirectDecider&) = delete;
  RedirectDecider& operator=(const RedirectDecider&) = delete;

  // Calls with_it(NodeTable&), and returns its result by value.
  template <class F>
  auto with_table(F&& with_it) {
    const Change change(*this);
    return std::forward<F>(with_it)(table_);
  }
  template <class F>
  auto with_table(F&& with_it) const {
    const Turn turn(*this);
    return std::forward<F>(with_it)(std::as_const(table_));
  }

  // Expires silent nodes; control calls it at least once in kLate.  A later call (a suspended
  // process, long tasks of control) means that reports wait unread: that time does not count as
  // silence, and there is another kLate to read them.  Until that call the time of decisions stops
  // at kLate.
  void expire(SteadyTime now);
  static constexpr std::chrono::milliseconds kLate{500};

  // A redirect is accounted at once, so the caller must send it. sure: a mount whose rules are not
  // known follows the rules of the cluster.
  Decision decide(const RedirectAsk& ask, SteadyTime now, bool sure = false);
  // The answer that decide() would give now, and its reason; nothing is counted.
  Choice explain(const RedirectAsk& ask, SteadyTime now, PickTrace& trace) const;
  // A node reports that redirects of these clients have arrived.
  void arrived(std::span<const ClientKey> clients);
  // ruled: mounts whose own rules have been read.
  void configure(BalanceSettings settings, std::unordered_set<std::string> ruled);
  // The mount's section has been read.  rules: its own; nullopt: it has none.
  void set_rules(const std::string& mount, const std::optional<BalanceRules>& rules);
  BalanceSettings settings() const;
  // Ids of masters of this server.
  void set_masters(std::set<std::string, std::less<>> ids);

  void remember_server(const Address& peer, std::string_view agent, SteadyTime now);
  bool is_server(const Address& peer, std::string_view agent, bool bare, SteadyTime now) const;

 private:
  // The lock for reading.
  class Turn {
   public:
    explicit Turn(const RedirectDecider& decider) : decider_(decider) { decider_.lock(); }
    ~Turn() { decider_.unlock(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    const RedirectDecider& decider_;
  };
  // A turn that may leave events in the table.
  class Change {
   public:
    explicit Change(RedirectDecider& decider) : decider_(decider) { decider_.lock(); }
    ~Change();
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

   private:
    RedirectDecider& decider_;
  };
  void lock() const;
  void unlock() const;

  mutable std::mutex mutex_;
  mutable std::atomic<std::thread::id> holder_{};
  NodeTable table_;
  Rng rng_;
  Balancer balancer_;
  ListAskers askers_;
  std::unordered_set<std::string> ruled_;
  const std::function<void()> on_events_;
  bool events_announced_ = false;                  // on_events_ was called for the table's events
  SteadyTime time(SteadyTime now) const noexcept;  // of the table

  SteadyTime expired_{};  // the last call of expire(); epoch: never
  SteadyTime latest_{};   // workers read their clocks before the lock; time never goes back
};

}  // namespace lb
