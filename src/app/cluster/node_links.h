// NodeLinks: the links at this master from its <node>s, which connect to its <cluster-port> or to a
// TLS port.
//
// A master offers every mount with listeners' access here, and sends a change in the same turn of
// the loop in which it accepts a source.
//
// Thread: control.
// Ownership: ClusterLinks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/topology/neighbours.h"
#include "base/rate_limit.h"
#include "cluster/link/master_side.h"
#include "cluster/link/pending_answers.h"
#include "net/loop/waits.h"

namespace lb {

class AddressTrial;
struct ClusterFacts;
struct Config;
struct LinkRow;
class LinkServer;
struct ListenSocket;
struct Network;
class NodeSession;
class RedirectDecider;

class NodeLinks final : public NeighbourSide<MasterSide> {
 public:
  // The present offer; nullopt: the mount is not offered.
  using OfferOf = std::function<std::optional<StreamOffer>(const std::string& mount)>;
  NodeLinks(Network& network, NeighbourCallbacks neighbours, OfferOf offer_of);
  ~NodeLinks() override;

  // REQUIRES: before privileges are dropped
  Result<void> bind(const Config& config);
  // Null: no <cluster-port>.
  const std::shared_ptr<const ListenSocket>& socket() const noexcept { return socket_; }
  // The socket of the former process, as configured there.  REQUIRES: before bind()
  void take(UniqueFd socket, int port) {
    handed_ = std::move(socket);
    handed_port_ = port;
  }
  // Whether nodes are sent records, over each new link before they carry out orders about them.
  void sends_records(std::function<bool()> sends) { sends_records_ = std::move(sends); }
  // Takes the first or a new configuration; ends sessions of nodes that it no longer has.
  void configure();
  // Behind configure() of all links: if WELCOME says something else now, nodes link again.
  void describe_again();
  // Sends a BYE to every node.
  void stop(const std::string& why);
  // Another process has the nodes: also ends orders that are not answered.
  void hand_over();
  // Of orders.
  bool awaits_results() const noexcept { return !orders_.empty() || unsent_.size() > 0; }

  // Takes a node that has proved its id, here or to a worker.
  void accept(std::string id, std::unique_ptr<Transport> transport, std::string leftover);
  // Offers may have changed.  They are compared later in this turn of the loop, many of them over
  // several turns.
  void offers_changed();
  void offer_changed(const std::string& mount);
  // Sends to every node except the sender of the message.
  void send(const MessageFrame& message);
  // Asks a node for listeners of a mount.  Errors: not linked, or as for PendingAnswers.
  void ask(const std::string& node, AskFrame question, PendingAnswers<TellFrame>::Then then);
  // Whether this node has two links, of which the older one ends.
  bool replaces_link(std::string_view node) const;
  // The link of this node; null: not linked.
  NodeSession* session_of(std::string_view node) const;
  // The mark of this server for one request to that node, for a stream that begins there; made with
  // the node's own secret.  "": not linked.
  std::string pull_line(std::string_view node, const std::string& mount);
  // Calls each(id, lag) for linked nodes that report which settings they enforce.
  using ConfLag = std::function<void(const std::string& node, SteadyTime::duration lag)>;
  void for_each_conf_lag(SteadyTime now, const ConfLag& each) const;
  // Errors: as for ask().  A node that is not linked, as after a replacement of its program or of
  // this one, has some seconds to come back.
  void order(const std::string& node, CommandFrame command, PendingAnswers<ResultFrame>::Then then);
  // Whether no node is connected, so that changes need no work here.
  bool idle() const noexcept { return sessions_.empty(); }
  bool any_configured() const noexcept;
  void add_rows(std::vector<LinkRow>& rows) const;

  // -- MasterSide
  Loop& loop() noexcept override;
  Log& log() noexcept override;
  RedirectDecider& decider() noexcept override;
  const KnownNode* known_node(std::string_view id) const override;
  Replica<StreamOffer>& offers() noexcept override { return offers_; }
  bool is_heard(const std::string& mount) override;
  WelcomeFrame welcome_for(const KnownNode& node) override;
  void node_joined(NodeSession& session) override;
  void try_addresses(NodeSession& session, const std::vector<NodeAddress>& addresses,
                     std::chrono::milliseconds round_trip) override;
  bool node_answered(const std::string& node, const ResultFrame& result) override {
    return orders_.answered(node, result);
  }
  bool node_reported(const std::string& node, const TellFrame& told) override {
    return asks_.answered(node, told);
  }
  void node_left(NodeSession& session, const std::string& why) override;

 private:
  WelcomeFrame description() const;  // without the clock and keys
  void open_server();
  // all: without the limit of one turn.
  void send_offers(bool all);
  void send_offer_news(std::uint64_t version);

  struct UnsentOrder {
    CommandFrame command;
    PendingAnswers<ResultFrame>::Then then;
  };
  bool takes_orders(const std::string& node) const;
  void send_order(const std::string& node, UnsentOrder unsent);
  // Until the node takes orders.
  void park(const std::string& node, UnsentOrder unsent);
  void send_unsent(const std::string& node);
  Network& network_;
  const OfferOf offer_of_;
  std::function<bool()> sends_records_;
  bool all_due_ = true;
  std::set<std::string> due_;                  // mounts whose offers may have changed
  std::shared_ptr<const ClusterFacts> facts_;  // of the configuration
  std::shared_ptr<const ListenSocket> socket_;
  std::unique_ptr<LinkServer> server_;
  std::vector<std::unique_ptr<NodeSession>> sessions_;
  Replica<StreamOffer> offers_{{}, {}};  // only own rows
  PendingAnswers<ResultFrame> orders_;
  PendingAnswers<TellFrame> asks_;
  Waits<UnsentOrder> unsent_;  // by the node's id
  std::uint64_t next_link_ = 1;
  std::unique_ptr<AddressTrial> trial_;  // null: no address was tried yet
  RepeatGuard crowded_;
  bool stopped_ = false;
  UniqueFd handed_;
  int handed_port_ = 0;
  Timer offer_timer_, unsent_timer_;
};

}  // namespace lb
