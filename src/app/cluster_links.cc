#include "app/cluster_links.h"

#include <algorithm>
#include <utility>

#include "app/cluster_plans.h"
#include "app/cluster_service.h"
#include "app/link_orders.h"
#include "app/listen_stage.h"
#include "app/mount_load.h"
#include "app/relay_service.h"
#include "app/station.h"
#include "app/worker.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 50ms;
constexpr auto kLookAsMaster = 500ms;
constexpr auto kEvery = 250ms;
constexpr auto kDead = 1000ms;
constexpr unsigned kMostPublished = 50;
constexpr auto kForResult = 5s;

std::int64_t wall_ms(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall().time_since_epoch())
      .count();
}

}  // namespace

std::optional<LinkPlan> link_plan(const Config& config, const MasterSettings& master) {
  if (master.server.empty() || master.password.empty()) return std::nullopt;
  LinkPlan plan;
  if (master.cluster_port != 0) {
    plan.link.target.port = static_cast<std::uint16_t>(master.cluster_port);
  } else if (master.tls_port != 0 && !config.cluster.id.empty()) {
    plan.link.target.port = static_cast<std::uint16_t>(master.tls_port);
    plan.link.by_secret = false;
  } else {
    return std::nullopt;
  }
  plan.link.target.host = master.server;
  plan.link.target.tls = true;
  plan.link.target.bind_address = master.bind_address;
  plan.link.id = master.username;
  plan.link.secret = master.password;
  plan.link.retry_max = master.retry_max;
  plan.wants_listeners = config.cluster.master_public_slave || master.redirect;
  plan.streams.host = master.server;
  plan.streams.bind_address = master.bind_address;
  plan.streams.tls = master.tls_port != 0;
  plan.streams.port =
      static_cast<std::uint16_t>(master.tls_port != 0 ? master.tls_port : master.port);
  return plan;
}

ClusterLinks::ClusterLinks(Services& services)
    : services_(services),
      rng_(Rng::from_entropy()),
      resolver_(services.loops.control()),
      facts_(services.cluster->facts()),
      who_(services.loops.control(),
           {[this](const std::string& mount) { return ask_masters(mount); },
            [this](const std::string& mount) { return services_.mounts.find(mount) != nullptr; },
            [this](const WhoDesk::Waiter& waiter, bool known) { release(waiter, known); }}),
      look_(services.loops.control(), [this] { look(); }),
      offer_(services.loops.control(), [this] { offer(); }) {}

ClusterLinks::~ClusterLinks() = default;

Result<void> ClusterLinks::bind(const Config& config) {
  if (config.cluster.port == 0) return {};
  ListenSettings settings;
  settings.port = config.cluster.port;
  settings.backlog = 512;
  auto socket = ListenSocket::open(settings, settings.port, false, 1);
  if (!socket) return Error::io("cluster-port: " + socket.error().what);
  socket_ = std::move(*socket);
  return {};
}

void ClusterLinks::open_server() {
  if (server_ || !socket_) return;
  server_ = std::make_unique<LinkServer>(
      loop(), log(), socket_,
      LinkServer::Doors{
          [this](std::string_view id) -> std::optional<std::string> {
            const KnownNode* node = known_node(id);
            if (node == nullptr || node->secret.empty()) return std::nullopt;
            return psk_from_secret(id, node->secret);
          },
          [this](std::string id, std::unique_ptr<Transport> transport, std::string leftover) {
            take_in(std::move(id), std::move(transport), std::move(leftover));
          }});
  log().info("cluster/link", "port " + std::to_string(socket_->port) + " takes in nodes");
}

void ClusterLinks::take_in(std::string id, std::unique_ptr<Transport> transport,
                           std::string leftover) {
  if (stopped_) return;
  nodes_.push_back(std::make_unique<NodeSession>(*this, std::move(id), std::move(transport),
                                                 std::move(leftover)));
}

