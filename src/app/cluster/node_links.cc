#include "app/cluster/node_links.h"

#include <algorithm>
#include <utility>

#include "admin/command/station.h"
#include "app/audience/audience_service.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/services/mount_fallbacks.h"
#include "app/services/mount_files.h"
#include "app/services/network.h"
#include "app/topology/cluster_facts.h"
#include "app/topology/cluster_plans.h"
#include "base/cat.h"
#include "cluster/balance/redirect_decider.h"
#include "cluster/link/address_trial.h"
#include "cluster/link/link_server.h"
#include "cluster/link/node_session.h"
#include "cluster/nodes/clock_offset.h"
#include "cluster/relay/pull_mark.h"
#include "config/settings/config.h"
#include "net/tls/tls_psk.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kEvery = 250ms;
constexpr auto kLinkDead = 1000ms;
constexpr int kClusterPortBacklog = 512;
// Limits of one turn, so that other work of control does not wait for all mounts.
constexpr std::size_t kOffersATurn = 2000, kLeastOffers = 20;
constexpr auto kBetweenOffers = 2ms;
constexpr int kMaxBeforeHello = 4;  // connections of one node
constexpr auto kOrderPatience = 5s;
constexpr auto kAskPatience = 1s;
constexpr auto kRelinkPatience = 3s;
constexpr auto kUnsentPoll = 20ms;
constexpr std::size_t kUnsentOfNode = 100;

// Whether the order may be carried out twice: its link has ended, and its result is unknown.
bool can_be_repeated(const CommandFrame& command) {
  return command.verb == CommandFrame::Verb::kMetadata ||
         command.verb == CommandFrame::Verb::kFallback;
}

Error not_linked(const std::string& node) {
  return Error::not_found(cat({"node ", node, " is not linked"}));
}

}  // namespace

NodeLinks::NodeLinks(Network& network, NeighbourCallbacks neighbours, OfferOf offer_of)
    : NeighbourSide(std::move(neighbours)),
      network_(network),
      offer_of_(std::move(offer_of)),
      facts_(network.cluster->facts()),
      orders_(network.loops.control(), kOrderPatience),
      asks_(network.loops.control(), kAskPatience),
      unsent_(network.loops.control(), {.of_key = kUnsentOfNode},
              [this](const std::string& node) { send_unsent(node); }),
      offer_timer_(network.loops.control(), [this] { send_offers(false); }),
      unsent_timer_(network.loops.control(), [this] {
        for (const std::string& node : unsent_.keys())
          if (takes_orders(node)) send_unsent(node);
        if (unsent_.size() > 0) unsent_timer_.after(kUnsentPoll);
      }) {}

NodeLinks::~NodeLinks() = default;

bool NodeLinks::any_configured() const noexcept { return !facts_->known.nodes.empty(); }
const KnownNode* NodeLinks::known_node(std::string_view id) const { return facts_->known.node(id); }

void NodeLinks::for_each_conf_lag(SteadyTime now, const ConfLag& each) const {
  for (const auto& session : sessions_)
    if (const auto lag = session->conf_lag(now); lag && session->joined())
      each(session->id(), *lag);
}

Result<void> NodeLinks::bind(const Config& config) {
  UniqueFd handed = std::move(handed_);  // closed if another port is wanted now
  if (config.cluster.port == 0) return {};
  ListenSettings settings;
  settings.port = config.cluster.port;
  settings.backlog = kClusterPortBacklog;
  if (handed && handed_port_ == settings.port) {
    std::vector<UniqueFd> fds;
    fds.push_back(std::move(handed));
    socket_ = ListenSocket::of(settings, settings.port, false, std::move(fds));
    return {};
  }
  // Nodes may have only the address family of the listen-sockets.
  if (std::any_of(config.listen.begin(), config.listen.end(), [](const ListenSettings& each) {
        return each.bind_address.find(':') != std::string::npos;
      }))
    settings.bind_address = "::";
  auto socket = ListenSocket::open(settings, settings.port, false, 1);
  if (!socket) return Error::io("cluster-port: " + socket.error().what);
  socket_ = std::move(*socket);
  return {};
}

