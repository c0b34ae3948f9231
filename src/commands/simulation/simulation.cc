#include "commands/simulation/simulation.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <queue>
#include <string>
#include <utility>

#include "base/cat.h"
#include "cluster/balance/balancer.h"

namespace lb {
namespace {

constexpr double kConnectLeast = 0.02, kConnectMost = 0.30;  // from the redirect to the node
constexpr double kReportWay = 0.02;
constexpr double kNoticeSilence = 2.0;   // a player whose node is silent
constexpr double kConnectTimeout = 3.0;  // to a dead host
constexpr double kReset = 0.05;          // until a broken connection is noticed
constexpr double kBackLeast = 0.2, kBackMost = 3.0;
constexpr double kProbeDeadline = 0.5;
constexpr double kWarmUp = 60;
constexpr double kSample = 0.1;
constexpr double kCheckEvery = 0.25;  // the interval of a master's timers
constexpr SteadyTime kZero{std::chrono::hours(1)};

SteadyTime at(double seconds) {
  return kZero +
         std::chrono::duration_cast<SteadyTime::duration>(std::chrono::duration<double>(seconds));
}

std::chrono::milliseconds millis(double seconds) {
  return std::chrono::milliseconds(std::lround(seconds * 1000));
}

struct Report {
  LoadReport load;
  std::vector<std::uint64_t> arrivals;
};

struct World {
  struct Event {
    double when;
    std::uint64_t order;  // for equal times: the event planned first comes first
    void (World::*what)(unsigned, unsigned);
    unsigned a, b;
    bool operator<(const Event& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };
  struct Server {
    double capacity = 0;
    bool alive = true, present = true;
    double kbps = 0;
    unsigned listeners = 0;
    unsigned run = 0;  // counts its deaths
    std::vector<unsigned> mounts;
    std::vector<std::uint8_t> dirty;  // changed since the last report
    std::vector<unsigned> changed;
    std::vector<std::uint64_t> arrivals;
    std::deque<Report> on_the_way;
  };
  struct Listener {
    unsigned mount = 0;
    int server = -1;
    unsigned run = 0;
    bool displaced = false;
    unsigned master = 0;
  };
  struct Master {
    std::unique_ptr<NodeTable> table;
    std::unique_ptr<Balancer> balancer;
    std::vector<NodeSlot> slots;  // of the servers; kNoNode: no hello yet
  };

  World(const SimulationSetup& setup, std::uint64_t seed);
  SimulationResult run();

  // -- events --
  void ask(unsigned listener, unsigned);
  void connect(unsigned listener, unsigned server);
  void leave(unsigned listener, unsigned run);
  void report(unsigned server, unsigned);
  void receive(unsigned server, unsigned master);
  void die(unsigned server, unsigned);
  void lose_connection(unsigned server, unsigned master);
  void join(unsigned server, unsigned);
  void restart(unsigned master, unsigned);
  void sign_up(unsigned server, unsigned master);
  void probe(unsigned server, unsigned master);
  void check(unsigned master, unsigned);
  void sample(unsigned, unsigned);

  void plan(double when, void (World::*what)(unsigned, unsigned), unsigned a = 0, unsigned b = 0) {
    events_.push({when, ++planned_, what, a, b});
  }
  double between(double low, double high) { return low + (high - low) * rng_.unit(); }
  double exponential(double mean) { return -mean * std::log(1 - rng_.unit()); }
  void newcomer(double when);
  void make_master(unsigned index, double hold, unsigned expected);
  void take_events(unsigned master);
  double utilisation(const Server& server) const {
    return server.kbps / (server.capacity * kNominalListenerKbps);
  }