void ClusterLinks::configure(const Config& config) {
  if (stopped_) return;
  const auto before = std::exchange(facts_, services_.cluster->facts());
  open_server();
  for (const auto& node : nodes_) {
    const KnownNode* now = known_node(node->id());
    const KnownNode* then = before->known.node(node->id());
    if (now == nullptr)
      node->end("is no <node> of the configuration any more");
    else if (then == nullptr || then->secret != now->secret)
      node->end("has another secret in the configuration now");
  }
  std::vector<MasterLink> masters;
  for (const MasterSettings& settings : config.masters) {
    const auto plan = link_plan(config, settings);
    if (!plan) continue;
    const auto same = std::find_if(masters_.begin(), masters_.end(), [&](const MasterLink& link) {
      return link.session && link.session->plan() == *plan;
    });
    if (same != masters_.end()) {
      masters.push_back({settings, std::move(same->session)});
      masters.back().session->retry_now();
      continue;
    }
    LinkClient::Doors doors;
    doors.user_agent = [this] { return services_.config.read()->server_id; };
    doors.by_certificate = [this](Loop& on, std::unique_ptr<Transport> plain,
                                  const std::string& host, Connector::Then then) {
      return services_.relays->make_tls(on, std::move(plain), host, std::move(then), true);
    };
    masters.push_back(
        {settings, std::make_unique<MasterSession>(*this, resolver_, *plan, std::move(doors))});
    masters.back().session->start();
  }
  const bool fewer = std::any_of(masters_.begin(), masters_.end(),
                                 [](const MasterLink& link) { return link.session != nullptr; });
  masters_ = std::move(masters);
  count_masters();
  if (!masters_.empty() || !facts_->known.nodes.empty()) look();
  if (fewer) streams_changed();
  mounts_changed();
}

void ClusterLinks::stop(const std::string& why) {
  stopped_ = true;
  look_.cancel();
  offer_.cancel();
  for (const auto& [settings, session] : masters_) session->say_goodbye({why, 0, 0ms});
  for (const auto& session : nodes_) session->say_goodbye({why, 0, 0ms});
  server_.reset();
  trial_.reset();
  pending_.clear();
}

// -- what is carried and offered -----------------------------------------------------------------

void ClusterLinks::mounts_changed() {
  if (stopped_ || offer_.armed()) return;
  offer_.after(0us);
}

void ClusterLinks::look() {
  if (stopped_) return;
  const auto rows = services_.mounts.all();
  const auto config = services_.config.read();
  const bool others = std::exchange(seen_rows_, rows) != rows;
  if (others) mounts_changed();
  end_unanswered();
  look_.after(masters_.empty() ? kLookAsMaster : kLook);
  if (masters_.empty()) return;
  // Finding the section of a mount may mean trying many patterns.
  if (others || std::exchange(seen_config_, config) != config) {
    protections_.clear();
    for (const auto& [name, mount] : *rows)
      protections_.push_back(protections_of(mount_section(*config, name)));
  }
  carried_.clear();
  auto protection = protections_.begin();
  for (const auto& [name, mount] : *rows) {
    const bool carries = is_carried(*mount);
    const ProtectionSet enforces = *protection++;
    if (!carries && enforces == 0) continue;
    const auto facts = mount->facts();
    if (facts->from_file) continue;
    carried_.push_back({name, carries ? people_of(*mount) : 0, listener_kbps(*mount),
                        carries && facts->relayed, carries, enforces});
  }
  const SteadyTime now = loop().now();
  const bool urgent = load_.update(carried_, now);
  bool forgot = false;
  for (const auto& [settings, session] : masters_) {
    session->load_changed(urgent);
    forgot = session->forget_streams() || forgot;
  }
  if (forgot) streams_changed();
  look_at_coverage();
}

void ClusterLinks::end_unanswered() {
  const SteadyTime now = loop().now();
  end_orders([now](const Pending& order) { return order.until <= now; }, "no answer in time");
}

void ClusterLinks::end_orders(const std::function<bool(const Pending&)>& which,
                              const std::string& why) {
  std::vector<std::pair<std::uint64_t, Answered>> over;
  std::erase_if(pending_, [&](auto& row) {
    if (!which(row.second)) return false;
    over.emplace_back(row.first, std::move(row.second.then));
    return true;
  });
  for (const auto& [number, then] : over) then({number, false, why});
}

void ClusterLinks::offer() {
  if (stopped_ || (!socket_ && nodes_.empty())) return;
  const OfferBook::Change change = offers_.update(stream_offers(services_, facts_->id, masters_));
  if (change.empty()) return;
  for (const auto& node : nodes_) node->send_offers(change);
}

bool ClusterLinks::is_offered(const std::string& mount) {
  if (offer_.armed()) {
    offer_.cancel();
    offer();
  }
  return offers_.has(mount);
}

// -- this node at its masters --------------------------------------------------------------------

HelloFrame ClusterLinks::hello() {
  const auto config = services_.config.read();
  HelloFrame hello;
  hello.epoch = facts_->epoch;
  hello.version = LB_VERSION;
  hello.addresses = own_addresses(*config);
  hello.capacity = own_capacity(*config);
  hello.tags = config->cluster.tags;
  hello.countries = countries_of(config->cluster.countries);
  hello.tokens = !facts_->keys.empty();
  hello.masters = std::max(1U, static_cast<unsigned>(masters_.size()));
  hello.now_ms = wall_ms(services_.clock);
  return hello;
}

