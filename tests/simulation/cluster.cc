#include "cluster.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/drain/drain.h"
#include "app/handover/take_over.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "frames.h"

namespace lb::sim {
namespace {

constexpr std::uint16_t kStudioPort = 9000;
constexpr auto kFaults = 10s;  // so long something goes wrong
constexpr auto kBegins = 4s;   // until the first listener
constexpr auto kRecordsBegin = 2500ms;
constexpr auto kLastFault = 5s;   // behind which all faults are over
constexpr auto kSettled = 5s;     // behind the last fault all tables are right
constexpr auto kSlotsBack = 16s;  // slots of a node that fell silent are held for 15 s
constexpr int kMaxRounds = 1000;

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
  repeated_frames() = {};
  repeated_frames().on_wrong = [this](std::string why) { fail(std::move(why)); };
  make_nodes();
}

Cluster::~Cluster() {
  repeated_frames() = {};
  for (Guest& guest : guests_) guest.listener->on_change = {};
  guests_.clear();
  players_.clear();
  encoders_.clear();
}

// -- servers --------------------------------------------------------------------------------------

std::string Cluster::head_of(unsigned host) const {
  return cat(
      {"<icecast><hostname>",
       World::ip(host),
       "</hostname><authentication><source-password>sourcepass"
       "</source-password><admin-user>admin</admin-user><admin-password>rootpass</admin-password>"
       "<relay-user>relay</relay-user><relay-password>relaypass</relay-password></authentication>"
       "<limits><threads>1</threads><burst-size>16384</burst-size></limits>"
       "<listen-socket><port>8000</port></listen-socket>"
       "<mime-types>",
       options_.directory,
       "/types</mime-types><paths><webroot>",
       options_.directory,
       "/web</webroot><logdir>",
       options_.directory,
       "</logdir>",
       records_ ? cat({"<state-dir>", options_.directory, "/state-", host, "</state-dir>"})
                : std::string(),
       "</paths>",
       !records_ || host > masters_ ? std::string()
       : etcd_
           ? Etcd::config(cat({options_.directory, "/store-", host}))
           : cat({"<store type=\"files\" path=\"", options_.directory, "/store-", host, "\"/>"}),
       "<logging><errorlog>",
       options_.shown ? cat({"error-", host, ".log"}) : "/dev/null",
       "</errorlog><accesslog>/dev/null</accesslog><loglevel>",
       options_.shown ? 4 : 1,
       "</loglevel></logging>"
       "<mount><mount-name>",
       kLimited,
       "</mount-name><max-listeners-cluster>",
       limit_,
       "</max-listeners-cluster></mount>",
       hls_ ? "<hls><segment>2</segment><window>20</window></hls>" : "",
       past_ ? cat({"<archive><dir>", options_.directory, "/archive-", host,
                    "</dir><min-free>0%</min-free><readers>1</readers></archive>"})
             : std::string(),
       open_mount_of(host),
       studio_ ? cat({"<relay><server>", World::ip(kOutside), "</server><port>", kStudioPort,
                      "</port><mount>", kStudio, "</mount><local-mount>", kStudio,
                      "</local-mount><on-demand>0</on-demand><ingest>once</ingest></relay>"})
               : std::string()});
}

std::string Cluster::open_mount_of(unsigned host) const {
  const bool records = seats_[host - 1].records;
  if (!hls_ && !records) return {};
  return cat({"<mount><mount-name>", kOpen, "</mount-name>", hls_ ? "<hls>1</hls>" : "",
              records ? "<archive><enabled>1</enabled></archive>" : "", "</mount>"});
}

// To its masters; of a peer, to the others.
std::string Cluster::links_of(unsigned host) const {
  std::string text;
  for (unsigned master = 1; master <= masters_; ++master)
    if (master != host)
      text += cat({"<master><server>", World::ip(master),
                   "</server><port>8000</port><cluster-port>8100</cluster-port><username>",
                   host <= masters_ ? "m" : "e", host, "</username><password>", secret_of(host),
                   "</password><retry-max>1</retry-max></master>"});
  return text + "<master-public-slave>1</master-public-slave>";
}

std::string Cluster::config_of_master(unsigned host) const {
  std::string text =
      cat({head_of(host), peers_ ? links_of(host) : std::string(),
           "<max-redirect-slaves>-1</max-redirect-slaves><cluster><id>m", host,
           "</id><cluster-port>8100</cluster-port><public-address>", World::ip(host),
           ":8000</public-address><capacity max-listeners=\"100\" self-weight=\"0\"/>",
           peers_ ? "<token keys=\"one-long-key-for-all-of-them\"/>" : ""});
  for (unsigned peer = 1; peers_ && peer <= masters_; ++peer)
    if (peer != host)
      text += cat({"<node id=\"m", peer, "\" secret=\"", secret_of(peer), "\" allow-public=\"",
                   World::ip(peer), ":8000\"/>"});
  for (std::size_t i = 0; i < edges(); ++i) {
    const auto edge = static_cast<unsigned>(1 + masters_ + i);
    text += cat({"<node id=\"e", edge, "\" secret=\"", secret_of(edge), "\" allow-public=\"",
                 World::ip(edge), ":8000\" max-listeners=\"", room_,
                 studio_ ? cat({"\" sources=\"", kStudio}) : "", "\"/>"});
  }
  return text + "</cluster></icecast>";
}

std::string Cluster::config_of_edge(unsigned host) const {
  return cat({head_of(host), links_of(host), "<relays-on-demand>1</relays-on-demand><cluster><id>e",
              host, "</id><public-address>", World::ip(host),
              ":8000</public-address><capacity max-listeners=\"", room_,
              "\"/></cluster></icecast>"});
}

void Cluster::make_nodes() {
  // The system's long list is read at each start.
  std::ofstream(cat({options_.directory, "/types"})) << "audio/mpeg mp3\n";
  masters_ = random_.below(3) == 0 ? 2 : 1;
  peers_ = masters_ == 2 && random_.below(2) == 0;
  if (masters_ == 1) studio_ = std::make_unique<Studio>(world_, kStudioPort);
  const std::size_t all = masters_ + 2 + random_.below(2);
  if (masters_ == 1 && random_.below(6) == 0) {
    if (random_.below(2) == 0) etcd_ = std::make_unique<Etcd>(world_);
    std::vector<unsigned> homes;
    for (unsigned host = 2; host <= all; ++host) homes.push_back(host);
    records_ = std::make_unique<Records>(world_, 1, std::move(homes),
                                         [this](std::string why) { fail(std::move(why)); });
    for (unsigned host = 1; host <= all; ++host)
      for (const char* const kind : {"/state-", "/store-"})
        std::filesystem::remove_all(cat({options_.directory, kind, host}));
  }
  hls_ = random_.below(5) == 0;
  limit_ = static_cast<unsigned>(3 + random_.below(6));
  room_ = static_cast<unsigned>(5 + random_.below(6));
  seats_.resize(all);
  choose_recorders();
  choose_titles();
  for (unsigned host = 1; host <= all; ++host) {
    Seat& seat = seats_[host - 1];
    seat.master = host <= masters_;
    seat.node = std::make_unique<Node>(world_, host, cat({seat.master ? "m" : "e", host}),
                                       options_.directory,
                                       seat.master ? config_of_master(host) : config_of_edge(host));
  }
  const auto make = [this](std::string_view mount, std::function<unsigned()> where) {
    encoders_.push_back(std::make_unique<Encoder>(world_, std::string(mount), std::move(where)));
  };
  for (const std::string_view mount : {kOpen, kLimited}) {
    // Of peers any takes it.
    if (peers_) make(mount, [this] { return random_master(); });
    for (unsigned master = 1; !peers_ && master <= masters_; ++master)
      make(mount, [master] { return master; });
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
    if (++rounds > kMaxRounds) fail("the same moment does not end");
    for (Seat& seat : seats_) more |= turn(*seat.node);
    if (twin_.node != nullptr) more |= turn(*twin_.node);
  }
}

bool Cluster::turn(Node& node) {
  if (node.due() > world_.now()) return false;
  node.turn();
  world_.collect();
  if (node.restless()) fail(node.id() + " spins: its loops do not come to rest");
  return true;
}

void Cluster::run_until(Nanos time) {
  while (!failure_) {
    Nanos next = world_.next();
    for (Seat& seat : seats_) next = std::min(next, seat.node->due());
    if (twin_.node != nullptr) next = std::min(next, twin_.node->due());
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
  world_.after(stays, [this, number] { leaves(number); });
}

void Cluster::leaves(unsigned number) {
  const auto at = std::find_if(guests_.begin(), guests_.end(), [number](const Guest& guest) {
    return guest.listener->number() == number;
  });
  if (at == guests_.end()) return;
  if (at->listener->from_ms() != 0) ++gone_of_past_[at->listener->at()];
  at->listener->leave();
  guests_.erase(at);
}

void Cluster::player_comes(Nanos stays) {
  const auto first = static_cast<unsigned>(1 + random_.below(masters_));
  const unsigned number = next_player_++;
  players_[number] = std::make_unique<Player>(world_, segments_, std::string(kOpen), first,
                                              [this](std::string why) { fail(std::move(why)); });
  world_.after(stays, [this, number] {
    const auto at = players_.find(number);
    if (at == players_.end()) return;
    played_ += at->second->segments();
    players_.erase(at);
  });
}

void Cluster::next_listener() {
  if (calm_) return;
  if (hls_ && random_.below(4) == 0) player_comes(1s + Nanos(random_.below(2'500'000'000)));
  std::vector<std::string_view> mounts{kOpen, kLimited};
  if (studio_) mounts.push_back(kStudio);
  if (records_ && records_->home() != 0) mounts.push_back(kMoving);
  listener_comes(std::string(mounts[random_.below(mounts.size())]),
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

std::optional<std::string> Cluster::run() {
  for (Seat& seat : seats_) {
    seat.unlinked = world_.now();
    const unsigned host = seat.node->host();
    world_.after(Nanos(random_.below(800'000'000)),
                 [this, host] { seats_[host - 1].node->start(); });
  }
  for (const auto& encoder : encoders_)
    world_.after(1s + Nanos(random_.below(500'000'000)), [&encoder] { encoder->send(true); });
  if (records_) world_.after(kRecordsBegin, [this] { records_->begin(); });
  look_at_links();
  run_for(kBegins);
  note_sizes();
  next_listener();
  if (past_) next_listener_of_past();
  if (titles_) next_title();
  world_.after(1s, [this] { next_fault(); });
  if (etcd_) world_.after(1s, [this] { next_fault_of_etcd(); });
  run_for(kFaults);
  calm_ = true;
  if (records_) records_->stop();
  run_for(kLastFault);
  heal();
  const Nanos healed = world_.now();
  run_for(kSettled);
  if (!failure_) check_tables("5 s after the last fault");
  if (!failure_) check_peers("5 s after the last fault");
  if (!failure_ && past_) check_holders("5 s after the last fault");
  // What the members of an etcd are is asked every 10 s.
  if (!failure_ && !etcd_) check_records("5 s after the last fault");
  run_until(healed + kSlotsBack);
  if (!failure_) check_records("16 s after the last fault");
  if (!failure_) check_studio("16 s after the last fault");
  if (!failure_) check_home("16 s after the last fault");
  if (!failure_ && past_) check_holders("16 s after the last fault");
  if (!failure_ && titles_) check_titles("16 s after the last fault");
  std::vector<std::string> heard;
  if (studio_) heard.emplace_back(kStudio);
  if (peers_) heard.emplace_back(kOpen);
  if (records_) heard.emplace_back(kMoving);
  if (!failure_) check_are_heard(heard);
  if (!failure_ && past_) check_past_is_heard();
  if (!failure_) check_fill();
  if (!failure_ && hls_) check_is_played();
  if (!failure_) check_empty();
  if (!failure_) check_growth();
  return failure_;
}

}  // namespace lb::sim
