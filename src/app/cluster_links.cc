#include "app/cluster_links.h"

#include <algorithm>
#include <set>
#include <utility>

#include "app/cluster_plans.h"
#include "app/cluster_service.h"
#include "app/listen_stage.h"
#include "app/relay_service.h"
#include "app/station.h"
#include "app/worker.h"
#include "base/strings.h"
#include "cluster/relay_marks.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 50ms;
constexpr auto kLookAsMaster = 500ms;
constexpr auto kEvery = 250ms;
constexpr auto kDead = 1000ms;
constexpr auto kForWho = 300ms;
constexpr std::size_t kMostAsked = 256;     // mounts that masters are asked about at a time
constexpr std::size_t kMostWaiters = 1024;  // listeners of one of them
constexpr unsigned kMostQuestions = 50;     // a second
constexpr unsigned kMostPublished = 50;
constexpr auto kForResult = 5s;
constexpr auto kLeastRunOn = 30s;  // cluster.md 2.4: our slaves linger
constexpr unsigned kBitsPerByte = 8;

bool carried(const Mount& mount) {
  return mount.phase() == MountPhase::kRunning || mount.phase() == MountPhase::kLingering;
}

unsigned people_of(const Mount& mount) {
  return static_cast<unsigned>(std::max<std::int64_t>(0, mount.listeners() - mount.relays()));
}

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
      lag_(services.loops),
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
  std::vector<std::unique_ptr<MasterSession>> masters;
  std::vector<MasterSettings> plans;
  for (const MasterSettings& settings : config.masters) {
    const auto plan = link_plan(config, settings);
    if (!plan) continue;
    plans.push_back(settings);
    const auto same = std::find_if(masters_.begin(), masters_.end(), [&](const auto& session) {
      return session && session->plan() == *plan;
    });
    if (same != masters_.end()) {
      masters.push_back(std::move(*same));
      masters.back()->retry_now();
      continue;
    }
    LinkClient::Doors doors;
    doors.user_agent = [this] { return services_.config.read()->server_id; };
    doors.by_certificate = [this](Loop& on, std::unique_ptr<Transport> plain,
                                  const std::string& host, Connector::Then then) {
      return services_.relays->make_tls(on, std::move(plain), host, std::move(then), true);
    };
    masters.push_back(std::make_unique<MasterSession>(*this, resolver_, *plan, std::move(doors)));
    masters.back()->start();
  }
  const bool fewer = std::any_of(masters_.begin(), masters_.end(),
                                 [](const auto& session) { return session != nullptr; });
  masters_ = std::move(masters);
  plans_ = std::move(plans);
  count_masters();
  if (!masters_.empty() || !facts_->known.nodes.empty()) look();
  if (fewer) streams_changed();
  mounts_changed();
}

void ClusterLinks::stop(const std::string& why) {
  stopped_ = true;
  look_.cancel();
  offer_.cancel();
  for (const auto& session : masters_) session->say_goodbye({why, 0, 0ms});
  for (const auto& session : nodes_) session->say_goodbye({why, 0, 0ms});
  server_.reset();
  trial_.reset();
  asked_.clear();
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
  if (std::exchange(seen_rows_, rows) != rows) mounts_changed();
  end_unanswered();
  look_.after(masters_.empty() ? kLookAsMaster : kLook);
  if (masters_.empty()) return;
  lag_.probe();
  const auto config = services_.config.read();
  carried_.clear();
  for (const auto& [name, mount] : *rows) {
    const bool carries = carried(*mount);
    const ProtectionSet enforces = protections_of(mount_section(*config, name));
    if (!carries && enforces == 0) continue;
    const auto facts = mount->facts();
    if (facts->from_file) continue;
    const auto bytes = mount->bytes_per_second.load(std::memory_order_relaxed);
    const double kbps =
        bytes > 0 ? static_cast<double>(bytes) * kBitsPerByte / 1000 : kNominalListenerKbps;
    carried_.push_back({name, carries ? people_of(*mount) : 0, kbps, carries && facts->relayed,
                        carries, enforces});
  }
  const SteadyTime now = loop().now();
  const bool urgent = load_.update(carried_, now);
  bool forgot = false;
  for (const auto& session : masters_) {
    session->load_changed(urgent);
    forgot = session->forget_streams() || forgot;
  }
  if (forgot) streams_changed();
  look_at_coverage();
}

void ClusterLinks::end_unanswered() {
  const SteadyTime now = loop().now();
  std::erase_if(pending_, [&](auto& row) {
    if (row.second.until > now) return false;
    row.second.then({row.first, false, "no answer in time"});
    return true;
  });
}

// Its masters have withdrawn it, and it waits here for its end.
bool ClusterLinks::is_linked_only(const std::string& mount) const {
  return std::any_of(masters_.begin(), masters_.end(), [&](const auto& session) {
    return session->streams().streams().contains(mount);
  });
}

