#include "app/cluster_service.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/cluster_links.h"
#include "app/cluster_plans.h"
#include "app/event_service.h"
#include "app/mount_load.h"
#include "app/relay_service.h"
#include "base/encoding.h"
#include "net/digest.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 250ms;
constexpr std::size_t kMostHeld = 20'000;
constexpr auto kProbeTime = 500ms;

std::uint8_t tag_of(std::string_view node_id) noexcept {
  return static_cast<std::uint8_t>(node_key(node_id) & 0xff);
}

}  // namespace

ClusterService::ClusterService(Services& services)
    : services_(services),
      rng_(Rng::from_entropy()),
      epoch_(hex_encode(random_bytes(4))),
      facts_(std::make_shared<const ClusterFacts>()),
      table_(table_settings(*services.config.read()), services.clock.steady()),
      balancer_(table_, BalanceSettings{}, rng_),
      desk_(table_, services.log),
      tick_(services.loops.control(), [this] { tick(); }),
      hold_(services.loops.control(), [this] { release_held(); }) {}

ClusterService::~ClusterService() = default;

SteadyTime ClusterService::now() const { return services_.loops.control().now(); }

void ClusterService::configure(const Config& config) {
  if (stopped_) return;
  auto facts = std::make_shared<ClusterFacts>();
  const auto before = facts_.read();
  facts->epoch = epoch_;
  facts->id = before->id.empty() ? cluster_id(config, epoch_) : before->id;
  facts->mark = facts->id + "." + epoch_;
  facts->redirects = config.cluster.max_redirect_slaves != 0;
  facts->keys = TokenKeys(config.cluster.token_keys);
  facts->require = config.cluster.token_require;
  facts->names.push_back(facts->id);
  for (const MasterSettings& master : config.masters) facts->names.push_back(master.username);
  facts->known = known_nodes(config);
  facts->member = facts->redirects || !config.cluster.id.empty() ||
                  config.cluster.master_public_slave ||
                  std::any_of(config.masters.begin(), config.masters.end(),
                              [](const MasterSettings& master) { return master.redirect; });
  facts->no_redirect = config.cluster.no_redirect;

  table_.configure(table_settings(config), now());
  desk_.configure(facts->known, now());
  settings_ = balance_settings(config);
  NodeHello self = own_hello(config, epoch_);
  self.id = facts->id;
  if (facts->redirects) {
    if (const auto slot = table_.hello(std::move(self), now()); !slot)
      services_.log.error("cluster/cluster", slot.error().what);
    drain_changed();  // a new configuration is no reason to serve again
  } else if (table_.self() != kNoNode) {
    table_.forget(table_.self());
    told_.clear();
  }
  std::vector<std::string> statics;
  for (NodeHello& node : static_nodes(config)) {
    statics.push_back(node.id);
    static_cast<void>(table_.hello(std::move(node), now()));  // its id is ours to choose
  }
  for (const std::string& id : static_ids_) {
    const NodeSlot slot = table_.find(id);
    if (slot != kNoNode && std::find(statics.begin(), statics.end(), id) == statics.end())
      table_.forget(slot);
  }
  static_ids_ = std::move(statics);
  configure_mounts();

  const bool said = before->redirects == facts->redirects && !before->id.empty();
  if (!said && facts->redirects)
    services_.log.info("cluster/cluster",
                       "node " + facts->id + " redirects listeners to the nodes that report to it");
  redirects_.store(facts->redirects, std::memory_order_relaxed);
  wants_tokens_.store(facts->require != TokenRequire::kOff && !facts->keys.empty(),
                      std::memory_order_relaxed);
  facts_.publish(std::move(facts));
  concerned_ = redirects() || !facts_.read()->known.empty() || !static_ids_.empty();
  tell_events();
  tick();
}

void ClusterService::drain_changed() {
  if (table_.self() == kNoNode) return;
  if (services_.drain.draining())
    table_.drain(table_.self(), "it was asked to", now());
  else
    table_.undrain(table_.self(), now());
  tell_events();
}

void ClusterService::stop() {
  stopped_ = true;
  tick_.cancel();
  hold_.cancel();
  held_.clear();
  probes_.clear();
}

// Mounts whose section has a <balance> of its own.  Sections may be patterns; rules are for names.
void ClusterService::configure_mounts() {
  const auto config = services_.config.read();
  settings_.mounts.clear();
  ruled_.clear();
  const auto all = services_.mounts.all();
  for (const auto& [name, mount] : *all) {
    ruled_.insert(name);
    const MountBalance& own = mount_section(*config, name).balance;
    if (!(own == MountBalance{}))
      settings_.mounts.emplace(name, balance_rules(settings_.rules, own));
  }
  balancer_.configure(settings_);
}

