// ClusterService: this server's part in a cluster: the decider that chooses the server for each
// listener, and all inputs of its table: this node's load, reports, time, probes.  Events of the
// table are posted to publish_events() from any thread.
//
// Thread: control, except for the part marked "any thread".
// Ownership: Services.
// Without redirects (the default) the table only informs the administrator, and a listener's
// request costs one relaxed load.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "app/topology/cluster_facts.h"
#include "app/topology/link_arrivals.h"
#include "app/topology/listeners_elsewhere.h"
#include "app/topology/redirect_answer.h"
#include "base/random.h"
#include "base/rate_limit.h"
#include "base/snapshot.h"
#include "cluster/balance/redirect_decider.h"
#include "cluster/nodes/steady_count.h"
#include "cluster/relay/pull_history.h"
#include "net/loop/waits.h"

namespace lb {

struct ClusterRecord;
struct Config;
struct Network;
class NodeProbes;
struct NodeRecord;
struct NodeReport;
class PullVerifier;
class ReportIntake;
struct TokenKey;

class ClusterService {
 public:
  explicit ClusterService(Network& network);
  ~ClusterService();

  void configure(const Config& config);
  // The sections of these mounts have changed, and the configuration is otherwise the same.
  void records_changed(std::span<const std::string> mounts);
  void stop();

  // -- of a hand-over: saved for the next process, which restores before and after configure()
  void save(ClusterRecord& saved) const;
  std::vector<NodeRecord> save_nodes();
  void take_over(const ClusterRecord& saved);
  void go_on(const ClusterRecord& saved, const std::vector<NodeRecord>& nodes);

  // Called when this node has begun or stopped draining.
  void drain_changed();

  // -- weights of nodes, which override the configured ones
  using Weights = std::map<std::string, unsigned, std::less<>>;  // by id
  // Replaces all weights by the weights of the records.
  void set_weights(Weights weights);
  // nullopt: the configured weight.
  void set_weight(const std::string& node, std::optional<unsigned> weight);
  unsigned self_weight() const;

  // -- any thread --------------------------------------------------------------------------------
  bool redirects() const noexcept { return redirects_.load(std::memory_order_relaxed); }
  // Whether listeners without a token are redirected or refused.
  bool wants_tokens() const noexcept { return wants_tokens_.load(std::memory_order_relaxed); }
  std::shared_ptr<const ClusterFacts> facts() const { return facts_.read(); }
  std::shared_ptr<const MasterClocks> master_clocks() const { return clocks_.read(); }
  // Counts a listener that a master has redirected here; client: named by the redirect.
  void count_arrival(std::uint8_t master, ClientKey client) {
    arrivals_[master].fetch_add(1, std::memory_order_relaxed);
    by_link_.note(master, client);
  }
  LinkArrivals& by_link() noexcept { return by_link_; }
  // The server for a listener; nullopt: ask control, by decide().  That is needed in the first
  // second of a master's life, and once for each new mount.
  std::optional<RedirectAnswer> decide_here(const RedirectAsk& ask);
  // The origins of all nodes that take listeners: "https://edge1.example.org", each once.
  std::vector<std::string> node_origins() const;

  PullVerifier& pulls() noexcept { return *pulls_; }

  // -- control -----------------------------------------------------------------------------------
  using Then = UniqueFunction<void(RedirectAnswer)>;
  // May answer later: in the first second of a master's life requests wait for its nodes.
  void decide(RedirectAsk ask, Then then);
  // Answers a listener without a token at a node that requires one, or any listener at a draining
  // node: a redirect to a master, or kServe for a listener that returns from it within 15 s.
  RedirectAnswer send_to_master(const RedirectAsk& ask);
  // Answers a listener that this node cannot serve: once a redirect to a master that has the mount,
  // else kRefuse; kServe: no master is known to have it.
  RedirectAnswer unserved(const RedirectAsk& ask);
  // The answer that this listener would get now; counts nothing.
  Choice explain(const RedirectAsk& ask, PickTrace& trace);
  // The best nodes for a mount, best first, with tokens for nodes that check them.
  struct Place {
    std::string origin, token;
  };
  std::vector<Place> best_places(const RedirectAsk& ask, std::size_t most);