void NodeLinks::open_server() {
  if (server_ || !socket_) return;
  server_ = std::make_unique<LinkServer>(
      loop(), log(), socket_,
      LinkServer::Callbacks{
          [this](std::string_view id) -> std::optional<std::string> {
            const KnownNode* node = known_node(id);
            if (node == nullptr || node->secret.empty()) return std::nullopt;
            return psk_from_secret(id, node->secret);
          },
          [this](std::string id, std::unique_ptr<Transport> transport, std::string leftover) {
            accept(std::move(id), std::move(transport), std::move(leftover));
          }});
  log().info("cluster/link", cat({"cluster-port ", socket_->port, ": listening for nodes"}));
}

void NodeLinks::configure() {
  const auto before = std::exchange(facts_, network_.cluster->facts());
  open_server();
  if (server_) server_->forget_failures();
  for (const auto& session : sessions_) {
    const KnownNode* now = known_node(session->id());
    const KnownNode* then = before->known.node(session->id());
    if (now == nullptr)
      session->end("removed from the configuration");
    else if (then == nullptr || then->secret != now->secret)
      session->end("its secret was changed in the configuration");
    else if (then->allowed != now->allowed || then->allow_peer_address != now->allow_peer_address)
      session->send_bye({"its allow-public was changed in the configuration", 0, 0ms});
  }
}

// A node is told by WELCOME alone where it finds this server: so it links again.
void NodeLinks::describe_again() {
  const WelcomeFrame now = description();
  for (const auto& session : sessions_) {
    const WelcomeFrame& told = session->welcome();
    const bool same = told.addresses == now.addresses && told.http_port == now.http_port &&
                      told.https_port == now.https_port && told.audience == now.audience &&
                      told.accounts == now.accounts;
    if (session->joined() && !same)
      session->send_bye({"its master has another address or role", 0, 0ms});
  }
}

void NodeLinks::stop(const std::string& why) {
  stopped_ = true;
  offer_timer_.cancel();
  for (const auto& session : sessions_) session->send_bye({why, 0, 0ms});
  server_.reset();
  trial_.reset();
  orders_.stop();
  asks_.stop();
  unsent_.clear();
  unsent_timer_.cancel();
}

void NodeLinks::hand_over() {
  stopped_ = true;  // an order that ends gives no further one
  orders_.end_all("the program was replaced before its answer came, so it may have done this");
  for (const std::string& node : unsent_.keys())
    for (UnsentOrder& unsent : unsent_.release(node)) unsent.then(not_linked(node));
  stop("its program is replaced, and is there again");
}

// -- sessions -------------------------------------------------------------------------------------

void NodeLinks::accept(std::string id, std::unique_ptr<Transport> transport, std::string leftover) {
  if (stopped_) return;
  const auto before_hello =
      std::count_if(sessions_.begin(), sessions_.end(),
                    [&](const auto& each) { return !each->was_accepted() && each->id() == id; });
  if (before_hello >= kMaxBeforeHello) {
    if (unsigned held = 0; crowded_.pass(loop().now(), held))
      log().warn("cluster/link",
                 cat({"node ", id, " (", transport->peer().ip(), "): ", before_hello,
                      " connections wait for their HELLO; a new one is closed"}));
    return;
  }
  sessions_.push_back(std::make_unique<NodeSession>(*this, std::move(id), std::move(transport),
                                                    std::move(leftover), next_link_++));
}

WelcomeFrame NodeLinks::welcome_for(const KnownNode& node) {
  WelcomeFrame welcome = description();
  welcome.now_ms = wall_ms_of(network_.clock);
  welcome.keys = {network_.cluster->key_for(node.id)};
  return welcome;
}

WelcomeFrame NodeLinks::description() const {
  const auto config = network_.config.read();
  WelcomeFrame welcome;
  welcome.id = facts_->id;
  welcome.epoch = facts_->epoch;
  welcome.version = LB_VERSION;
  welcome.every = kEvery;
  welcome.dead = kLinkDead;
  // A server with a master sends its rows there.
  welcome.audience = network_.listenings->on() && network_.links->masters().empty();
  welcome.accounts = config->store.type != StoreType::kNone;
  // The hostname may not resolve; the node reaches at least the address of its link.
  if (!config->cluster.public_addresses.empty()) welcome.addresses = own_addresses(*config);
  for (const ListenSettings& socket : config->listen) {
    std::uint16_t& port = socket.tls ? welcome.https_port : welcome.http_port;
    if (port == 0 && !socket.shoutcast_compat && !socket.proxy_protocol)
      port = static_cast<std::uint16_t>(socket.port);
  }
  return welcome;
}

