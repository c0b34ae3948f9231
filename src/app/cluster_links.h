// ClusterLinks: the links of this server: to its masters (<master> with a <cluster-port>), and from
// the nodes of its own configuration (<node>) on its own <cluster-port>.
//
// As a master it offers every mount that can be listened to here, and tells a change in the turn of
// the loop in which a source was accepted.  As a node it looks every 50 ms at what it carries, and
// tells RelayService what its masters offer, so that their streams are relayed on demand without
// being named in any configuration.
//
// Thread: control, except has_masters().  Ownership: Services.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/station.h"
#include "app/cluster_service.h"
#include "app/services.h"
#include "app/stream_offers.h"
#include "cluster/address_trial.h"
#include "cluster/link_server.h"
#include "cluster/master_session.h"
#include "cluster/message_log.h"
#include "cluster/node_session.h"
#include "cluster/who_desk.h"

namespace lb {

class ClusterLinks final : public LinkHost {
 public:
  explicit ClusterLinks(Services& services);
  ~ClusterLinks() override;

  // Before privileges are dropped.
  Result<void> bind(const Config& config);
  // The configuration is (another) one; masters that are not linked are tried at once.
  void configure(const Config& config);
  // Says goodbye to everybody.
  void stop(const std::string& why);
  int port() const noexcept { return socket_ ? socket_->port : 0; }

  // Of admission and of relays: something that is offered or carried may have changed.
  void mounts_changed();

  // A node that has proved its id to a worker.
  void take_in(std::string id, std::unique_ptr<Transport> transport, std::string leftover);

  // -- for RelayService
  // What the masters offer, for each mount the best upstream first.
  std::vector<LinkedStream> streams() const;
  // The master's streams are known by its link, or soon will be: no list need be asked for.
  bool covers(const MasterPlan& master) const;
  // A master that this node is, or was, linked to has this id.
  bool has_master(std::string_view id) const;

  // -- for listeners of a mount that nobody here has heard of
  bool has_masters() const noexcept { return master_count_.load(std::memory_order_relaxed) > 0; }
  // Asks the masters; the request is taken up again on its worker, at the latest after 300 ms.
  void ask_who(const std::string& mount, unsigned worker, std::uint64_t connection);

  // -- for whoever asks whether this is a certain node
  // "": nobody has announced this question, or long ago.
  std::string proof_for(std::string_view ask);

  // -- for admin commands
  using Answered = std::function<void(const ResultFrame&)>;
  // Errors: no such node is linked.
  Result<void> command(const std::string& node, CommandFrame command, Answered then);
  // Error: too many in this second.
  Result<void> publish(const std::string& topic, std::string bytes);
  // Where listeners find the first master that is linked; nullopt: none.
  std::optional<std::string> master_origin(PublicScheme scheme) const;
  // This node drains, or serves again: the masters are told.
  void drain_changed();
  std::vector<LinkRow> rows() const;
  const MessageLog& messages() const noexcept { return messages_; }

  // -- LinkHost
  Loop& loop() noexcept override { return services_.loops.control(); }
  Log& log() noexcept override { return services_.log; }
  Rng& rng() noexcept override { return rng_; }
  const std::string& own_id() const noexcept override { return facts_->id; }
  NodeTable& nodes() noexcept override;
  const KnownNode* known_node(std::string_view id) const override;
  const OfferBook& offers() const noexcept override { return offers_; }
  bool is_offered(const std::string& mount) override;
  WelcomeFrame welcome_for(const KnownNode& node) override;
  void node_joined(NodeSession& session) override;
  void checks_tokens(const std::string& node, bool checks) override;
  void table_told() override;
  void try_addresses(NodeSession& session, const std::vector<NodeAddress>& addresses) override;
  void node_answered(const std::string& node, const ResultFrame& result) override;
  void node_left(NodeSession& session, const std::string& why) override;
  HelloFrame hello() override;
  const LoadBook& load() const noexcept override { return load_; }
  unsigned loop_ms() const noexcept override;
  std::optional<std::uint64_t> arrivals_from(std::string_view master) const override;
  unsigned masters() const noexcept override { return master_count_; }
  DrainMode draining() const noexcept override;
  bool flows(const std::string& mount) const override;
  void master_joined(MasterSession& session) override;
  void master_left(MasterSession& session, const std::string& why) override;
  void streams_changed() override;
  void remember_proof(const ProveFrame& proof) override;
  void who_answered(const std::string& mount, bool known) override;
  void execute(CommandFrame command, std::function<void(ResultFrame)> then) override;
  void message(MessageFrame message, bool from_node) override;

 private:
  struct Pending {
    std::string node;
    Answered then;
    SteadyTime until{};
  };

  void open_server();
  void look();
  void offer();
  void count_masters();
  void release(const WhoDesk::Waiter& waiter, bool known);
  unsigned ask_masters(const std::string& mount);
  void look_at_coverage();
  void end_unanswered();
  void end_orders(const std::function<bool(const Pending&)>& which, const std::string& why);

  Services& services_;
  Rng rng_;
  Resolver resolver_;
  std::shared_ptr<const ClusterFacts> facts_;  // as of the configuration
  std::shared_ptr<const ListenSocket> socket_;
  std::unique_ptr<LinkServer> server_;
  std::vector<std::unique_ptr<NodeSession>> nodes_;
  std::vector<MasterLink> masters_;
  OfferBook offers_;
  LoadBook load_;
  std::vector<LoadBook::Carried> carried_;
  std::shared_ptr<const MountTable::Rows> seen_rows_;
  std::shared_ptr<const Config> seen_config_;
  std::vector<ProtectionSet> protections_;  // of seen_rows_, under seen_config_
  MessageLog messages_;
  std::uint64_t next_message_ = 1, next_command_ = 1;
  std::map<std::uint64_t, Pending> pending_;
  std::unique_ptr<AddressTrial> trial_;
  ProofBook proofs_;
  WhoDesk who_;
  SecondCount published_;
  std::atomic<unsigned> master_count_{0};
  bool stopped_ = false;
  Timer look_, offer_;
};

// The masters of a configuration that may have a link.
std::optional<LinkPlan> link_plan(const Config& config, const MasterSettings& master);

}  // namespace lb
