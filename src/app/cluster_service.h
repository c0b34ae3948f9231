// ClusterService: this server's part in a cluster: the table of nodes and the balancer, with what
// keeps them true: this node's own load, the reports of others, time, probes.
//
// Thread: control, except what says "any thread".  Ownership: Services.
// While nobody is redirected (the default) the table is kept for the administrator's eyes only, and
// a listener's request costs one relaxed load.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "app/services.h"
#include "base/random.h"
#include "base/snapshot.h"
#include "cluster/balancer.h"
#include "cluster/redirect_token.h"
#include "cluster/report_desk.h"
#include "http/client.h"

namespace lb {

// What workers need to know of the cluster; immutable.
struct ClusterFacts {
  std::string id;       // of this node
  std::string epoch;    // of this run of the process
  std::string mark;     // "m1.9f3c21aa": this run of this node, which no other server can be
  bool member = false;  // of a cluster: its requests to other servers say so
  bool redirects = false;
  TokenKeys keys, open_keys = TokenKeys::open();
  TokenRequire require = TokenRequire::kOff;
  std::vector<std::string> names;  // under which masters know this node
  KnownNodes known;
  std::vector<std::string> no_redirect;
};

// One listener's question.
struct RedirectAsk {
  std::string mount;  // after aliases
  PublicScheme scheme = PublicScheme::kHttp;
  Address client;
  std::string country;  // two capital letters; "": not known
  std::string user_agent;
  ProtectionSet needs = 0;
  bool redirected = false;  // came with a valid token
  bool direct = false;      // does not follow a redirect
  bool bare = false;        // says no more than a relay does: neither Accept nor Range
};
struct RedirectAnswer {
  enum class Kind : std::uint8_t {
    kServe,
    kServeRelay,  // here, and it is a server
    kRedirect,
    kRefuse,
  };
  Kind kind = Kind::kServe;
  std::string origin = {};  // "http://edge1.example.org:8000"
  std::string token = {};   // "": none
  std::chrono::seconds retry_after{2};
  bool direct = false;  // kServe: only because the listener cannot be redirected
};

// Who listens at the other nodes, without relays, as a value that may go to another thread.
struct ListenersElsewhere {
  bool counted = false;  // false: nobody is redirected, and a server counts its own
  std::uint64_t all = 0;
  std::map<std::string, std::uint64_t, std::less<>> mounts;  // without those that have none

  std::uint64_t of(std::string_view mount) const {
    const auto row = mounts.find(mount);
    return row == mounts.end() ? 0 : row->second;
  }
};

class ClusterService {
 public:
  explicit ClusterService(Services& services);
  ~ClusterService();

  void configure(const Config& config);
  void stop();
  // This node drains, or serves again.
  void drain_changed();

  // -- any thread --------------------------------------------------------------------------------
  bool redirects() const noexcept { return redirects_.load(std::memory_order_relaxed); }
  // Listeners without a token are not simply served.
  bool wants_tokens() const noexcept { return wants_tokens_.load(std::memory_order_relaxed); }
  std::shared_ptr<const ClusterFacts> facts() const { return facts_.read(); }
  // A listener has come with a redirect of this master.
  void count_arrival(std::uint8_t master) noexcept {
    arrivals_[master].fetch_add(1, std::memory_order_relaxed);
  }

  // -- control -----------------------------------------------------------------------------------
  using Then = UniqueFunction<void(RedirectAnswer)>;
  // Perhaps later: in the first second of a master's life requests wait for its nodes.
  void decide(RedirectAsk ask, Then then);
  // A listener without a token at a node that wants one, or anyone at a node that drains: to a
  // master, or kServe.  Once in 15 s: whoever comes back from there is not sent again.
  RedirectAnswer bounce(const RedirectAsk& ask);
  // How the choice would come about; nothing is counted.
  Choice explain(const RedirectAsk& ask, PickTrace& trace);
  // The best nodes for a mount, best first, with tokens where they check some.
  struct Place {
    std::string origin, token;
  };
  std::vector<Place> best_places(const RedirectAsk& ask, std::size_t most);

  ReportDesk& desk() noexcept { return desk_; }
  NodeTable& table() noexcept { return table_; }
  const Balancer& balancer() const noexcept { return balancer_; }
  // What this node says about itself to a master.
  NodeReport own_report(const std::vector<std::string>& mounts, std::string_view master_id) const;
  std::uint64_t arrivals(std::string_view master_id) const noexcept;
  // Events that the table has had since; to be called after every change of it.
  void tell_events();
  ListenersElsewhere listeners_elsewhere() const;

 private:
  struct Held {
    RedirectAsk ask;
    Then then;
  };
  struct Probe {
    NodeKey node = 0;
    std::unique_ptr<Client> client;
  };
  std::string token_for(const Node& node, std::string_view mount, std::uint8_t hops) const;
  RedirectAnswer answer_of(const Choice& choice, const RedirectAsk& ask);
  void tick();
  void report_self(SteadyTime now);
  void release_held();
  void configure_mounts();
  void know_rules_of(const std::string& mount);
  void probe(NodeSlot slot);
  void probed(NodeKey node, bool answered);
  SteadyTime now() const;

  Services& services_;
  Rng rng_;
  const std::string epoch_;
  std::atomic<bool> redirects_{false}, wants_tokens_{false};
  Snapshot<ClusterFacts> facts_;
  std::array<std::atomic<std::uint64_t>, 256> arrivals_{};
  NodeTable table_;
  Balancer balancer_;
  ReportDesk desk_;
  ClientTrail bounced_;
  BalanceSettings settings_;
  std::unordered_set<std::string> ruled_;  // mounts whose sections have been looked at
  std::vector<std::string> static_ids_;
  std::map<std::string, unsigned, std::less<>>
      told_;  // listeners of mounts, as in our last own report
  std::vector<Held> held_;
  std::vector<Probe> probes_;
  Timer tick_, hold_;
  bool concerned_ = false;  // somebody may report, or be redirected
  bool stopped_ = false;
};

}  // namespace lb
