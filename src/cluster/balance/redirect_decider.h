// RedirectDecider: the one home of what is known of the cluster (table, balancer, the
// history of clients), behind one lock, so that a worker decides about its listener itself, and
// control writes what nodes say.
//
// There is no way to the table but with_table(), which holds the lock for as long as the function
// runs.  It has to be short and must not call what is not the table's: no log, no post, no event,
// and no RedirectDecider (that would be a lock in a lock: the process ends at once, and says so).
// Its outcome is returned and handled afterwards.  References into the table do not outlive
// it; slots do on control, since only control makes and forgets nodes.
//
// Events: a call that leaves the first one in the table calls on_events once its lock is released,
// on its own thread.  There is no second call until with_table() has taken the events.
//
// Cost: a decision holds the lock for some microseconds, a report likewise.
// Thread: any, except where it says control.
// Ownership: app/cluster/cluster_service.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
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

// ListAskers: servers that are not ours and have asked for the list of streams, to know their
// relays from listeners.
// Bounds: 4096 addresses with 8 names each, for half an hour.
// Thread: one at a time.
class ListAskers {
 public:
  void remember(const Address& peer, std::string_view agent, SteadyTime now);
  // Whether a request for a mount seems to be the relay of a server that is not ours and asked for
  // the list from there, with the relay password, within half an hour: by the name that it had
  // then, or, under any name, by asking with nothing but what a relay says (`bare`: neither Accept
  // nor Range).  The price: a player behind the same address that sends neither is served here.
  bool is_server(const Address& peer, std::string_view agent, bool bare, SteadyTime now) const;

 private:
  using Agents = std::map<std::string, SteadyTime, std::less<>>;  // when they asked last
  std::map<std::array<std::uint8_t, 16>, Agents> servers_;
};

// One listener's question.
struct RedirectAsk {
  std::string mount;  // after aliases
  PublicScheme scheme = PublicScheme::kHttp;
  Address client;
  std::string country;  // two capital letters; "": not known
  std::string user_agent;
  std::vector<std::string> tags;  // that the mount wants of a node
  ProtectionSet needs = 0;
  Arrival arrival;
  bool direct = false;    // does not follow a redirect
  bool stranger = false;  // nothing is remembered of them: not a listener, but a playlist
  bool bare = false;      // says no more than a relay does: neither Accept nor Range
  std::shared_ptr<const NodeNames> only;  // that have recorded what is asked for; null: any
};

// What was decided, with all that has to be known of the node: it needs no table any more.
struct Decision {
  enum class Kind : std::uint8_t {
    kServe,
    kServeRelay,  // here, and it is a server
    kRedirect,
    kRefuse,
    kHold,      // ask again at hold_until
    kNewMount,  // nothing was decided: its section has not been read yet
  };
  Kind kind = Kind::kServe;
  bool direct = false;         // kServe: only because the listener cannot be redirected
  bool checks_tokens = false;  // the node does
  bool keyed = false;          // it has a key of our link
  ClientKey client = 0;
  bool is_master = false;               // the node is a master of ours as well
  bool ours = false;                    // the node is one of our product: is_ours()
  std::string node;                     // its id
  std::string origin;                   // "http://edge1.example.org:8000"
  std::chrono::seconds retry_after{0};  // 0: not said
  SteadyTime hold_until{};
};

// A node of our product: it reads what a token says, whether it checks tokens or not.
bool is_ours(const Node& node) noexcept;

class RedirectDecider {
 public:
  RedirectDecider(const NodeTable::Settings& table, BalanceSettings settings, Rng rng,
                  SteadyTime started, std::function<void()> on_events = {});
  RedirectDecider(const RedirectDecider&) = delete;
  RedirectDecider& operator=(const RedirectDecider&) = delete;

  // Calls with_it(NodeTable&) and returns what it returns, by value.
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

  // Control, at least once in kLate: expires nodes that are silent.  When it is called later
  // (the process was suspended, control had long tasks), reports have waited unread: that time does
  // not count as silence, there is kLate from then on to read them, and no decision goes by that
  // time before.
  void expire(SteadyTime now);
  static constexpr std::chrono::milliseconds kLate{500};

  // A redirect is accounted at once: it has to be answered.
  // sure: a mount whose rules are not known is decided by those of the cluster.
  Decision decide(const RedirectAsk& ask, SteadyTime now, bool sure = false);
  // What decide() would answer now, and how that comes about; nothing is counted.
  Choice explain(const RedirectAsk& ask, SteadyTime now, PickTrace& trace) const;
  // A node says that redirects of these clients have arrived.
  void arrived(std::span<const ClientKey> clients);
  // ruled: mounts whose sections have been read for rules of their own.
  void configure(BalanceSettings settings, std::unordered_set<std::string> ruled);
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
  bool events_announced_ = false;                  // by on_events_; not taken yet
  SteadyTime time(SteadyTime now) const noexcept;  // of the table

  SteadyTime expired_{};  // the last call of expire(); epoch: none
  SteadyTime latest_{};   // workers' clocks are read before the lock is had: time goes forward only
};

}  // namespace lb