  const SimulationSetup setup_;
  const std::uint64_t seed_;
  Rng rng_;
  double now_ = 0;
  std::uint64_t planned_ = 0;
  std::priority_queue<Event> events_;
  std::vector<Server> servers_;
  std::vector<Master> masters_;
  std::vector<Listener> listeners_;
  std::vector<std::string> names_;
  std::vector<double> kbps_;
  std::vector<double> popularity_;  // cumulative
  SimulationResult result_;
  std::vector<double> spreads_;
  double last_uneven_ = -1;
  double last_sample_ = 0;
};

World::World(const SimulationSetup& setup, std::uint64_t seed)
    : setup_(setup),
      seed_(seed),
      rng_(seed * 7919 + 13),
      now_(setup.base > 0 ? -kWarmUp - 1 : -setup.report_every - 1) {
  double sum = 0;
  for (unsigned m = 0; m < setup.mounts; ++m) {
    names_.push_back(cat({"/s", seed, "-", m, ".mp3"}));
    const double dice = rng_.unit();
    kbps_.push_back(!setup.mixed_bitrates ? 128 : dice < 0.5 ? 64 : dice < 0.85 ? 128 : 320);
    popularity_.push_back(sum += 1 / std::pow(m + 1, setup.zipf));
  }
  for (double& p : popularity_) p /= sum;
  for (const double capacity : setup.capacities) {
    Server server;
    server.capacity = capacity;
    server.mounts.assign(setup.mounts, 0);
    server.dirty.assign(setup.mounts, 0);
    server.arrivals.assign(setup.masters, 0);
    servers_.push_back(std::move(server));
  }
  if (setup.joins >= 0) servers_[static_cast<std::size_t>(setup.joins)].present = false;
  masters_.resize(setup.masters);
  for (unsigned m = 0; m < setup.masters; ++m) {
    make_master(m, 0, 0);
    for (unsigned s = 0; s < servers_.size(); ++s) {
      if (servers_[s].present) sign_up(s, m);
    }
  }
}

void World::make_master(unsigned index, double hold, unsigned expected) {
  Master& master = masters_[index];
  master.balancer.reset();
  master.table = std::make_unique<NodeTable>(
      NodeTable::Settings{.hold = millis(hold), .expected = expected}, at(now_));
  BalanceSettings settings;
  settings.rules = setup_.rules;
  settings.eps = setup_.eps;
  settings.floor = setup_.floor;
  master.balancer = std::make_unique<Balancer>(*master.table, settings, rng_);
  master.slots.assign(servers_.size(), kNoNode);
  // The master has no room of its own, so a listener for which no node has room is refused.
  NodeHello self;
  self.id = cat({"master", index});
  self.kind = NodeKind::kSelf;
  self.capacity.kbps = 1;
  self.limits.weight = 0;
  static_cast<void>(master.table->hello(std::move(self), at(now_)));
  for (unsigned m = 0; m < setup_.mounts; ++m) master.table->set_mount_kbps(names_[m], kbps_[m]);
}

void World::sign_up(unsigned index, unsigned m) {
  Master& master = masters_[m];
  const Server& server = servers_[index];
  if (!server.alive) return;
  NodeHello hello;
  hello.id = cat({"node", index});
  hello.kind = setup_.kind;
  hello.epoch = std::to_string(server.run);
  hello.addresses.push_back(make_node_address(PublicScheme::kHttp, hello.id, 8000));
  hello.capacity.kbps = server.capacity * kNominalListenerKbps;
  hello.every = millis(setup_.report_every);
  hello.masters = setup_.masters_known ? setup_.masters : 1;
  hello.arrivals = server.arrivals[m];
  hello.limits.order = index;
  const auto slot = master.table->hello(std::move(hello), at(now_));
  if (!slot.has_value()) return;
  master.slots[index] = *slot;
  std::vector<MountLoad> carried;
  for (unsigned i = 0; i < setup_.mounts; ++i) {
    if (server.mounts[i] > 0) carried.push_back({names_[i], server.mounts[i], true});
  }
  if (setup_.counts_load) master.table->snapshot(*slot, std::move(carried), at(now_));
  LoadReport load;
  load.received = load.sampled = at(now_);
  if (setup_.counts_load) {
    load.kbps = server.kbps;
    load.listeners = server.listeners;
  }
  if (setup_.counts_arrivals) load.arrivals = server.arrivals[m];
  master.table->report(*slot, load);
  take_events(m);
}

void World::newcomer(double when) {
  const double dice = rng_.unit();
  const auto found = std::lower_bound(popularity_.begin(), popularity_.end(), dice);
  Listener listener;
  listener.mount = static_cast<unsigned>(
      std::min<std::ptrdiff_t>(found - popularity_.begin(), setup_.mounts - 1));
  listeners_.push_back(listener);
  plan(when, &World::ask, static_cast<unsigned>(listeners_.size() - 1));
}

void World::ask(unsigned index, unsigned) {
  Listener& listener = listeners_[index];
  const unsigned m = setup_.masters > 1 ? static_cast<unsigned>(rng_.below(setup_.masters)) : 0;
  PickRequest request;
  request.mount = names_[listener.mount];
  const ClientKey key = setup_.one_address ? 1 + listener.mount : index + 1;
  const Choice choice = masters_[m].balancer->decide(request, {key, "VLC/3.0"}, at(now_));
  take_events(m);
  switch (choice.kind) {
    case Choice::Kind::kRedirect: {
      const auto& slots = masters_[m].slots;
      const auto server = std::find(slots.begin(), slots.end(), choice.node) - slots.begin();
      listener.master = m;
      plan(now_ + between(kConnectLeast, kConnectMost), &World::connect, index,
           static_cast<unsigned>(server));
      return;
    }
    case Choice::Kind::kHold: {
      const double until = std::chrono::duration<double>(choice.hold_until - kZero).count();
      plan(std::max(now_, until) + 0.001 + 0.001 * rng_.unit(), &World::ask, index);
      return;
    }
    case Choice::Kind::kRefuse:
      ++result_.refused;
      plan(now_ + static_cast<double>(choice.retry_after.count()), &World::ask, index);
      return;
    case Choice::Kind::kServe:
      ++result_.served_here;
      return;
  }
}

void World::connect(unsigned index, unsigned s) {
  Listener& listener = listeners_[index];
  Server& server = servers_[s];
  if (!server.alive) {
    ++result_.wasted;
    plan(now_ + (setup_.silently ? kConnectTimeout : kReset) + between(0.2, 1.0), &World::ask,
         index);
    return;
  }
  ++server.arrivals[listener.master];
  ++server.listeners;
  server.kbps += kbps_[listener.mount];
  if (server.mounts[listener.mount]++ == 0) {
    ++result_.relay_starts;
    if (listener.displaced) ++result_.restarts;
  }
  if (std::exchange(server.dirty[listener.mount], 1) == 0) server.changed.push_back(listener.mount);
  if (listener.displaced) result_.rescued = std::max(result_.rescued, now_ - setup_.dies_at);
  listener.server = static_cast<int>(s);
  listener.run = server.run;
  result_.peak = std::max(result_.peak, utilisation(server));
  if (utilisation(server) > 1 + 1e-9) ++result_.above_cap;
  if (setup_.session > 0)
    plan(now_ + exponential(setup_.session), &World::leave, index, server.run);
}

void World::leave(unsigned index, unsigned run) {
  Listener& listener = listeners_[index];
  if (listener.server < 0) return;
  Server& server = servers_[static_cast<std::size_t>(listener.server)];
  if (server.run != run || listener.run != run) return;
  listener.server = -1;
  --server.listeners;
  server.kbps -= kbps_[listener.mount];
  --server.mounts[listener.mount];
  if (std::exchange(server.dirty[listener.mount], 1) == 0) server.changed.push_back(listener.mount);
}

void World::report(unsigned s, unsigned) {
  Server& server = servers_[s];
  if (!server.alive || !server.present) return;
  Report report;
  report.load.sampled = at(now_);
  if (setup_.counts_load) {
    report.load.kbps = server.kbps;
    report.load.listeners = server.listeners;
  }
  if (setup_.masters_known) report.load.masters = setup_.masters;
  for (const unsigned m : server.changed) {
    server.dirty[m] = 0;
    if (setup_.counts_load)
      report.load.changed.push_back({names_[m], server.mounts[m], server.mounts[m] > 0});
  }
  server.changed.clear();
  report.arrivals = server.arrivals;
  server.on_the_way.push_back(std::move(report));
  for (unsigned m = 0; m < setup_.masters; ++m) plan(now_ + kReportWay, &World::receive, s, m);
  plan(now_ + setup_.report_every, &World::report, s);
}

void World::receive(unsigned s, unsigned m) {
  Server& server = servers_[s];
  Report& report = server.on_the_way.front();
  const NodeSlot slot = masters_[m].slots[s];
  if (slot != kNoNode) {
    report.load.received = at(now_);
    report.load.arrivals.reset();
    if (setup_.counts_arrivals) report.load.arrivals = report.arrivals[m];
    masters_[m].table->report(slot, report.load);
    take_events(m);
  }
  if (m + 1 == setup_.masters) server.on_the_way.pop_front();
}

void World::die(unsigned s, unsigned) {
  Server& server = servers_[s];
  server.alive = false;
  ++server.run;
  server.kbps = server.listeners = 0;
  std::fill(server.mounts.begin(), server.mounts.end(), 0);
  for (unsigned i = 0; i < listeners_.size(); ++i) {
    Listener& listener = listeners_[i];
    if (listener.server != static_cast<int>(s)) continue;
    listener.server = -1;
    listener.displaced = true;
    plan(now_ + (setup_.silently ? kNoticeSilence : 0) + between(kBackLeast, kBackMost),
         &World::ask, i);
  }
  if (setup_.silently) return;
  for (unsigned m = 0; m < setup_.masters; ++m) plan(now_ + kReset, &World::lose_connection, s, m);
}

void World::lose_connection(unsigned s, unsigned m) {
  masters_[m].table->connection_lost(masters_[m].slots[s], "connection reset", at(now_));
}

void World::join(unsigned s, unsigned) {
  servers_[s].present = true;
  for (unsigned m = 0; m < setup_.masters; ++m) sign_up(s, m);
  report(s, 0);
}

void World::restart(unsigned m, unsigned) {
  make_master(m, setup_.hold, static_cast<unsigned>(servers_.size()));
  for (unsigned s = 0; s < servers_.size(); ++s)
    plan(now_ + 0.1 + setup_.register_within * rng_.unit(), &World::sign_up, s, m);
}

void World::check(unsigned m, unsigned) {
  masters_[m].table->expire(at(now_));
  take_events(m);
  plan(now_ + kCheckEvery, &World::check, m);
}

void World::take_events(unsigned m) {
  for (const NodeEvent& event : masters_[m].table->take_events()) {
    if (event.kind != NodeEvent::Kind::kProbeWanted) continue;
    const auto& slots = masters_[m].slots;
    const auto server =
        static_cast<unsigned>(std::find(slots.begin(), slots.end(), event.slot) - slots.begin());
    plan(now_ + (servers_[server].alive || !setup_.silently ? kReset : kProbeDeadline),
         &World::probe, server, m);
  }
}

void World::probe(unsigned s, unsigned m) {
  masters_[m].table->probed(masters_[m].slots[s], servers_[s].alive, at(now_));
  take_events(m);
}

void World::sample(unsigned, unsigned) {
  double highest = 0, lowest = 1e9, kbps = 0, capacity = 0;
  for (const Server& server : servers_) {
    if (!server.alive || !server.present) continue;
    highest = std::max(highest, utilisation(server));
    lowest = std::min(lowest, utilisation(server));
    kbps += server.kbps;
    capacity += server.capacity * kNominalListenerKbps;
  }
  result_.mean = kbps / capacity;
  if (result_.mean > 0.1) {
    spreads_.push_back(highest - lowest);
    if (highest - result_.mean > 0.10) last_uneven_ = now_;
  }
  last_sample_ = now_;
  plan(now_ + kSample, &World::sample);
}

SimulationResult World::run() {
  const double start = now_;
  for (unsigned i = 0; i < setup_.base; ++i) newcomer(-kWarmUp * rng_.unit());
  for (unsigned i = 0; i < setup_.crowd; ++i) newcomer(setup_.crowd_seconds * rng_.unit());
  if (setup_.arrivals > 0) {
    for (double t = setup_.base > 0 ? -1 : 0;
         (t += exponential(1 / setup_.arrivals)) < setup_.seconds;)
      newcomer(t);
  }
  for (unsigned s = 0; s < servers_.size(); ++s)
    plan(start + setup_.report_every * rng_.unit(), &World::report, s);
  for (unsigned m = 0; m < setup_.masters; ++m) plan(start, &World::check, m);
  if (setup_.dies >= 0) plan(setup_.dies_at, &World::die, static_cast<unsigned>(setup_.dies));
  if (setup_.joins >= 0) plan(setup_.joins_at, &World::join, static_cast<unsigned>(setup_.joins));
  if (setup_.restart_at >= 0) plan(setup_.restart_at, &World::restart, 0);
  plan(kSample, &World::sample);
  while (!events_.empty() && events_.top().when <= setup_.seconds) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.when;
    (this->*event.what)(event.a, event.b);
  }
  std::sort(spreads_.begin(), spreads_.end());
  if (!spreads_.empty())
    result_.spread99 =
        spreads_[static_cast<std::size_t>(static_cast<double>(spreads_.size() - 1) * 0.99)];
  const double moment = std::max(
      {setup_.dies >= 0 ? setup_.dies_at : 0, setup_.joins >= 0 ? setup_.joins_at : 0, 0.0});
  if (last_uneven_ >= 0)
    result_.settled =
        last_uneven_ > last_sample_ - 0.25 ? -1 : std::max(0.0, last_uneven_ - moment);
  std::vector<std::uint8_t> used(setup_.mounts, 0);
  for (const Server& server : servers_) {
    result_.listeners.push_back(server.listeners);
    for (unsigned m = 0; m < setup_.mounts; ++m) {
      if (server.mounts[m] == 0) continue;
      ++result_.relays;
      used[m] = 1;
    }
  }
  result_.mounts_used = static_cast<double>(std::count(used.begin(), used.end(), 1));
  return std::move(result_);
}

}  // namespace

std::vector<double> uneven_nodes(unsigned groups, double total) {
  const double unit = total / (16.0 * groups);
  std::vector<double> out;
  for (unsigned g = 0; g < groups; ++g) {
    for (const double size : {10.0, 5.0, 1.0}) out.push_back(size * unit);
  }
  return out;
}

SimulationResult simulate(const SimulationSetup& setup, std::uint64_t seed) {
  return World(setup, seed).run();
}

}  // namespace lb