void NodeLinks::node_joined(NodeSession& session) {
  if (!stopped_) neighbours_.joined(session.id(), session.epoch());
  send_offers(true);
  if (server_) server_->node_linked(session.id(), session.peer());
  for (const auto& other : sessions_)
    if (other.get() != &session && other->joined() && other->id() == session.id())
      other->replaced();
}

void NodeLinks::try_addresses(NodeSession& session, const std::vector<NodeAddress>& addresses,
                              std::chrono::milliseconds round_trip) {
  if (!trial_)
    trial_ = std::make_unique<AddressTrial>(
        network_.relays->connector(),
        [this](const AddressTrial::Announcer& by, const NodeAddress& address,
               const Result<bool>& itself) {
          for (const auto& each : sessions_)
            if (each->number() == by.link) each->address_tried(address, itself);
        });
  for (const NodeAddress& address : addresses)
    session.send(trial_->begin({session.id(), session.number()}, address, round_trip));
}

void NodeLinks::node_left(NodeSession& session, const std::string& why) {
  if (!session.was_accepted() && server_)
    server_->node_failed(session.id(), session.peer(), why);
  else
    log().warn("cluster/link", cat({"node ", session.id(), " (", session.peer().ip(),
                                    "): the link has ended: ", why}));
  orders_.end_of(session.id());
  asks_.end_of(session.id());
  const std::string id = session.id();
  const bool silent = session.was_silent();
  std::erase_if(sessions_, [&](const auto& each) { return each.get() == &session; });
  if (session_of(id) == nullptr) offers_.forget_sent(id);
  if (!stopped_) neighbours_.left(id, silent);
}

std::string NodeLinks::pull_line(std::string_view node, const std::string& mount) {
  const KnownNode* known = known_node(node);
  const NodeSession* const session = session_of(node);
  // An older version takes its master's mark for a forged one.
  if (known == nullptr || session == nullptr || !session->knows_slots()) return {};
  const auto its_clock = network_.clock.wall() + session->clock_offset();
  PullMark mark;
  mark.id = session->id();
  mark.epoch = facts_->epoch;
  mark.to = cat({session->id(), ".", session->epoch()});
  mark.number = network_.cluster->numbers().next_pull_of_master++;
  mark.at = unix_seconds(its_clock);
  return lb::pull_line(std::move(mark), known->secret, mount);
}

bool NodeLinks::replaces_link(std::string_view node) const {
  return std::count_if(sessions_.begin(), sessions_.end(), [node](const auto& session) {
           return session->joined() && session->id() == node;
         }) > 1;
}

// The newest link; an older one ends in this turn.
NodeSession* NodeLinks::session_of(std::string_view node) const {
  const auto found = std::find_if(
      sessions_.rbegin(), sessions_.rend(),
      [node](const auto& session) { return session->joined() && session->id() == node; });
  return found == sessions_.rend() ? nullptr : found->get();
}

// -- what nodes are sent --------------------------------------------------------------------------

void NodeLinks::offers_changed() {
  all_due_ = true;
  if (!stopped_ && !offer_timer_.armed()) offer_timer_.after(0us);
}

void NodeLinks::offer_changed(const std::string& mount) {
  if (!all_due_) due_.insert(mount);
  if (!stopped_ && !offer_timer_.armed()) offer_timer_.after(0us);
}

void NodeLinks::send_offers(bool all) {
  if (stopped_ || (!socket_ && sessions_.empty())) {
    due_.clear();
    all_due_ = true;
    return;
  }
  if (std::exchange(all_due_, false)) {
    for (const auto& [key, entry] : offers_.entries()) due_.insert(key.mount);
    for (const auto mounts = network_.mounts.all(); const auto& [name, mount] : *mounts)
      due_.insert(name);
  }
  // Each node costs frames of its own.
  const std::size_t most =
      std::max(kLeastOffers, kOffersATurn / std::max<std::size_t>(1, sessions_.size()));
  const std::uint64_t before = offers_.version();
  for (std::size_t seen = 0; !due_.empty() && (all || seen < most); ++seen) {
    const std::string mount = std::move(due_.extract(due_.begin()).value());
    offers_.set_own({mount, false, ""}, offer_of_(mount));
  }
  if (!due_.empty()) offer_timer_.after(kBetweenOffers);
  send_offer_news(before);
}

void NodeLinks::send_offer_news(std::uint64_t version) {
  if (offers_.version() == version) return;
  for (const auto& session : sessions_) session->send_offers();
  offers_.forget(loop().now());
}

