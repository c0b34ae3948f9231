#include "cluster.h"

#include <algorithm>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/drain/drain.h"
#include "app/services/services.h"
#include "base/cat.h"

namespace lb::sim {
namespace {

constexpr std::string_view kOpen = "/live", kLimited = "/limited";
constexpr auto kFaults = 10s;     // so long something goes wrong
constexpr auto kSettled = 5s;     // behind the last fault all tables are right
constexpr auto kSlotsBack = 16s;  // slots of a node that fell silent are held for 15 s
constexpr auto kApart = 900ms;    // a root holds the slots of a lost node for a second
constexpr auto kApartStays = 20s;
constexpr int kMostRounds = 1000;

std::string secret_of(unsigned host) {
  return cat({"secret-of-node-", host, "-0123456789abcdef0123"});
}

}  // namespace

Cluster::Cluster(const Options& options)
    : options_(options),
      world_(options.seed * 0x9e3779b97f4a7c15ULL + 1, trace_),
      random_(world_.random()),
      begun_(world_.now()) {
  trace_.show(options.shown);
  world_.on_sent_out = [this](unsigned host, Peer& to, std::string_view bytes) {
    sent_out(host, to, bytes);
  };
  make_nodes();
}

Cluster::~Cluster() {
  for (Guest& guest : guests_) guest.listener->on_change = {};
  guests_.clear();
  encoders_.clear();
}

// -- servers --------------------------------------------------------------------------------------

std::string Cluster::head_of(unsigned host) const {
  return cat(
      {"<icecast><hostname>", World::ip(host),
       "</hostname><authentication><source-password>sourcepass"
       "</source-password><admin-user>admin</admin-user><admin-password>rootpass</admin-password>"
       "<relay-user>relay</relay-user><relay-password>relaypass</relay-password></authentication>"
       "<limits><threads>1</threads></limits>"
       "<listen-socket><port>8000</port></listen-socket>"
       "<paths><webroot>",
       options_.directory, "/web</webroot><logdir>", options_.directory,
       "</logdir></paths><logging><errorlog>",
       options_.shown ? cat({"error-", host, ".log"}) : "/dev/null",
       "</errorlog><accesslog>/dev/null</accesslog><loglevel>", options_.shown ? 4 : 1,
       "</loglevel></logging>"
       "<mount><mount-name>",
       kLimited, "</mount-name><max-listeners-cluster>", limit_,
       "</max-listeners-cluster></mount>"});
}

std::string Cluster::config_of_master(unsigned host) const {
  std::string text =
      cat({head_of(host), "<max-redirect-slaves>-1</max-redirect-slaves><cluster><id>m", host,
           "</id><cluster-port>8100</cluster-port><public-address>", World::ip(host),
           ":8000</public-address><capacity max-listeners=\"100\" self-weight=\"0\"/>"});
  for (std::size_t i = 0; i < edges(); ++i) {
    const auto edge = static_cast<unsigned>(1 + masters_ + i);
    text += cat({"<node id=\"e", edge, "\" secret=\"", secret_of(edge), "\" allow-public=\"",
                 World::ip(edge), ":8000\" max-listeners=\"", room_, "\"/>"});
  }
  return text + "</cluster></icecast>";
}

std::string Cluster::config_of_edge(unsigned host) const {
  std::string text = head_of(host);
  for (unsigned master = 1; master <= masters_; ++master)
    text += cat({"<master><server>", World::ip(master),
                 "</server><port>8000</port><cluster-port>8100</cluster-port>"
                 "<username>e",
                 host, "</username><password>", secret_of(host),
                 "</password><retry-max>1</retry-max></master>"});
  return text + cat({"<master-public-slave>1</master-public-slave><relays-on-demand>1</"
                     "relays-on-demand><cluster><id>e",
                     host, "</id><public-address>", World::ip(host),
                     ":8000</public-address><capacity max-listeners=\"", room_,
                     "\"/></cluster></icecast>"});
}

void Cluster::make_nodes() {
  masters_ = random_.below(3) == 0 ? 2 : 1;
  const std::size_t all = masters_ + 2 + random_.below(2);
  limit_ = static_cast<unsigned>(3 + random_.below(6));
  room_ = static_cast<unsigned>(5 + random_.below(6));
  seats_.resize(all);
  for (unsigned host = 1; host <= all; ++host) {
    Seat& seat = seats_[host - 1];
    seat.master = host <= masters_;
    seat.node = std::make_unique<Node>(world_, host, cat({seat.master ? "m" : "e", host}),
                                       options_.directory,
                                       seat.master ? config_of_master(host) : config_of_edge(host));
  }
  for (unsigned master = 1; master <= masters_; ++master) {
    encoders_.push_back(
        std::make_unique<Encoder>(world_, std::string(kOpen), [master] { return master; }));
    encoders_.push_back(
        std::make_unique<Encoder>(world_, std::string(kLimited), [master] { return master; }));
  }
}

Cluster::Seat* Cluster::seat_of(unsigned host) {
  return host == kOutside || host > seats_.size() ? nullptr : &seats_[host - 1];
}

// -- time -----------------------------------------------------------------------------------------

void Cluster::fail(std::string why) {
  if (failure_) return;
  trace_.say(world_.now(), "FAILED: " + why);
  failure_ = std::move(why);
}

void Cluster::step() {
  world_.fire();
  int rounds = 0;
  for (bool more = true; more && !failure_;) {
    more = false;
    if (++rounds > kMostRounds) fail("the same moment does not end");
    for (Seat& seat : seats_)
      if (seat.node->due() <= world_.now()) {
        seat.node->turn();
        world_.collect();
        more = true;
        if (seat.node->restless()) fail(seat.node->id() + " spins: its loops do not come to rest");
      }
  }
}

void Cluster::run_until(Nanos time) {
  while (!failure_) {
    Nanos next = world_.next();
    for (const Seat& seat : seats_) next = std::min(next, seat.node->due());
    if (next > time) break;
    world_.go_to(std::max(world_.now(), next));
    step();
  }
  if (!failure_) world_.go_to(time);
}
void Cluster::run_for(Nanos time) { run_until(world_.now() + time); }

// -- listeners ------------------------------------------------------------------------------------

void Cluster::listener_comes(const std::string& mount, Nanos stays) {
  const auto first = static_cast<unsigned>(1 + random_.below(masters_));
  guests_.push_back(
      {std::make_unique<Listener>(world_, next_guest_++, mount, first), 0, world_.now() + stays});
  Listener* const listener = guests_.back().listener.get();
  const unsigned number = listener->number();
  world_.after(stays, [this, number] {
    const auto at = std::find_if(guests_.begin(), guests_.end(), [number](const Guest& guest) {
      return guest.listener->number() == number;
    });
    if (at == guests_.end()) return;
    at->listener->leave();
    guests_.erase(at);
  });
}

void Cluster::next_listener() {
  if (calm_) return;
  listener_comes(std::string(random_.below(2) == 0 ? kOpen : kLimited),
                 500ms + Nanos(random_.below(8'000'000'000)));
  world_.after(Nanos(random_.below(500'000'000)), [this] { next_listener(); });
}

void Cluster::sent_out(unsigned host, Peer& to, std::string_view bytes) {
  if (!bytes.starts_with("HTTP/1.")) return;
  const auto guest = std::find_if(guests_.begin(), guests_.end(),
                                  [&](const Guest& each) { return each.listener.get() == &to; });
  if (guest == guests_.end() || guest->listener->admitted) return;
  const int status = status_of(bytes);
  trace_.note(world_.now(), "answer", host, guest->listener->number(),
              static_cast<std::uint64_t>(status));
  if (status == 302) check_redirect(host, *guest->listener, bytes);
  if (status == 200) check_admission(host, *guest);
}

// -- faults ---------------------------------------------------------------------------------------

void Cluster::next_fault() {
  if (calm_ || !options_.faults) return;
  fault();
  last_fault_ = world_.now();
  world_.after(100ms + Nanos(random_.below(1'900'000'000)), [this] { next_fault(); });
}

void Cluster::fault() {
  const unsigned host = random_host(), edge = random_edge();
  const auto master = static_cast<unsigned>(1 + random_.below(masters_));
  Node& node = *seats_[host - 1].node;
  const Nanos lasts = 100ms + Nanos(random_.below(4'000'000'000));
  const auto say = [this](std::string what) { trace_.say(world_.now(), std::move(what)); };
  switch (random_.below(12)) {
    case 0: {
      node.kill();
      world_.after(lasts, [this, host] {
        seats_[host - 1].node->start();
        ++seats_[host - 1].life;
      });
      return;
    }
    case 1:
      node.pause(true);
      world_.after(lasts, [&node] { node.pause(false); });
      return;
    case 2:
      node.stop_politely();
      world_.after(1s + lasts, [this, host] {
        if (seats_[host - 1].node->up()) return;
        seats_[host - 1].node->start();
        ++seats_[host - 1].life;
      });
      return;
    case 3:
    case 4: {
      const bool out = random_.below(2) == 0, both = random_.below(2) == 0;
      say(cat({"cut ", edge, both ? " <> " : out ? " > " : " < ", master}));
      if (both || out) world_.cut(edge, master, true);
      if (both || !out) world_.cut(master, edge, true);
      world_.after(lasts, [this, edge, master, say] {
        say(cat({"healed ", edge, " <> ", master}));
        world_.cut(edge, master, false);
        world_.cut(master, edge, false);
      });
      return;
    }
    case 5:
    case 6: {
      const bool half = random_.below(3) == 0;
      say(cat({"reset ", edge, half ? " only, " : " and ", master}));
      if (random_.below(2) == 0)
        world_.reset_between(edge, master, half);
      else
        world_.reset_between(master, edge, half);
      return;
    }
    case 7: {
      const Nanos late(random_.below(2'000'000'000));
      say(cat({"delay ", edge, " <> ", master}));
      world_.delay(edge, master, late);
      world_.delay(master, edge, random_.below(2) == 0 ? late : Nanos(0));
      world_.after(lasts, [this, edge, master] {
        world_.delay(edge, master, Nanos(0));
        world_.delay(master, edge, Nanos(0));
      });
      return;
    }
    case 8:
      say(cat({"clock of ", host, " jumps"}));
      world_.host(host).wall_offset =
          random_.below(2) == 0 ? std::chrono::hours(24 * 365) : -std::chrono::hours(24);
      return;
    case 9: {
      Seat& seat = seats_[edge - 1];
      if (!seat.node->lives()) return;
      say(cat({"drain ", edge}));
      seat.node->as([&] { seat.node->services().drainer->begin({}); });
      world_.host(edge).touched = true;
      world_.after(lasts, [this, edge] {
        Seat& it = seats_[edge - 1];
        if (!it.node->up()) return;
        it.node->as([&] { it.node->services().drainer->cancel(); });
        world_.host(edge).touched = true;
      });
      return;
    }
    case 10: {
      Encoder& encoder = *encoders_[random_.below(encoders_.size())];
      say("an encoder rests");
      encoder.send(false);
      world_.after(lasts, [&encoder] { encoder.send(true); });
      return;
    }
    case 11:
      node.hand_over();
      return;
  }
}

void Cluster::heal() {
  for (unsigned a = 1; a <= seats_.size(); ++a)
    for (unsigned b = 1; b <= seats_.size(); ++b) {
      world_.cut(a, b, false);
      world_.delay(a, b, Nanos(0));
    }
  for (Seat& seat : seats_) {
    seat.node->pause(false);
    if (!seat.node->up()) {
      seat.node->start();
      ++seat.life;
    }
    seat.node->as([&] { seat.node->services().drainer->cancel(); });
    world_.host(seat.node->host()).touched = true;
  }
  for (const auto& encoder : encoders_) encoder->send(true);
  trace_.say(world_.now(), "all is healed");
}

bool Cluster::linked(unsigned host) {
  Seat& seat = seats_[host - 1];
  if (!seat.node->lives()) return false;
  if (seat.master) return true;
  std::size_t up = 0;
  for (const LinkRow& row : seat.node->services().links->rows()) up += row.up ? 1 : 0;
  return up == masters_;
}

void Cluster::look_at_links() {
  for (Seat& seat : seats_) {
    if (linked(seat.node->host())) {
      if (seat.unlinked != Nanos::max() && world_.now() - seat.unlinked > kApart)
        seat.apart_until = world_.now() + kApartStays;
      seat.unlinked = Nanos::max();
    } else if (seat.unlinked == Nanos::max()) {
      seat.unlinked = world_.now();
    }
    if (seat.unlinked != Nanos::max() && world_.now() - seat.unlinked > kApart)
      seat.apart_until = world_.now() + kApartStays;
  }
  world_.after(100ms, [this] { look_at_links(); });
}

// -- what has to hold -----------------------------------------------------------------------------

void Cluster::check_redirect(unsigned from, Listener& listener, std::string_view head) {
  ++redirected_;
  const unsigned to = host_of_url(line_of(head, "Location"), nullptr);
  Seat* const target = seat_of(to);
  if (target == nullptr) return fail(cat({"a redirect leads to ", line_of(head, "Location")}));
  if (to == from)
    return fail(cat({"host ", from, " redirects listener ", listener.number(), " to itself"}));
  if (listener.hops() >= Listener::kMostHops)
    return fail(cat({"listener ", listener.number(), " is redirected for the fourth time"}));
  Seat& seat = seats_[from - 1];
  if (!seat.master || target->master) return;
  // A server that was stopped judges by its own time until it has read what has come meanwhile.
  const bool awake = world_.now() - seat.node->went_on() > 500ms;
  const SteadyTime now(world_.now());
  const auto state =
      seat.node->services().cluster->decider().with_table([&](const NodeTable& table) {
        const NodeSlot slot = table.find(target->node->id());
        if (slot == kNoNode) return NodeState::kDead;
        const lb::Node& node = table.node(slot);
        if (node.state != NodeState::kUp && node.since == now)
          return NodeState::kUp;  // in this turn
        return awake ? node.state_at(now) : node.state;
      });
  if (state == NodeState::kDead || state == NodeState::kDraining)
    fail(cat({"host ", from, " redirects listener ", listener.number(), " to ", target->node->id(),
              ", which it knows to be ", state == NodeState::kDead ? "dead" : "draining"}));
}

unsigned Cluster::live_guests(const std::string& mount, bool apart_too) const {
  unsigned count = 0;
  for (const Guest& guest : guests_) {
    const Listener& listener = *guest.listener;
    if (!listener.admitted || listener.mount() != mount) continue;
    const Seat& seat = seats_[listener.at() - 1];
    if (!seat.node->up() || seat.life != guest.life) continue;
    if (apart_too || world_.now() >= seat.apart_until) ++count;
  }
  return count;
}

void Cluster::check_admission(unsigned at, Guest& guest) {
  ++served_;
  guest.listener->admitted = true;
  guest.life = seats_[at - 1].life;
  if (guest.listener->mount() != kLimited || masters_ > 1) return;
  if (world_.now() < seats_[at - 1].apart_until) return;
  if (const unsigned inside = live_guests(std::string(kLimited), false); inside > limit_)
    fail(cat({"listener ", guest.listener->number(), " is the ", inside, "th within a limit of ",
              limit_}));
}

void Cluster::check_tables(const char* when) {
  for (Seat& seat : seats_) {
    if (!seat.master) {
      std::uint64_t truth = 0;
      for (const Guest& guest : guests_)
        truth += guest.listener->admitted && guest.listener->at() == seat.node->host() ? 1 : 0;
      if (const auto counted = seat.node->services().audience(); counted != truth)
        fail(cat({when, ": ", seat.node->id(), " counts ", counted, " listeners and has ", truth}));
      continue;
    }
    for (Seat& other : seats_) {
      if (other.master) continue;
      const std::string id = other.node->id();
      const std::uint64_t truth = other.node->services().audience();
      seat.node->services().cluster->decider().with_table([&](const NodeTable& table) {
        const NodeSlot slot = table.find(id);
        if (slot == kNoNode) return fail(cat({when, ": ", seat.node->id(), " does not know ", id}));
        const lb::Node& node = table.node(slot);
        if (node.state_at(SteadyTime(world_.now())) != NodeState::kUp)
          fail(cat({when, ": ", id, " is not up for ", seat.node->id(), ": ", node.why}));
        if (static_cast<std::uint64_t>(node.reported_listeners) != truth)
          fail(cat({when, ": ", seat.node->id(), " counts ",
                    static_cast<std::uint64_t>(node.reported_listeners), " listeners of ", id,
                    ", which has ", truth}));
        if (node.unacked.count() != 0)
          fail(cat({when, ": ", node.unacked.count(), " redirects to ", id,
                    " are not confirmed at ", seat.node->id()}));
      });
    }
  }
}

// As many come as the limit allows, whatever has happened before.
void Cluster::check_fill() {
  if (masters_ > 1) return;
  const std::string mount(kLimited);
  for (int round = 0; round < 12 && !failure_ && live_guests(mount, true) < limit_; ++round) {
    const unsigned lacks = limit_ - live_guests(mount, true);
    for (unsigned i = 0; i < lacks; ++i) listener_comes(mount, 60s);
    run_for(1s);
  }
  if (failure_) return;
  if (const unsigned inside = live_guests(mount, true); inside != limit_)
    fail(cat({"slots are lost: ", inside, " listeners get in where the limit is ", limit_}));
}

void Cluster::check_empty() {
  for (Guest& guest : guests_) guest.listener->leave();
  guests_.clear();
  run_for(3s);
  if (!failure_) check_tables("at the end");
}

std::optional<std::string> Cluster::run() {
  for (Seat& seat : seats_) {
    seat.unlinked = world_.now();
    world_.after(Nanos(random_.below(800'000'000)), [&seat] { seat.node->start(); });
  }
  for (const auto& encoder : encoders_)
    world_.after(1s + Nanos(random_.below(500'000'000)), [&encoder] { encoder->send(true); });
  world_.after(2s, [this] { next_listener(); });
  world_.after(3s, [this] { next_fault(); });
  look_at_links();
  run_for(3s + kFaults);
  calm_ = true;
  run_for(5s);  // faults that last
  heal();
  run_for(kSettled);
  if (!failure_) check_tables("5 s after the last fault");
  run_for(kSlotsBack - kSettled);
  if (!failure_) check_fill();
  if (!failure_) check_empty();
  return failure_;
}

}  // namespace lb::sim