std::vector<StreamOffer> ClusterLinks::current_offers() const {
  const auto config = services_.config.read();
  std::map<std::string_view, const StreamOffer*> learnt;
  for (const auto& session : masters_)
    for (const auto& [mount, stream] : session->streams().streams()) {
      // What is only remembered is passed on while it flows.
      if (stream.state == OfferState::kWithdrawn) continue;
      const auto [at, fresh] = learnt.try_emplace(mount, &stream.offer);
      if (!fresh && stream.offer.path.size() < at->second->path.size()) at->second = &stream.offer;
    }
  std::vector<StreamOffer> out;
  const auto rows = services_.mounts.all();
  for (const auto& [name, mount] : *rows) {
    const auto facts = mount->facts();
    if (facts->from_file || mount->phase() == MountPhase::kEnded) continue;
    StreamOffer offer;
    offer.mount = name;
    offer.content_type = facts->content_type;
    if (const auto bitrate = facts->stats.find("ice-bitrate"); bitrate != facts->stats.end())
      if (const auto kbps = parse_u64(bitrate->second); kbps && *kbps < 1'000'000)
        offer.kbps = static_cast<unsigned>(*kbps);
    offer.needs = protections_of(mount_section(*config, name));
    const bool own = carried(*mount) && !facts->relayed;
    const auto from = learnt.find(name);
    if (!own && from != learnt.end()) {
      offer.path = from->second->path;
      if (offer.content_type.empty()) offer.content_type = from->second->content_type;
      if (offer.kbps == 0) offer.kbps = from->second->kbps;
    } else if (!own && is_linked_only(name)) {
      continue;
    }
    offer.path.push_back(facts_->id);
    if (offer.path.size() <= kMostHops) out.push_back(std::move(offer));
  }
  return out;
}

void ClusterLinks::offer() {
  if (stopped_ || (!socket_ && nodes_.empty())) return;
  const OfferBook::Change change = offers_.update(current_offers());
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
  hello.tokens = !facts_->keys.empty();
  hello.masters = std::max(1U, static_cast<unsigned>(masters_.size()));
  hello.now_ms = wall_ms(services_.clock);
  return hello;
}

void ClusterLinks::count_masters() {
  master_count_ = static_cast<unsigned>(std::count_if(
      masters_.begin(), masters_.end(), [](const auto& each) { return each->linked(); }));
}

void ClusterLinks::master_joined(MasterSession&) { count_masters(); }

void ClusterLinks::master_left(MasterSession&, const std::string&) {
  count_masters();
  if (master_count_ == 0)
    for (const auto& [mount, asked] : std::exchange(asked_, {}))
      for (const Waiter& waiter : asked.waiters) release_one(waiter, false);
}

bool ClusterLinks::flows(const std::string& mount) const { return services_.relays->flows(mount); }

void ClusterLinks::streams_changed() {
  services_.relays->streams_changed();
  mounts_changed();
}

std::vector<ClusterLinks::LinkedStream> ClusterLinks::streams() const {
  struct Found {
    OfferState state;
    std::size_t hops;
    LinkedStream stream;
  };
  std::vector<Found> found;
  const auto config = services_.config.read();
  for (std::size_t i = 0; i < masters_.size(); ++i) {
    const auto target = masters_[i]->streams_target();
    if (!target) continue;
    const MasterSettings& settings = plans_[i];
    for (const auto& [mount, known] : masters_[i]->streams().streams()) {
      // Whoever does not ask for the password that the mount needs must not serve it.
      const bool needs_auth =
          (known.offer.needs & static_cast<ProtectionSet>(Protection::kListenerAuth)) != 0;
      if (needs_auth && mount_section(*config, mount).authenticator.type.empty()) continue;
      LinkedStream stream;
      stream.mount = mount;
      stream.upstream.target = *target;
      stream.upstream.mount = mount;
      if (settings.relay_auth || (needs_auth && target->tls)) {
        stream.upstream.username = settings.username;
        stream.upstream.password = settings.password;
      }
      stream.run_on = std::max<std::chrono::seconds>(settings.run_on, kLeastRunOn);
      stream.retry_delay = settings.retry_delay;
      const bool fresh = known.state == OfferState::kWithdrawn && !known.settled;
      found.push_back(
          {fresh ? OfferState::kOffered : known.state, known.offer.path.size(), std::move(stream)});
    }
  }
  // Who offers it comes before who did before he was lost; then the shorter way; then the master
  // that the configuration names first.
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::pair(a.state, a.hops) < std::pair(b.state, b.hops);
  });
  std::set<std::string_view> places;
  std::vector<LinkedStream> out;
  out.reserve(found.size());
  for (Found& each : found) {
    // Of those who have withdrawn it only the nearest is kept, and only if there is nobody else:
    // the others had it from there, and would wait for us as we for them.
    const bool last = each.state == OfferState::kWithdrawn;
    if (last && places.contains(each.stream.mount)) continue;
    out.push_back(std::move(each.stream));
    places.insert(out.back().mount);
  }
  return out;
}

bool ClusterLinks::covers(const MasterPlan& master) const {
  for (std::size_t i = 0; i < masters_.size(); ++i)
    if (plans_[i].server == master.target.host && plans_[i].username == master.username &&
        plans_[i].password == master.password)
      return masters_[i]->covers();
  return false;
}