// A mount may be younger than the last look at all of them.
void ClusterService::know_rules_of(const std::string& mount) {
  if (ruled_.contains(mount) || !services_.mounts.find(mount)) return;
  ruled_.insert(mount);
  const MountBalance& own = mount_section(*services_.config.read(), mount).balance;
  if (own == MountBalance{}) return;
  settings_.mounts.insert_or_assign(mount, balance_rules(settings_.rules, own));
  balancer_.configure(settings_);
}

void ClusterService::tick() {
  tick_.cancel();
  if (stopped_ || !concerned_) return;
  const SteadyTime time = now();
  if (redirects()) report_self(time);
  table_.expire(time);
  tell_events();
  tick_.after(kTick);
}

// This node is one of the candidates, and knows its own load better than by reports.
void ClusterService::report_self(SteadyTime time) {
  LoadReport load;
  load.received = load.sampled = time;
  double kbps = 0;
  unsigned people = 0;
  std::map<std::string, unsigned, std::less<>> carrying;
  bool other_mounts = false;
  const auto all = services_.mounts.all();
  for (const auto& [name, mount] : *all) {
    if (!is_carried(*mount)) continue;
    const unsigned here = people_of(*mount);
    if (const double rate = known_kbps(*mount); rate > 0) table_.set_mount_kbps(name, rate);
    kbps += here * listener_kbps(*mount);
    people += here;
    const auto told = told_.find(name);
    if (told == told_.end() || told->second != here) load.changed.push_back({name, here, true});
    other_mounts = other_mounts || told == told_.end();
    carrying.emplace(name, here);
  }
  for (const auto& [name, listeners] : told_) {
    if (carrying.contains(name)) continue;
    load.changed.push_back({name, 0, false});
    table_.forget_mount(name);
    other_mounts = true;
  }
  // The peak of a mount is that of the cluster, as its listeners are.
  const ListenersElsewhere elsewhere = listeners_elsewhere();
  for (const auto& [name, listeners] : elsewhere.mounts)
    if (const auto row = all->find(name); row != all->end())
      row->second->note_peak(static_cast<std::int64_t>(people_of(*row->second) + listeners));
  told_ = std::move(carrying);
  load.kbps = kbps;
  load.listeners = people;
  if (table_.self() != kNoNode) table_.report(table_.self(), load);
  if (other_mounts) configure_mounts();
}

void ClusterService::tell_events() {
  using Kind = NodeEvent::Kind;
  for (const NodeEvent& event : table_.take_events()) {
    if (event.slot == table_.self()) continue;
    const std::string why = event.why.empty() ? "" : ": " + event.why;
    const auto publish = [&](const char* type) {
      services_.events->publish(type, event.id, {{"why", event.why}});
    };
    switch (event.kind) {
      case Kind::kUp:
        services_.log.info("cluster/node", "node " + event.id + " is up");
        publish("node-up");
        break;
      case Kind::kSuspect:
        services_.log.warn("cluster/node", "node " + event.id + " is suspect" + why);
        publish("node-suspect");
        break;
      case Kind::kDown:
        services_.log.warn("cluster/node", "node " + event.id + " is down" + why);
        publish("node-down");
        break;
      case Kind::kDrain:
        services_.log.info("cluster/node", "node " + event.id + " takes no new listeners" + why);
        publish("node-drain");
        break;
      case Kind::kProbeWanted:
        probe(event.slot);
        break;
    }
  }
  if (!held_.empty() && table_.hold_until() <= now()) hold_.after(0us);
}

// -- listeners ------------------------------------------------------------------------------------

namespace {

// A request with what it points to.
struct Prepared {
  PickRequest request;
  std::vector<NodeKey> enforcing;
  std::vector<std::string_view> tags;
  std::shared_ptr<const Config> config;
};

std::unique_ptr<Prepared> prepare(const RedirectAsk& ask, const ReportDesk& desk,
                                  std::shared_ptr<const Config> config) {
  auto made = std::make_unique<Prepared>();
  made->config = std::move(config);
  made->enforcing = desk.enforcing(ask.mount, ask.needs);
  for (const std::string& tag : mount_section(*made->config, ask.mount).balance.tags)
    made->tags.push_back(tag);
  made->request.mount = ask.mount;
  made->request.scheme = ask.scheme;
  made->request.family = family_of(ask.client);
  made->request.country = ask.country;
  made->request.tags = made->tags;
  made->request.needs = ask.needs;
  made->request.enforcing = made->enforcing;
  made->request.redirected = ask.redirected;
  made->request.direct = ask.direct;
  return made;
}

}  // namespace

