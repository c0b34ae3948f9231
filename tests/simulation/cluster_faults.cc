// What befalls a cluster of the simulation.
#include <algorithm>
#include <utility>

#include "admin/command/station.h"
#include "app/cluster/cluster_links.h"
#include "app/drain/drain.h"
#include "app/handover/take_over.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "cluster.h"
#include "frames.h"

namespace lb::sim {
namespace {

constexpr auto kApart = 700ms;  // nearly the second for which a root holds the slots of a lost node
constexpr auto kApartStays = 20s;
constexpr auto kNews = 3s;  // behind a fault of links, until what a node says is known in time

}  // namespace

void Cluster::next_fault() {
  if (calm_ || !options_.faults) return;
  fault();
  world_.after(100ms + Nanos(random_.below(1'900'000'000)), [this] { next_fault(); });
}

void Cluster::next_fault_of_etcd() {
  if (calm_ || !options_.faults) return;
  etcd_->fault();
  world_.after(200ms + Nanos(random_.below(2'500'000'000)), [this] { next_fault_of_etcd(); });
}

void Cluster::fault() {
  const Nanos lasts = 100ms + Nanos(random_.below(4'000'000'000));
  twin_ends();
  switch (random_.below(14)) {
    case 0:
      return is_killed(random_host(), lasts);
    case 1:
      return is_paused(random_host(), lasts);
    case 2:
      return is_stopped(random_host(), 1s + lasts);
    case 3:
    case 4:
      return is_cut(random_edge(), random_master(), lasts);
    case 5:
    case 6:
      return is_reset(random_edge(), random_master());
    case 7:
      return is_late(random_edge(), random_master(), lasts);
    case 8:
      return jumps(random_host());
    case 9:
      return drains(random_edge(), lasts);
    case 10:
      return rests(*encoders_[random_.below(encoders_.size())], lasts);
    case 11:
      return is_replaced(random_host());
    case 12:
      return repeats(random_host());
    case 13:
      return has_twin(random_edge());
  }
}

void Cluster::note(std::string what) { trace_.say(world_.now(), std::move(what)); }

void Cluster::is_killed(unsigned host, Nanos lasts) {
  Seat& seat = seats_[host - 1];
  if (!seat.node->up()) return;
  seat.node->kill();
  seat.down = world_.now();
  world_.after(lasts, [this, host] { begin_again(host); });
}

void Cluster::is_paused(unsigned host, Nanos lasts) {
  news_are_late(lasts);
  seats_[host - 1].node->pause(true);
  world_.after(lasts, [this, host] { seats_[host - 1].node->pause(false); });
}

void Cluster::is_stopped(unsigned host, Nanos lasts) {
  seats_[host - 1].node->stop_politely();
  world_.after(lasts, [this, host] { begin_again(host); });
}

void Cluster::is_cut(unsigned edge, unsigned master, Nanos lasts) {
  const bool out = random_.below(2) == 0, both = random_.below(2) == 0;
  news_are_late(lasts);
  note(cat({"cut ", edge, both ? " <> " : out ? " > " : " < ", master}));
  if (both || out) world_.cut(edge, master, true);
  if (both || !out) world_.cut(master, edge, true);
  world_.after(lasts, [this, edge, master] {
    note(cat({"healed ", edge, " <> ", master}));
    world_.cut(edge, master, false);
    world_.cut(master, edge, false);
  });
}

void Cluster::is_reset(unsigned edge, unsigned master) {
  const bool half = random_.below(3) == 0;
  news_are_late(0s);
  note(cat({"reset ", edge, half ? " only, " : " and ", master}));
  if (random_.below(2) == 0)
    world_.reset_between(edge, master, half);
  else
    world_.reset_between(master, edge, half);
}

void Cluster::is_late(unsigned edge, unsigned master, Nanos lasts) {
  const Nanos late(random_.below(2'000'000'000));
  news_are_late(lasts + late);
  note(cat({"delay ", edge, " <> ", master}));
  world_.delay(edge, master, late);
  world_.delay(master, edge, random_.below(2) == 0 ? late : Nanos(0));
  world_.after(lasts, [this, edge, master] {
    world_.delay(edge, master, Nanos(0));
    world_.delay(master, edge, Nanos(0));
  });
}

void Cluster::jumps(unsigned host) {
  note(cat({"clock of ", host, " jumps"}));
  jumped_ = world_.now();
  world_.host(host).wall_offset =
      random_.below(2) == 0 ? std::chrono::hours(24 * 365) : -std::chrono::hours(24);
}

void Cluster::drains(unsigned edge, Nanos lasts) {
  Seat& seat = seats_[edge - 1];
  if (!seat.node->lives() || seat.draining != Nanos::max()) return;
  note(cat({"drain ", edge}));
  seat.node->as([&] { seat.node->services().drainer->begin({}); });
  seat.draining = world_.now();
  world_.host(edge).touched = true;
  world_.after(lasts, [this, edge] { drains_no_more(edge); });
}

void Cluster::drains_no_more(unsigned edge) {
  Seat& seat = seats_[edge - 1];
  seat.draining = Nanos::max();
  if (!seat.node->up()) return;
  seat.node->as([&] { seat.node->services().drainer->cancel(); });
  world_.host(edge).touched = true;
}

void Cluster::rests(Encoder& encoder, Nanos lasts) {
  note("an encoder rests");
  encoder.send(false);
  world_.after(lasts, [&encoder] { encoder.send(true); });
}

void Cluster::is_replaced(unsigned host) {
  Seat& seat = seats_[host - 1];
  const auto hears = [host](const Guest& guest) {
    const Listener& listener = *guest.listener;
    return listener.admitted && listener.at() == host && !listener.is_ending();
  };
  const auto before = std::count_if(guests_.begin(), guests_.end(), hears);
  if (!seat.node->lives() || seat.draining != Nanos::max() || !seat.node->hand_over()) return;
  if (const auto now = std::count_if(guests_.begin(), guests_.end(), hears); now != before)
    fail(cat({"of ", before, " listeners at ", seat.node->id(), " ", now, " hear on"}));
  news_are_late(0s);
  seat.began = world_.now();
}

// A link that hears a number twice ends, and is made anew.
void Cluster::repeats(unsigned host) {
  RepeatedFrames& frames = repeated_frames();
  frames.host = host;
  frames.later = random_.below(2) == 0;
  frames.kept.clear();
  news_are_late(0s);
  note(cat({"host ", host, frames.later ? " sends a frame again later" : " sends a frame twice"}));
}

// Until the next fault.
void Cluster::has_twin(unsigned edge) {
  // Two processes on one machine would write the same files.
  if (records_ || !linked(edge)) return;
  const std::string id = seats_[edge - 1].node->id();
  note(cat({id, " has a twin"}));
  twin_.of = edge;
  twins_.push_back(std::make_unique<Node>(world_, static_cast<unsigned>(seats_.size() + 1), id,
                                          options_.directory, config_of_edge(edge)));
  twin_.node = twins_.back().get();
  twin_.node->start();
  look_at_twin();
}

void Cluster::twin_ends() {
  twin_.of = 0;
  twin_.runs.clear();
  if (twin_.node != nullptr) twin_.node->kill();
}

void Cluster::news_are_late(Nanos lasts) {
  news_until_ = std::max(news_until_, world_.now() + lasts + kNews);
}

void Cluster::begin_again(unsigned host) {
  Seat& seat = seats_[host - 1];
  seat.down = Nanos::max();
  if (seat.node->up()) return;
  seat.node->start();
  seat.began = world_.now();
  seat.draining = Nanos::max();
  ++seat.life;
}

void Cluster::heal() {
  for (unsigned a = 1; a <= seats_.size(); ++a)
    for (unsigned b = 1; b <= seats_.size(); ++b) {
      world_.cut(a, b, false);
      world_.delay(a, b, Nanos(0));
    }
  twin_ends();
  for (Seat& seat : seats_) {
    seat.node->pause(false);
    begin_again(seat.node->host());
    drains_no_more(seat.node->host());
  }
  for (const auto& encoder : encoders_) encoder->send(true);
  if (etcd_) etcd_->heal();
  repeated_frames().host = 0;
  note("all is healed");
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
  look_at_twin();
  world_.after(100ms, [this] { look_at_links(); });
}

}  // namespace lb::sim