  // Sets the offset that a link or a report has measured; offsets of former masters stay.
  void set_master_clock(const std::string& master, std::chrono::milliseconds ahead);

  RunNumbers& numbers() noexcept { return numbers_; }
  ReportIntake& reports() noexcept { return *reports_; }
  RedirectDecider& decider() noexcept { return decider_; }
  // The report of this node to a master, with the next number of this run.
  NodeReport own_report(const std::vector<std::string>& mounts, std::string_view master_id);
  std::uint64_t arrivals(std::string_view master_id) const noexcept;
  // The key that signs this master's redirects to a linked node.
  TokenKey key_for(const std::string& node) const;
  // The masters of this server may have changed.
  void masters_changed();
  // only: gives just this mount; the sums include all mounts.
  ListenersElsewhere listeners_elsewhere(
      const std::optional<std::string>& only = std::nullopt) const;

 private:
  struct Held {
    RedirectAsk ask;
    Then then;
  };
  // All properties of a node that its token depends on.
  struct TokenFor {
    std::string id;
    bool checks_tokens = false, is_master = false, ours = false, keyed = false;
  };
  // client: 0 if unknown or not unique.
  std::string token_for(const TokenFor& node, std::string_view mount, std::uint8_t hops,
                        ClientKey client) const;
  std::shared_ptr<ClusterFacts> facts_of(const Config& config, const ClusterFacts& before) const;
  void configure_table(const Config& config, const ClusterFacts& facts);
  void require_tokens(const Config& config, const ClusterFacts& before, const ClusterFacts& facts);
  RedirectAnswer answer_of(Decision decision, const RedirectAsk& ask) const;
  std::uint64_t count_places(const Config& config, bool member) const;
  void weights_changed();
  void weigh(KnownNodes& known) const;
  void tick();
  void report_self(SteadyTime now);
  void note_peaks();
  void publish_events();
  void publish_states(SteadyTime time);
  void publish(const NodeEvent& event);
  void release_if_known();
  void release_held();
  std::optional<BalanceRules> rules_of(const Config& config, const std::string& mount) const;
  void configure_mounts();
  void read_rules(const std::string& mount);
  void know_rules_of(const std::string& mount);
  SteadyTime now() const;

  Network& network_;
  Rng rng_;
  std::string epoch_;
  std::atomic<bool> redirects_{false}, wants_tokens_{false};
  Snapshot<ClusterFacts> facts_;
  Snapshot<MasterClocks> clocks_;
  std::array<std::atomic<std::uint64_t>, 256> arrivals_{};
  LinkArrivals by_link_;
  std::string link_secret_;  // of this run; in no file
  TokenKeys link_keys_;      // made from it
  RedirectDecider decider_;
  const std::unique_ptr<ReportIntake> reports_;
  const std::unique_ptr<PullVerifier> pulls_;
  const std::unique_ptr<NodeProbes> probes_;
  ClientHistory sent_to_master_;
  BalanceSettings settings_;                    // without those of mounts
  std::unordered_set<std::string> ruled_;       // mounts whose sections have been read
  std::set<std::string, std::less<>> masters_;  // as the decider has them
  std::vector<std::string> static_ids_;
  Weights weights_;
  SteadyCount steady_below_;                                // for peaks
  std::map<std::string, MountLoad, std::less<>> reported_;  // mounts of our last own report
  RunNumbers numbers_;
  struct NodePace {
    RateLimit states;
    std::optional<NodeEvent> waiting;  // its last change of state
    RepeatGuard others{100};           // of its other events
  };
  std::map<std::string, NodePace> paces_;  // by node, all of the configuration
  Waits<Held> held_;                       // under one key
  Timer tick_, grace_;
  bool concerned_ = false;  // nodes may report, or redirects are on
  std::atomic<bool> stopped_{false};
};

}  // namespace lb