void ClusterLinks::look_at_coverage() {
  bool changed = false;
  for (const auto& session : masters_) changed = session->coverage_changed() || changed;
  if (changed) services_.relays->configure(*services_.config.read());
}

// -- a mount that nobody here has heard of -------------------------------------------------------

void ClusterLinks::ask_who(const std::string& mount, unsigned worker, std::uint64_t connection) {
  const Waiter waiter{worker, connection};
  if (services_.mounts.find(mount)) {
    release_one(waiter, true);
    return;
  }
  const auto known = asked_.find(mount);
  if (stopped_ || (known == asked_.end() && asked_.size() >= kMostAsked) ||
      (known != asked_.end() && known->second.waiters.size() >= kMostWaiters)) {
    release_one(waiter, false);
    return;
  }
  if (known != asked_.end()) {
    known->second.waiters.push_back(waiter);
    return;
  }
  unsigned asked_masters = 0;
  if (!questions_.allows(loop().now(), kMostQuestions)) {
    release_one(waiter, false);
    return;
  }
  for (const auto& session : masters_)
    if (session->ask_who(mount)) ++asked_masters;
  if (asked_masters == 0) {
    release_one(waiter, false);
    return;
  }
  Asked& asked = asked_[mount];
  asked.unanswered = asked_masters;
  asked.waiters.push_back(waiter);
  // By way of the inbox: the timer dies with those who wait.
  asked.deadline = std::make_unique<Timer>(
      loop(), [this, mount] { loop().post([this, mount] { release(mount, false); }); });
  asked.deadline->after(kForWho);
}

void ClusterLinks::who_answered(const std::string& mount, bool known) {
  const auto at = asked_.find(mount);
  if (at == asked_.end()) return;
  // The offer came before this answer: the relay is there, unless we may not have it.
  if (known) services_.relays->settle();
  if (known && services_.mounts.find(mount)) {
    release(mount, true);
    return;
  }
  if (at->second.unanswered > 0 && --at->second.unanswered == 0) release(mount, false);
}

void ClusterLinks::release(const std::string& mount, bool known) {
  const auto at = asked_.find(mount);
  if (at == asked_.end()) return;
  const std::vector<Waiter> waiters = std::move(at->second.waiters);
  asked_.erase(at);
  for (const Waiter& waiter : waiters) release_one(waiter, known);
}

void ClusterLinks::release_one(const Waiter& waiter, bool known) {
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
  std::erase_if(pending_, [&](auto& row) {
    if (row.second.node != session.id()) return false;
    row.second.then({row.first, false, "the node has gone"});
    return true;
  });
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
  for (const auto& session : masters_) {
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
  for (const auto& session : masters_) session->send(message);
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

void ClusterLinks::drain(DrainKind kind) {
  if (draining_ == kind) return;
  draining_ = kind;
  log().info("cluster/link",
             kind == DrainKind::kOff
                 ? std::string("this node takes new listeners again")
                 : "this node takes no new listeners (" + std::string(to_text(kind)) + ")");
  for (const auto& session : masters_) session->send(DrainFrame{kind, ""});
}

void ClusterLinks::execute(CommandFrame command, std::function<void(ResultFrame)> then) {
  using Verb = CommandFrame::Verb;
  const auto answer = [then](bool done, std::string why) {
    then(ResultFrame{0, done, std::move(why)});
  };
  if (command.verb == Verb::kDrain) {
    drain(command.drain);
    answer(true, std::string(to_text(command.drain)));
    return;
  }
  ServerStation& station = *services_.station;
  if (station.state_of(command.mount) == MountState::kUnknown) {
    answer(false, "there is no mount " + command.mount);
    return;
  }
  switch (command.verb) {
    case Verb::kKick:
      if (command.listener == 0) {
        station.kill_source(command.mount);
        answer(true, "the source is ended");
        return;
      }
      station.kill_listener(command.mount, command.listener, [answer](bool found) {
        answer(found, found ? "the listener is ended" : "there is no such listener");
      });
      return;
    case Verb::kMove:
      if (station.state_of(command.to) != MountState::kRunning) {
        answer(false, "mount " + command.to + " does not play");
        return;
      }
      station.move_listeners(command.mount, command.to, [answer](std::uint64_t moved) {
        answer(true, std::to_string(moved) + " listeners are moved");
      });
      return;
    case Verb::kMetadata: {
      TitleRequest title;
      if (command.artist.empty()) {
        title.song = command.title;
      } else {
        title.artist = command.artist;
        title.title = command.title;
      }
      if (!command.url.empty()) title.url = command.url;
      title.charset = "UTF-8";
      station.set_title(command.mount, std::move(title), [answer](TitleVerdict verdict) {
        answer(verdict == TitleVerdict::kDone,
               verdict == TitleVerdict::kDone ? "the title is set" : "the title cannot be set");
      });
      return;
    }
    case Verb::kDrain:
      return;
  }
}

}  // namespace lb
