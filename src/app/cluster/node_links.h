// NodeLinks: the links of nodes at this master: those of its <node>s, which come in on its
// <cluster-port> or on a TLS port.
//
// A master offers every mount that can be listened to here, and sends a change in the turn of the
// loop in which a source was accepted.
//
// Thread: control.
// Ownership: ClusterLinks.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/station.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/sent_orders.h"
#include "app/services/services.h"
#include "cluster/link/address_trial.h"
#include "cluster/link/link_server.h"
#include "cluster/link/node_session.h"

namespace lb {

class NodeLinks final : public MasterSide {
 public:
  struct Callbacks {
    std::function<std::vector<StreamOffer>()> offers;  // as of now
    std::function<void(const std::string& id)> node_joined;
    std::function<void()> node_left;
    std::function<void(MessageFrame)> message;
    std::function<void(const std::string& teller, const IngestFrame&)> ingest;
    std::function<void(const std::string& teller, const ArchiveFrame&)> archive;
  };
  NodeLinks(Services& services, Callbacks callbacks);
  ~NodeLinks() override;

  // Before privileges are dropped.
  Result<void> bind(const Config& config);
  int port() const noexcept { return socket_ ? socket_->port : 0; }
  // The configuration is (another) one: sessions of nodes that it no longer has end.
  void configure();
  // Sends a BYE to every node.
  void stop(const std::string& why);

  // A node that has proved its id, here or to a worker.
  void accept(std::string id, std::unique_ptr<Transport> transport, std::string leftover);
  // What is offered may have changed; it is compared later in this turn of the loop.
  void offers_changed();
  // To every node but the one that the message comes from.
  void send(const MessageFrame& message);
  // To one of them.  False: it is not linked.
  bool send_to(std::string_view node, const Frame& frame);
  // Calls each(id) for the nodes that are linked.
  template <class Each>
  void for_each_linked(Each each) const {
    for (const auto& session : sessions_)
      if (session->joined()) each(session->id());
  }
  // Errors: no such node is linked.
  Result<void> order(const std::string& node, CommandFrame command, SentOrders::Answered then);
  void end_overdue_orders() { orders_.end_overdue(loop().now()); }
  // Nothing here depends on a change: no node is connected, no order is unanswered.
  bool idle() const noexcept { return sessions_.empty() && orders_.empty(); }
  bool any_configured() const noexcept { return !facts_->known.nodes.empty(); }
  void add_rows(std::vector<LinkRow>& rows) const;

  // -- MasterSide
  Loop& loop() noexcept override { return services_.loops.control(); }
  Log& log() noexcept override { return services_.log; }
  void message(MessageFrame message) override { callbacks_.message(std::move(message)); }
  void ingest(const std::string& teller, const IngestFrame& frame) override {
    callbacks_.ingest(teller, frame);
  }
  void archive(const std::string& teller, const ArchiveFrame& frame) override {
    callbacks_.archive(teller, frame);
  }
  RedirectDecider& decider() noexcept override { return services_.cluster->decider(); }
  const KnownNode* known_node(std::string_view id) const override { return facts_->known.node(id); }
  const OfferChanges& offers() const noexcept override { return offers_; }
  bool is_offered(const std::string& mount) override;
  WelcomeFrame welcome_for(const KnownNode& node) override;
  void node_joined(NodeSession& session) override;
  void try_addresses(NodeSession& session, const std::vector<NodeAddress>& addresses,
                     std::chrono::milliseconds round_trip) override;
  void node_answered(const std::string& node, const ResultFrame& result) override;
  void node_left(NodeSession& session, const std::string& why) override;

 private:
  void open_server();
  void send_offers();

  Services& services_;
  const Callbacks callbacks_;
  std::shared_ptr<const ClusterFacts> facts_;  // as of the configuration
  std::shared_ptr<const ListenSocket> socket_;
  std::unique_ptr<LinkServer> server_;
  std::vector<std::unique_ptr<NodeSession>> sessions_;
  OfferChanges offers_;
  SentOrders orders_;
  std::unique_ptr<AddressTrial> trial_;  // null: no address has been tried yet
  RepeatGuard crowded_;
  bool stopped_ = false;
  Timer offer_timer_;
};

}  // namespace lb