void ClusterService::decide(RedirectAsk ask, Then then) {
  const SteadyTime time = now();
  if (stopped_ || desk_.is_server(ask.client, ask.user_agent, ask.bare, time)) {
    then({.kind = RedirectAnswer::Kind::kServeRelay});
    return;
  }
  know_rules_of(ask.mount);
  const auto prepared = prepare(ask, desk_, services_.config.read());
  const Balancer::Client client{client_key(ask.client.ip(), ask.user_agent, ask.mount),
                                ask.user_agent};
  const Choice choice = balancer_.decide(prepared->request, client, time);
  tell_events();
  if (choice.kind == Choice::Kind::kHold && held_.size() < kMostHeld) {
    held_.push_back({std::move(ask), std::move(then)});
    if (!hold_.armed())
      hold_.after(
          std::max(0us, std::chrono::ceil<std::chrono::microseconds>(choice.hold_until - time)));
    return;
  }
  then(answer_of(choice, ask));
}

void ClusterService::release_held() {
  for (Held& held : std::exchange(held_, {})) decide(std::move(held.ask), std::move(held.then));
}

RedirectAnswer ClusterService::answer_of(const Choice& choice, const RedirectAsk& ask) {
  RedirectAnswer answer;
  answer.direct = choice.reason == PickReason::kCannotFollow;
  if (choice.kind == Choice::Kind::kServe) return answer;
  answer.kind = RedirectAnswer::Kind::kRefuse;
  if (choice.retry_after.count() > 0) answer.retry_after = choice.retry_after;
  if (choice.kind != Choice::Kind::kRedirect) return answer;
  const Node& node = table_.node(choice.node);
  const NodeAddress* address = node.address_for(ask.scheme, family_of(ask.client));
  if (address == nullptr) return answer;
  answer.kind = RedirectAnswer::Kind::kRedirect;
  answer.origin = origin_of(*address);
  answer.token = token_for(node, ask.mount, 1);
  return answer;
}

// A node that is our master too would redirect him again, and the next one back to us: where there
// are no keys, at least it is told that he has been redirected.
std::string ClusterService::token_for(const Node& node, std::string_view mount,
                                      std::uint8_t hops) const {
  const auto facts = facts_.read();
  const auto sign = [&](const TokenKeys& keys) {
    return keys.sign(node.id, mount, tag_of(facts->id), services_.clock.wall(), hops);
  };
  if (!facts->keys.empty() && desk_.checks_tokens(node.id)) return sign(facts->keys);
  const bool peer = services_.links->has_master(node.id) || services_.relays->has_master(node.id);
  return peer ? sign(facts->open_keys) : std::string();
}

RedirectAnswer ClusterService::bounce(const RedirectAsk& ask) {
  RedirectAnswer answer;
  if (stopped_ || desk_.is_server(ask.client, ask.user_agent, ask.bare, now())) return answer;
  const ClientKey client = client_key(ask.client.ip(), ask.user_agent, ask.mount);
  // Whoever comes back from there is served: it has lost the parameter.
  if (bounced_.last(client, now()).node != 0) return answer;
  auto master = services_.links->master_origin(ask.scheme);
  if (!master) master = services_.relays->master_origin(ask.scheme);
  if (!master) return answer;
  bounced_.redirected(client, user_agent_family(ask.user_agent), node_key(*master), now());
  answer.kind = RedirectAnswer::Kind::kRedirect;
  answer.origin = *master;
  return answer;
}

Choice ClusterService::explain(const RedirectAsk& ask, PickTrace& trace) {
  know_rules_of(ask.mount);
  const auto prepared = prepare(ask, desk_, services_.config.read());
  return balancer_.explain(prepared->request, now(), trace);
}

// At random by free room, as the policy would: lists that all begin with the same node would send
// everybody there.
std::vector<ClusterService::Place> ClusterService::best_places(const RedirectAsk& ask,
                                                               std::size_t most) {
  PickTrace trace;
  explain(ask, trace);
  struct Row {
    double key;
    NodeSlot slot;
    const NodeAddress* address;
  };
  std::vector<Row> rows;
  for (const PickTrace::Row& row : trace.rows) {
    const bool usable = row.out == OutReason::kIn || row.out == OutReason::kAboveBound ||
                        row.out == OutReason::kNoCarrier || row.out == OutReason::kPassedOver;
    if (!usable || row.node == table_.self()) continue;
    const NodeAddress* address =
        table_.node(row.node).address_for(ask.scheme, family_of(ask.client));
    if (address == nullptr) continue;
    // Without replacement: the largest of u^(1/weight); carriers before others.
    const double weight = std::max(1.0, row.room_kbps);
    rows.push_back(
        {std::log(1 - rng_.unit()) / weight + (row.carries ? 1e3 : 0), row.node, address});
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key > b.key; });
  std::vector<Place> out;
  for (const Row& row : rows) {
    if (out.size() == most) break;
    Place& place = out.emplace_back(Place{origin_of(*row.address), {}});
    place.token = token_for(table_.node(row.slot), ask.mount, 0);
  }
  return out;
}