bool NodeLinks::is_heard(const std::string& mount) {
  if (offer_timer_.armed()) {
    const std::uint64_t before = offers_.version();
    due_.erase(mount);
    offers_.set_own({mount, false, ""}, offer_of_(mount));
    send_offer_news(before);
  }
  if (offers_.find({mount, false, ""}) != nullptr) return true;
  const auto config = network_.config.read();
  const MountSettings* const section = named_section(*config, mount);
  return section != nullptr &&
         waits_on_fallback(*config, *section, *network_.mounts.all(), network_.mount_files.get());
}

void NodeLinks::send(const MessageFrame& message) {
  for (const auto& session : sessions_)
    if (session->joined() && session->id() != message.from) session->send(message);
}

void NodeLinks::order(const std::string& node, CommandFrame command,
                      PendingAnswers<ResultFrame>::Then then) {
  if (stopped_) return then(Error::closed("the program ends"));
  if (!takes_orders(node)) return park(node, {std::move(command), std::move(then)});
  send_unsent(node);
  send_order(node, {std::move(command), std::move(then)});
}

bool NodeLinks::takes_orders(const std::string& node) const {
  const NodeSession* const session = session_of(node);
  if (session == nullptr) return false;
  // It refuses orders about mounts whose records it does not have yet.
  // The store of a master that has just started may not be read yet.
  const bool sends = network_.config.read()->store.type != StoreType::kNone || sends_records_();
  return !sends || !session->knows_conf() || session->has_conf();
}

void NodeLinks::send_order(const std::string& node, UnsentOrder unsent) {
  auto& [command, then] = unsent;
  if (NodeSession* const session = session_of(node)) {
    if (command.verb == CommandFrame::Verb::kMove && command.listener != 0 && !session->moves_one())
      return then(Error::unsupported(
          cat({"node ", node, " runs an older version, which moves all listeners or none"})));
    if ((command.encoder != 0 || command.verb == CommandFrame::Verb::kFallback) &&
        !session->sets_fallbacks())
      return then(Error::unsupported(cat({"node ", node,
                                          " runs an older version, which ends no single encoder "
                                          "and sets no fallback"})));
    auto answered = [this, node,
                     again = can_be_repeated(command) ? std::optional(command) : std::nullopt,
                     then = std::move(then)](Result<ResultFrame> result) mutable {
      if (!result && result.error().code == Error::Code::kClosed && again && !stopped_)
        return park(node, {*std::move(again), std::move(then)});
      if (result && !result->done)
        log().warn("cluster/link", cat({"node ", node, ": order failed: ", result->why}));
      then(std::move(result));
    };
    command.number = orders_.add(node, std::move(answered));
    return session->send(std::move(command));
  }
  then(not_linked(node));
}

void NodeLinks::park(const std::string& node, UnsentOrder unsent) {
  if (known_node(node) == nullptr || !unsent_.park(node, std::move(unsent), kRelinkPatience))
    return unsent.then(not_linked(node));
  if (!unsent_timer_.armed()) unsent_timer_.after(kUnsentPoll);
}

void NodeLinks::send_unsent(const std::string& node) {
  for (UnsentOrder& unsent : unsent_.release(node)) send_order(node, std::move(unsent));
}

void NodeLinks::ask(const std::string& node, AskFrame question,
                    PendingAnswers<TellFrame>::Then then) {
  if (NodeSession* const session = session_of(node)) {
    question.number = asks_.add(node, std::move(then));
    return session->send(std::move(question));
  }
  then(not_linked(node));
}

void NodeLinks::add_rows(std::vector<LinkRow>& rows) const {
  const SteadyTime now = network_.loops.control().now();
  for (const auto& session : sessions_) {
    LinkRow row;
    row.id = session->id();
    row.peer = session->peer().ip();
    row.up = session->joined();
    row.seconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(now - session->since()).count());
    row.bytes_in = session->link().bytes_in();
    row.bytes_out = session->link().bytes_out();
    row.round_trip_us = session->round_trip_us();
    row.version = session->version();
    rows.push_back(std::move(row));
  }
}

Loop& NodeLinks::loop() noexcept { return network_.loops.control(); }
Log& NodeLinks::log() noexcept { return network_.log; }
RedirectDecider& NodeLinks::decider() noexcept { return network_.cluster->decider(); }

}  // namespace lb