void ClusterLinks::count_masters() {
  master_count_ = static_cast<unsigned>(
      std::count_if(masters_.begin(), masters_.end(),
                    [](const MasterLink& link) { return link.session->linked(); }));
}

void ClusterLinks::master_joined(MasterSession&) { count_masters(); }

void ClusterLinks::master_left(MasterSession&, const std::string&) {
  count_masters();
  if (master_count_ == 0) who_.give_up();
}

bool ClusterLinks::flows(const std::string& mount) const { return services_.relays->flows(mount); }

void ClusterLinks::streams_changed() {
  services_.relays->streams_changed();
  mounts_changed();
}

std::vector<LinkedStream> ClusterLinks::streams() const {
  return streams_to_pull(*services_.config.read(), masters_);
}

bool ClusterLinks::has_master(std::string_view id) const {
  return std::any_of(masters_.begin(), masters_.end(),
                     [id](const MasterLink& master) { return master.session->master_id() == id; });
}

bool ClusterLinks::covers(const MasterPlan& master) const {
  const auto same = std::find_if(masters_.begin(), masters_.end(), [&](const MasterLink& link) {
    return link.settings.server == master.target.host &&
           link.settings.username == master.username && link.settings.password == master.password;
  });
  return same != masters_.end() && same->session->covers();
}

void ClusterLinks::look_at_coverage() {
  bool changed = false;
  for (const auto& [settings, session] : masters_) changed = session->coverage_changed() || changed;
  if (changed) services_.relays->configure(*services_.config.read());
}

void ClusterLinks::ask_who(const std::string& mount, unsigned worker, std::uint64_t connection) {
  who_.wait(mount, {worker, connection});
}

void ClusterLinks::who_answered(const std::string& mount, bool known) {
  if (known) services_.relays->settle();
  who_.answered(mount, known);
}

unsigned ClusterLinks::ask_masters(const std::string& mount) {
  unsigned asked = 0;
  for (const auto& [settings, session] : masters_)
    if (!stopped_ && session->ask_who(mount)) ++asked;
  return asked;
}

void ClusterLinks::release(const WhoDesk::Waiter& waiter, bool known) {
  Worker& worker = *services_.workers[waiter.worker];
  worker.loop.post([&worker, id = waiter.connection, known] {
    if (known) {
      listen_again(worker, id, false);
    } else if (Connection* connection = worker.connections.find(id)) {
      connection->resume(Verdict::kNext);
    }
  });
}

// -- nodes at this master ------------------------------------------------------------------------

NodeTable& ClusterLinks::nodes() noexcept { return services_.cluster->table(); }

// A node whose loops are stuck must look so at once, not only when they turn again.
unsigned ClusterLinks::loop_ms() const noexcept {
  std::chrono::nanoseconds longest{0};
  for (const LoopBeat& beat : services_.beats.read())
    if (beat.vital) longest = std::max(longest, beat.late_now);
  return static_cast<unsigned>(
      std::chrono::duration_cast<std::chrono::milliseconds>(longest).count());
}

const KnownNode* ClusterLinks::known_node(std::string_view id) const {
  return facts_->known.node(id);
}

void ClusterLinks::checks_tokens(const std::string& node, bool checks) {
  services_.cluster->desk().set_checks_tokens(node, checks);
}

void ClusterLinks::table_told() { services_.cluster->tell_events(); }

std::optional<std::uint64_t> ClusterLinks::arrivals_from(std::string_view master) const {
  if (facts_->keys.empty()) return std::nullopt;
  return services_.cluster->arrivals(master);
}

WelcomeFrame ClusterLinks::welcome_for(const KnownNode&) {
  const auto config = services_.config.read();
  WelcomeFrame welcome;
  welcome.id = facts_->id;
  welcome.epoch = facts_->epoch;
  welcome.version = LB_VERSION;
  welcome.now_ms = wall_ms(services_.clock);
  welcome.every = kEvery;
  welcome.dead = kDead;
  for (const ListenSettings& socket : config->listen) {
    std::uint16_t& port = socket.tls ? welcome.https_port : welcome.http_port;
    if (port == 0 && !socket.shoutcast_compat && !socket.proxy_protocol)
      port = static_cast<std::uint16_t>(socket.port);
  }
  return welcome;
}

void ClusterLinks::node_joined(NodeSession& session) {
  offer();
  for (const auto& other : nodes_)
    if (other.get() != &session && other->joined() && other->id() == session.id())
      other->replaced();
}