// -- probes ---------------------------------------------------------------------------------------

void ClusterService::probe(NodeSlot slot) {
  const Node& node = table_.node(slot);
  if (node.addresses.empty() || stopped_) {
    table_.probed(slot, false, now());
    return;
  }
  const NodeAddress& address = node.addresses.front();
  ClientRequest request;
  request.target.host = address.host;
  request.target.port = address.port;
  request.target.tls = address.scheme == PublicScheme::kHttps;
  // Whatever is answered: somebody is there.
  request.head = "GET /_lb/health HTTP/1.0\r\nHost: " + to_text(address) +
                 "\r\nUser-Agent: icecast-lb\r\n\r\n";
  request.connect_deadline = request.head_deadline = kProbeTime;
  Probe made{node.key, nullptr};
  made.client = std::make_unique<Client>(
      services_.relays->connector(), std::move(request),
      [this, key = node.key](Result<ClientAnswer> answer) { probed(key, answer.has_value()); });
  probes_.push_back(std::move(made));
}

void ClusterService::probed(NodeKey node, bool answered) {
  // The client that calls is one of those that go.
  services_.loops.control().post([this, node] {
    std::erase_if(probes_, [node](const Probe& probe) { return probe.node == node; });
  });
  if (const NodeSlot slot = table_.find(node); slot != kNoNode)
    table_.probed(slot, answered, now());
  tell_events();
}

// -- this node as others see it -------------------------------------------------------------------

std::uint64_t ClusterService::arrivals(std::string_view master_id) const noexcept {
  return arrivals_[tag_of(master_id)].load(std::memory_order_relaxed);
}

NodeReport ClusterService::own_report(const std::vector<std::string>& mounts,
                                      std::string_view master_id) const {
  const auto config = services_.config.read();
  const auto facts = facts_.read();
  NodeReport report;
  report.form = NodeReport::Form::kOurs;
  report.id = facts->id;
  report.epoch = epoch_;
  report.addresses = own_addresses(*config);
  report.port = static_cast<std::uint16_t>(config->port);
  report.capacity = own_capacity(*config);
  report.tags = config->cluster.tags;
  report.countries = countries_of(config->cluster.countries);
  report.tokens = !facts->keys.empty();
  report.draining = services_.drain.draining();
  // In the first report, to a master that has not said its name, nobody has come from it yet.
  if (report.tokens) report.arrived = master_id.empty() ? 0 : arrivals(master_id);
  report.masters = 0;
  for (const MasterPlan& plan : master_plans(*config)) report.masters += plan.publish ? 1 : 0;
  double kbps = 0;
  unsigned people = 0;
  const auto all = services_.mounts.all();
  for (const auto& [name, mount] : *all) {
    if (!is_carried(*mount)) continue;
    kbps += people_of(*mount) * listener_kbps(*mount);
    people += people_of(*mount);
    report.relays += mount->facts()->relayed ? 1 : 0;
  }
  report.kbps = kbps;
  report.listeners = people;
  for (const std::string& name : mounts) {
    const auto mount = services_.mounts.find(name);
    ReportedMount row;
    row.mount = name;
    row.carries = mount != nullptr && is_carried(*mount);
    row.listeners = row.carries ? people_of(*mount) : 0;
    row.enforces = protections_of(mount_section(*config, name));
    if (row.carries || row.enforces != 0) report.mounts.push_back(std::move(row));
  }
  return report;
}

ListenersElsewhere ClusterService::listeners_elsewhere() const {
  ListenersElsewhere elsewhere;
  elsewhere.counted = redirects();
  if (!elsewhere.counted) return elsewhere;
  double all = 0;
  for (const Node& node : table_.nodes())
    if (node.kind != NodeKind::kSelf) all += node.reported_listeners;
  elsewhere.all = static_cast<std::uint64_t>(all);
  for (const MountNodes* row : table_.mounts()) {
    std::uint64_t sum = 0;
    for (const Carrier& carrier : row->carriers)
      if (carrier.node != table_.self()) sum += carrier.listeners;
    if (sum > 0) elsewhere.mounts.emplace(row->mount, sum);
  }
  return elsewhere;
}

}  // namespace lb
