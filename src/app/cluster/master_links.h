// MasterLinks: the links of this node to its masters: each <master> with a <cluster-port>, or with
// a TLS port where this node has an id.
//
// This node reports its load (CarriedLoad); the masters send offers, which RelayService relays on
// demand without any configuration.
//
// Thread: control, except any_linked().
// Ownership: ClusterLinks.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "app/topology/neighbours.h"
#include "base/rate_limit.h"
#include "cluster/link/node_side.h"
#include "net/socket/resolver.h"

namespace lb {

class CarriedLoad;
struct ClusterFacts;
struct ClusterRecord;
struct Config;
struct ConnectTarget;
class FdsOut;
struct LinkedStream;
struct LinkPlan;
struct LinkRow;
class LoadChanges;
struct MasterLink;
struct MasterPlan;
struct MasterRecord;
class MasterSession;
class Mount;
struct Network;
struct OrderRights;
class ProofList;
class PullPath;
class PullPaths;
struct Upstream;
struct WayBack;

class MasterLinks final : public NeighbourSide<NodeSide> {
 public:
  struct Callbacks {
    std::function<void()> poll;       // now
    std::function<void()> poll_soon;  // at most every 10 ms
    // For the offers of this server as a master.
    std::function<void(const std::set<std::string>& mounts)> offers_changed;
    std::function<void(const std::string& master, const ConfFrame&)> conf;
    // Whether this mount's record comes from this master.
    std::function<bool(const std::string& master, const std::string& mount)> is_record_of;
  };
  MasterLinks(Network& network, NeighbourCallbacks neighbours, Callbacks callbacks);
  ~MasterLinks() override;

  // Takes the first or a new configuration; tries masters that are not linked at once.
  void configure(const Config& config);
  // The records of these mounts have changed.
  void records_changed(std::span<const std::string> mounts);
  // Sends a BYE to every master.
  void stop(const std::string& why);
  // For a hand-over.  go_on(): after configure(); links: the former process's.
  std::vector<MasterRecord> save(ClusterRecord& saved, FdsOut& fds) const;
  void go_on(const ClusterRecord& saved, const std::vector<MasterRecord>& masters,
             std::vector<UniqueFd> links);
  // Another process has taken over.
  void hand_over();
  // Reads the load of this node and reports the changes.
  void poll();
  bool empty() const noexcept;
  // Whether this many masters are linked and have sent their keys, so that redirects are proved
  // without configured keys.
  bool all_keyed(std::size_t masters) const;
  bool any_linked() const noexcept { return master_count_.load(std::memory_order_relaxed) > 0; }
  const std::vector<MasterLink>& links() const noexcept { return masters_; }
  // The session with this master, perhaps lost at the moment; null: none.
  const MasterSession* session_of(std::string_view master) const;
  void send(const MessageFrame& message);
  // Null: not linked.
  MasterSession* linked_session(std::string_view master) const;
  // Called when this node has begun or stopped draining.
  void drain_changed();
  void add_rows(std::vector<LinkRow>& rows) const;

  // -- for RelayService
  // The upstreams of a mount that masters offer, the best first.
  std::vector<LinkedStream> streams_of(const std::string& mount) const;
  void add_stream_mounts(std::set<std::string>& mounts) const;
  // Whether the link delivers this master's streams, or soon will, so that its list is not polled.
  bool link_replaces_polling(const MasterPlan& master) const;
  // The mark of this node for one request to that server (cluster/relay/pull_mark.h); "": the
  // server is neither a present nor a former master.
  std::string pull_line(const Upstream& upstream);
  // Whether this master's keys, users and handed-over sessions are accepted.
  bool sends_logins(const MasterLink& link) const;
  // Adds the ids of present and former masters.
  void add_master_ids(std::set<std::string, std::less<>>& ids) const;
  // Why nothing can be pulled from there; kNone: it can, or this is unknown.
  PullFault path_fault(const ConnectTarget& from) const;
  // Other relays can be pulled now; fault: the latest failure.
  void pulls_changed(const ConnectTarget& from, PullFault fault);

