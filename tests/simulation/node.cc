#include "node.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "admin/command/station.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/relay_service.h"
#include "app/cluster/seat_service.h"
#include "app/cluster/slot_service.h"
#include "app/handover/handover.h"
#include "app/handover/handover_records.h"
#include "app/handover/take_over.h"
#include "app/operate/conf_service.h"
#include "app/operate/record_service.h"
#include "app/pages/directory_service.h"
#include "app/services/archive_service.h"
#include "app/services/hls_service.h"
#include "app/services/services.h"
#include "app/services/worker.h"
#include "config/load/loader.h"
#include "hls/list_record.h"
#include "http/connections.h"
#include "net/loop/loop_beats.h"
#include "net/socket/fd_parcel.h"
#include "system_calls.h"

namespace lb::sim {
namespace {

// A server that turns so often in one moment spins.
constexpr int kMaxTurns = 20000;

}  // namespace

Node::Node(World& world, unsigned host, std::string id, std::string directory, std::string config)
    : world_(world),
      host_(world.host(host)),
      clock_(world, host_),
      id_(std::move(id)),
      directory_(std::move(directory)),
      archives_(config.find("<archive>") != std::string::npos) {
  std::ofstream(directory_ + "/" + id_ + ".xml") << config;
}

Node::~Node() { kill(); }

void Node::make() {
  const std::string path = directory_ + "/" + id_ + ".xml";
  auto loaded = load_config_file(path, {});
  if (!loaded || loaded->refuses_start()) {
    std::fprintf(stderr, "%s is refused\n", path.c_str());
    if (loaded)
      for (const Diagnostic& each : loaded->diagnostics)
        std::fprintf(stderr, "  line %d: %s\n", each.line, each.text.c_str());
    std::abort();
  }
  server_ =
      std::make_unique<Server>(clock_, path, LoadOptions{}, std::move(*loaded), ServiceManager{});
  if (!server_->open_logs() || !server_->bind()) std::abort();
}

void Node::go(std::unique_ptr<TakeOver> before) {
  server_->begin(std::move(before));
  services().hls->start();
  Services& all = services();
  loops_.clear();
  for (Loop* loop :
       {&all.loops.worker(0), &all.loops.control(), &all.loops.clerk(), &all.disk.loop(),
        &all.store_thread.loop(), &all.pages_thread.loop(), &all.stats_thread.loop()})
    loops_.push_back({loop, Nanos(0), 0, -1});
  host_.touched = true;
  beat(++life_);
}

// Threads of archives begin with their first work.
void Node::find_loops() {
  if (!archives_) return;
  for (Loop* const loop : services().archive->loops())
    if (std::none_of(loops_.begin(), loops_.end(),
                     [loop](const Turned& each) { return each.loop == loop; }))
      loops_.push_back({loop, Nanos(0), 0, -1});
}

void Node::start() {
  if (up()) return;
  const Running running(*this);
  host_.up = true;
  host_.paused = false;
  make();
  go();
  world_.trace().say(world_.now(), id_ + " starts");
}

void Node::beat(std::uint64_t life) {
  if (!up() || life != life_) return;
  if (!host_.paused) {
    const Running running(*this);
    for (const Turned& each : loops_) each.loop->beat();
    for (std::size_t i = 0; i < services().beats->read().size(); ++i) services().beats->beat(i);
  }
  world_.after(Loop::kBeat, [this, life] { beat(life); });
}

void Node::free() {
  const Running running(*this);
  host_.up = false;
  ++life_;
  server_->stop();
  host_.touched = true;
  turn();
  services().relays->stop();
  loops_.clear();
  server_.reset();
}

void Node::kill() {
  if (!up()) return;
  world_.trace().say(world_.now(), id_ + " is killed");
  world_.unplug(host_.id);
  host_.paused = false;
  free();
}

void Node::stop_politely() {
  if (!lives()) return;
  world_.trace().say(world_.now(), id_ + " stops");
  as([this] { server_->stop(); });
  world_.after(500ms, [this, life = life_] {
    if (life == life_) kill();
  });
}

bool Node::hand_over() {
  if (!lives()) return false;
  const Running running(*this);
  auto ends = FdChannel::make();
  FdChannel ours = std::move(ends->first);
  {
    Notifier manager{std::string()};
    HandoverPlan plan;
    plan.counts = [this] { return services().metrics->save(); };
    plan.listings = [this] { return services().directory->save(); };
    Handover handover(services(), server_->sockets(), manager, std::move(plan), {});
    HandoverOut all;
    if (!handover.obstacle().empty() || !handover.save(all)) return false;
    world_.trace().say(world_.now(), id_ + " is replaced by its next process");
    // The next process is in this one: all that it reads is sent before.
    HandoverOut offer;
    OfferRecord first;
    first.workers = 1;
    const UniqueFd conf = services().conf->share();
    if (conf) first.conf.push_back(offer.fds().add(conf.get()));
    offer.put(HandoverType::kOffer, first);
    const auto send = [&](const HandoverOut& out) {
      if (!send_parcel(ours, out.bytes(), out.fds().all(), 1s)) std::abort();
    };
    send(offer);
    send(all);
    if (!send_parcel(ours, "GO", {}, 1s)) std::abort();
    world_.leave(all.fds().all());
    services().records->let_store_go();
    handover.forget();
  }
  host_.touched = true;
  turn();
  world_.run_as(nullptr);
  world_.collect();
  world_.unplug(host_.id, true);
  world_.run_as(&host_);
  free();
  host_.up = true;
  const int theirs = ::fcntl(ends->second.fd(), F_DUPFD_CLOEXEC, 0);
  world_.forget(theirs);
  auto before = TakeOver::begin(theirs);
  ends->second.close();
  if (!before) std::abort();
  make();
  server_->prepare(**before);
  if (auto taken = server_->take_over(**before); !taken) {
    std::fprintf(stderr, "%s does not take over: %s\n", id_.c_str(), taken.error().what.c_str());
    std::abort();
  }
  go(std::move(*before));
  return true;
}

void Node::pause(bool paused) {
  if (!up() || host_.paused == paused) return;
  world_.trace().say(world_.now(), id_ + (paused ? " is paused" : " goes on"));
  host_.paused = paused;
  if (!paused) went_on_ = world_.now();
  host_.touched = true;
}

std::map<std::string, std::size_t> Node::tables() {
  std::map<std::string, std::size_t> sizes;
  Services& all = services();
  sizes["mounts"] = all.mounts.all()->size();
  all.relays->for_each_relay([&](const auto&, const auto&) { ++sizes["relays"]; });
  sizes["requests"] = all.workers[0]->connections->size();
  sizes["seats"] = all.links->seats().save().seats.size();
  sizes["links"] = all.links->rows().size();
  for (const auto& [mount, book] : all.links->slots().pictures()) {
    ++sizes["books of slots"];
    sizes["slots in use"] += static_cast<std::size_t>(book.used + book.held);
  }
  for (const auto& [mount, rows] : all.archive->remote().archive().holders()->all())
    sizes["holders"] += rows.size();
  sizes["mounts off air"] = all.archive->off_air().size();
  all.cluster->decider().with_table([&](const NodeTable& table) {
    for (const lb::Node& node : table.nodes())
      if (!node.id.empty()) ++sizes["nodes"];
    for (const MountNodes* mount : table.mounts()) {
      ++sizes["carried mounts"];
      sizes["carriers"] = std::max(sizes["carriers"], mount->carriers.size());
    }
  });
  return sizes;
}

bool Node::turn_loop(Turned& one) {
  Turning turning;
  turning.base = one.loop->base();
  set_turning(&turning);
  one.loop->run_once(true);
  set_turning(nullptr);
  one.poll = turning.poll;
  if (!turning.slept) return true;
  one.due = turning.timeout.count() < 0 ? Nanos::max() : world_.now() + turning.timeout;
  one.posted = one.loop->posted();
  return false;
}

void Node::turn() {
  if (!up() || host_.paused) return;
  const Running running(*this);
  const bool all = std::exchange(host_.touched, false);
  if (all)
    for (Turned& each : loops_) each.due = Nanos(0);
  int turns = 0;
  for (bool more = true; more;) {
    more = false;
    find_loops();
    for (Turned& each : loops_)
      while (wants_turn(each)) {
        more = true;
        if (++turns > kMaxTurns) {
          restless_ = true;
          return;
        }
        if (!turn_loop(each)) break;
      }
  }
}

bool Node::wants_turn(const Turned& one) const noexcept {
  return one.due <= world_.now() || one.loop->posted() != one.posted ||
         world_.may_be_ready(one.poll);
}

Nanos Node::due() noexcept {
  if (!up() || host_.paused) return Nanos::max();
  if (host_.touched) return world_.now();
  if (std::exchange(host_.stirred, false)) {
    due_ = Nanos::max();
    for (const Turned& each : loops_) due_ = std::min(due_, wants_turn(each) ? Nanos(0) : each.due);
  }
  return due_;
}

}  // namespace lb::sim