void ClusterLinks::try_addresses(NodeSession& session, const std::vector<NodeAddress>& addresses) {
  if (!trial_)
    trial_ = std::make_unique<AddressTrial>(
        services_.relays->connector(), log(),
        [this](const std::string& id, const NodeAddress& address, const std::string& why) {
          for (const auto& node : nodes_)
            if (node->id() == id) node->address_refused(address, why);
        });
  for (const NodeAddress& address : addresses) session.send(trial_->begin(session.id(), address));
}

void ClusterLinks::remember_proof(const ProveFrame& proof) {
  proofs_.remember(proof, loop().now());
}

std::string ClusterLinks::proof_for(std::string_view ask) {
  return proofs_.answer(ask, services_.loops.control().now());
}

void ClusterLinks::node_left(NodeSession& session, const std::string& why) {
  if (!session.was_taken_in() && server_)
    server_->node_failed(session.id(), session.peer(), why);
  else
    log().warn("cluster/link", "node " + session.id() + " (" + session.peer().ip() +
                                   "): the link has ended: " + why);
  end_orders([&](const Pending& order) { return order.node == session.id(); }, "the node has gone");
  std::erase_if(nodes_, [&](const auto& each) { return each.get() == &session; });
}

void ClusterLinks::node_answered(const std::string& node, const ResultFrame& result) {
  const auto at = pending_.find(result.number);
  if (at == pending_.end() || at->second.node != node) return;
  const Answered then = std::move(at->second.then);
  pending_.erase(at);
  then(result);
}

Result<void> ClusterLinks::command(const std::string& node, CommandFrame command, Answered then) {
  const auto at = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& each) {
    return each->joined() && each->id() == node;
  });
  if (at == nodes_.end()) return Error::not_found("node " + node + " is not linked");
  command.number = next_command_++;
  pending_[command.number] = {node, std::move(then), loop().now() + kForResult};
  (*at)->send(std::move(command));
  return {};
}

std::vector<LinkRow> ClusterLinks::rows() const {
  std::vector<LinkRow> out;
  for (const auto& [settings, session] : masters_) {
    LinkRow row;
    row.id = session->master_id();
    row.peer = session->name();
    row.master = true;
    row.up = session->linked();
    if (const Link* link = session->link()) {
      row.seconds = static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::seconds>(session->linked_for()).count());
      row.bytes_in = link->bytes_in();
      row.bytes_out = link->bytes_out();
    }
    row.round_trip_us = static_cast<std::uint64_t>(session->round_trip().count());
    row.clock_offset_ms = session->clock_offset().count();
    row.issued = session->issued();
    row.streams = session->streams().streams().size();
    out.push_back(std::move(row));
  }
  const SteadyTime now = services_.loops.control().now();
  for (const auto& session : nodes_) {
    LinkRow row;
    row.id = session->id();
    row.peer = session->peer().ip();
    row.up = session->joined();
    row.seconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(now - session->since()).count());
    row.bytes_in = session->link().bytes_in();
    row.bytes_out = session->link().bytes_out();
    out.push_back(std::move(row));
  }
  return out;
}

// -- messages and orders -------------------------------------------------------------------------

Result<void> ClusterLinks::publish(const std::string& topic, std::string bytes) {
  if (!published_.allows(loop().now(), kMostPublished))
    return Error::limit("more than " + std::to_string(kMostPublished) + " messages in a second");
  MessageFrame message{topic, facts_->id, facts_->epoch + "." + std::to_string(next_message_++),
                       std::move(bytes)};
  messages_.take(message, services_.clock.wall());
  for (const auto& [settings, session] : masters_) session->send(message);
  for (const auto& session : nodes_)
    if (session->joined()) session->send(message);
  return {};
}

void ClusterLinks::message(MessageFrame message, bool) {
  if (message.from == facts_->id || !messages_.take(message, services_.clock.wall())) return;
  log().info("cluster/message", "message " + message.serial + " of " + message.from + ": " +
                                    message.topic + ", " + std::to_string(message.bytes.size()) +
                                    " bytes");
  for (const auto& session : nodes_)
    if (session->joined() && session->id() != message.from) session->send(message);
}

DrainMode ClusterLinks::draining() const noexcept { return services_.drain.picture()->mode; }

std::optional<std::string> ClusterLinks::master_origin(PublicScheme scheme) const {
  for (const auto& [settings, session] : masters_)
    if (auto origin = session->origin(scheme)) return origin;
  return std::nullopt;
}

void ClusterLinks::drain_changed() {
  if (stopped_) return;
  for (const auto& [settings, session] : masters_) session->send(DrainFrame{draining(), ""});
}

void ClusterLinks::execute(CommandFrame command, std::function<void(ResultFrame)> then) {
  carry_out_order(*services_.station, command, std::move(then));
}

}  // namespace lb