  // -- for listeners
  // Asks the masters about a mount; they answer by mount_looked_up().  Returns how many were asked.
  unsigned lookup_mount(const std::string& mount);
  // The address for listeners of the first linked master; nullopt: none.
  std::optional<std::string> origin(PublicScheme scheme) const;
  // A listener's way back to a linked master; with a tag, to one whose id has it
  // (redirect_token.h).
  std::optional<WayBack> way_back(PublicScheme scheme, std::optional<std::uint8_t> tag) const;
  // Whether a master that is linked, or was lately, has this mount.
  bool is_offered(const std::string& mount) const;
  // Whether such a master also requires slots for the mount's listeners.  add_slot_mounts() adds
  // all these mounts.
  bool needs_slots(const std::string& mount) const;
  void add_slot_mounts(std::set<std::string>& mounts) const;
  // The path of a mount's stream, ending with the master that it is pulled from; empty: its source
  // is here, or the path is unknown.
  const std::vector<std::string>& way_of(const std::string& name, const Mount& mount) const;
  // The answer to a master's question whether this is its linked node; "": no master has announced
  // the question lately.
  std::string proof_for(std::string_view ask);

  // -- NodeSide
  Loop& loop() noexcept override;
  Log& log() noexcept override;
  void conf(const std::string& master, const ConfFrame& frame) override {
    callbacks_.conf(master, frame);
  }
  Rng& rng() noexcept override { return rng_; }
  const std::string& own_id() const noexcept override;
  HelloFrame hello() override;
  const LoadChanges& load() const noexcept override;
  Resolver& names() noexcept { return resolver_; }
  unsigned loop_ms() const noexcept override;
  std::optional<std::uint64_t> arrivals_from(std::string_view master) const override;
  std::vector<std::uint32_t> arrived_clients(std::string_view master, std::size_t most) override;
  bool checks_tokens() const override;
  unsigned masters() const noexcept override { return master_count_; }
  DrainMode draining() const noexcept override;
  PullFault cannot_pull(const MasterSession& session) const override;
  bool knows_path(MasterSession& session) override;
  void path_overdue(MasterSession& session) override;
  bool flows(const std::string& mount) const override;
  void master_joined(MasterSession& session) override;
  void master_left(MasterSession& session, const std::string& why) override;
  void streams_changed(const std::set<std::string>& mounts) override;
  void link_keys(const std::string& master, const std::vector<TokenKey>& keys) override;
  void master_clock(const std::string& master, std::chrono::milliseconds ahead) override;
  void remember_proof(const ProveFrame& proof) override;
  void mount_looked_up(const std::string& master, const std::string& mount, bool known) override;
  void execute(const MasterSession& from, CommandFrame command,
               std::function<void(ResultFrame)> then) override;
  void answer(const MasterSession& from, const AskFrame& ask,
              std::function<void(TellFrame)> then) override;

 private:
  std::unique_ptr<MasterSession> make_session(const LinkPlan& plan);
  void replace_sessions(const std::vector<MasterSession*>& fresh);
  void count_linked();
  void refresh_polling();
  void path_changed(const MasterSession& session, const PullPath& path);
  bool may_order_all(const MasterLink& link) const;
  OrderRights rights_of(const MasterSession& from) const;

  Network& network_;
  const Callbacks callbacks_;
  Rng rng_;
  Resolver resolver_;
  std::shared_ptr<const ClusterFacts> facts_;  // of the configuration
  std::vector<MasterLink> masters_;
  const std::unique_ptr<PullPaths> paths_;
  const std::unique_ptr<CarriedLoad> load_;
  const std::unique_ptr<ProofList> proofs_;
  SecondCount told_;
  std::atomic<unsigned> master_count_{0};  // linked
  std::vector<UniqueFd> old_links_;        // of the former process
  Timer drop_old_links_;
  bool stopped_ = false;
};

}  // namespace lb
