// What has to hold of a cluster of the simulation.
#include <algorithm>
#include <filesystem>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/slot_service.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "cluster.h"
#include "frames.h"
#include "stream/source/source_admission.h"

namespace lb::sim {
namespace {

constexpr auto kMeasured = 1s;  // so soon a clock that has been set is known to others
constexpr auto kHeard = 600ms;  // so fresh is a report of a node that has not fallen silent
constexpr auto kKnown = 500ms;  // so soon a master knows that a node drains, or is gone
constexpr int kRoundsOfHearing = 4;
constexpr std::size_t kRecordedOpen = 3;  // of one file
constexpr std::size_t kLoopsOfPast = 6;   // descriptors of a writer, a reader and one that fetches
constexpr std::size_t kFetchedFiles = 8;  // each of the recordings of others, once
constexpr std::size_t kKeptConnections = 8;  // of two hosts
constexpr const char* kAtTheEnd = "at the end";

}  // namespace

void Cluster::check_redirect(unsigned from, Listener& listener, std::string_view head) {
  ++redirected_;
  const unsigned to = host_of_url(line_of(head, "Location"), nullptr);
  Seat* const target = seat_of(to);
  if (target == nullptr) return fail(cat({"a redirect leads to ", line_of(head, "Location")}));
  if (to == from)
    return fail(cat({"host ", from, " redirects listener ", listener.number(), " to itself"}));
  // A token is judged by clocks: until one that has been set is measured again a node may take a
  // listener that was sent to it for a new one (seeds 469, 629, 890), and this one is on its way
  // (345).
  if (listener.hops() >= Listener::kMaxHops && listener.begun() - jumped_ > kMeasured)
    return fail(cat({"listener ", listener.number(), " is redirected for the fourth time"}));
  Seat& seat = seats_[from - 1];
  if (listener.from_ms() != 0) check_redirect_to_past(from, listener, *target);
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
  if (world_.now() > news_until_ && seat.node->lives()) {
    if (target->down != Nanos::max() && world_.now() - target->down > kKnown)
      fail(cat({"host ", from, " redirects listener ", listener.number(), " to ",
                target->node->id(), ", which is gone"}));
    if (target->draining != Nanos::max() && world_.now() - target->draining > kKnown)
      fail(cat({"host ", from, " redirects listener ", listener.number(), " to ",
                target->node->id(), ", which drains"}));
  }
  if (state == NodeState::kDead || state == NodeState::kDraining)
    fail(cat({"host ", from, " redirects listener ", listener.number(), " to ", target->node->id(),
              ", which it knows to be ", state == NodeState::kDead ? "dead" : "draining"}));
}

unsigned Cluster::live_guests(const std::string& mount, bool apart_too) const {
  unsigned count = 0;
  for (const Guest& guest : guests_) {
    const Listener& listener = *guest.listener;
    if (!listener.admitted || listener.is_ending() || listener.mount() != mount) continue;
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
  if (guest.listener->mount() != kLimited || !is_one()) return;
  if (world_.now() < seats_[at - 1].apart_until) return;
  if (const unsigned inside = live_guests(std::string(kLimited), false); inside > limit_)
    fail(cat({"listener ", guest.listener->number(), " is the ", inside, "th within a limit of ",
              limit_, slots_text(kLimited)}));
}

void Cluster::check_tables(const char* when) {
  for (Seat& seat : seats_) {
    if (!seat.master) {
      std::uint64_t truth = 0;
      for (const Guest& guest : guests_)
        truth += guest.listener->admitted && guest.listener->at() == seat.node->host() ? 1 : 0;
      const auto counted = seat.node->services().audience();
      // A player is counted until it has been silent for 20 s.
      // One of the past that waits for what is not there is written to, or ended, within 60 s.
      const std::uint64_t players = std::string_view(when) == kAtTheEnd
                                        ? 0
                                        : next_player_ - 1 + gone_of_past_[seat.node->host()];
      if (counted < truth || counted > truth + players)
        fail(cat({when, ": ", seat.node->id(), " counts ", counted, " listeners and has ", truth}));
      continue;
    }
    for (Seat& other : seats_)
      if (&other != &seat && (!other.master || peers_)) check_node(seat, other, when);
  }
}

// What a master has of a node.
void Cluster::check_node(Seat& seat, Seat& other, const char* when) {
  const std::string id = other.node->id();
  const std::uint64_t truth = other.node->services().audience();
  seat.node->services().cluster->decider().with_table([&](const NodeTable& table) {
    const NodeSlot slot = table.find(id);
    if (slot == kNoNode) return fail(cat({when, ": ", seat.node->id(), " does not know ", id}));
    const lb::Node& node = table.node(slot);
    if (node.state_at(SteadyTime(world_.now())) != NodeState::kUp)
      fail(cat({when, ": ", id, " is not up for ", seat.node->id(), ": ", node.why}));
    // A report is of the mounts that it carries, and one of the past that waits may be of another.
    const auto reported = static_cast<std::uint64_t>(node.reported_listeners);
    if (reported > truth || reported + gone_of_past_[other.node->host()] < truth)
      fail(cat({when, ": ", seat.node->id(), " counts ", reported, " listeners of ", id,
                ", which has ", truth}));
    if (node.unacked.count() != 0)
      fail(cat({when, ": ", node.unacked.count(), " redirects to ", id, " are not confirmed at ",
                seat.node->id()}));
    if (node.arrived + node.lost > node.issued)
      fail(cat({when, ": ", seat.node->id(), " has redirected ", node.issued, " listeners to ", id,
                ", and counts ", node.arrived, " that came and ", node.lost, " that did not"}));
  });
}

// Whom a master has heard just now is not taken for another one of the same name.
void Cluster::look_at_twin() {
  if (twin_.of == 0) return;
  const std::string id = seats_[twin_.of - 1].node->id();
  // A frame that comes twice ends its link, and the name is free.
  const RepeatedFrames& frames = repeated_frames();
  if (frames.host == twin_.of || frames.link != nullptr || frames.made != twin_.repeated)
    twin_.runs.clear();
  twin_.repeated = frames.made;
  for (Seat& seat : seats_) {
    std::string& before = twin_.runs[seat.node->host()];
    if (!seat.master || !seat.node->lives()) {
      before.clear();
      continue;
    }
    std::string now;
    seat.node->services().cluster->decider().with_table([&](const NodeTable& table) {
      const NodeSlot slot = table.find(id);
      if (slot == kNoNode) return;
      const lb::Node& node = table.node(slot);
      if (!before.empty() && node.state == NodeState::kUp && node.epoch != before)
        fail(cat({seat.node->id(), " takes a second process for ", id, ", which is there"}));
      const bool heard = SteadyTime(world_.now()) - node.last_report < kHeard;
      if (node.state == NodeState::kUp && heard) now = node.epoch;
    });
    before = now;
  }
}

// Of peers one has the source of a mount, and the others have its stream from there.
void Cluster::check_peers(const char* when) {
  if (!peers_) return;
  for (const std::string_view mount : {kOpen, kLimited}) {
    unsigned sources = 0;
    for (Seat& seat : seats_) {
      const auto* writer = seat.node->services().admission->writer_of(mount);
      if (writer != nullptr && writer->kind == WriterKind::kSource) ++sources;
    }
    if (sources != 1) fail(cat({when, ": ", sources, " peers have the source of ", mount}));
  }
}

// Where the slots are.
std::string Cluster::slots_text(std::string_view mount) {
  std::string text;
  for (Seat& seat : seats_) {
    if (!seat.node->up()) continue;
    for (const auto& [name, slots] : seat.node->services().links->slots().pictures())
      if (name == mount)
        text += cat({"; ", seat.node->id(), ": have ", slots.have, ", used ", slots.used, ", idle ",
                     slots.idle, ", given ", slots.given, ", held ", slots.held, ", from ",
                     slots.parent});
  }
  return text;
}

// As many come as the limit allows, whatever has happened before.
void Cluster::check_fill() {
  if (!is_one()) return;
  const std::string mount(kLimited);
  for (int round = 0; round < 12 && !failure_ && live_guests(mount, true) < limit_; ++round) {
    const unsigned lacks = limit_ - live_guests(mount, true);
    for (unsigned i = 0; i < lacks; ++i) listener_comes(mount, 60s);
    run_for(1s);
  }
  if (failure_) return;
  if (const unsigned inside = live_guests(mount, true); inside != limit_)
    fail(cat({"slots are lost: ", inside, " listeners get in where the limit is ", limit_,
              slots_text(mount)}));
}

// A player that comes now plays, at each server to which it is led.
void Cluster::check_is_played() {
  for (int round = 0; round < 2 && !failure_; ++round) {
    player_comes(60s);
    const unsigned number = next_player_ - 1;
    run_for(8s);
    const Player& player = *players_[number];
    if (!failure_ && player.segments() < 2)
      fail(cat({"a player of ", kOpen, " at ", player.at(), " has played ", player.segments(),
                " segments in 8 s, status ", player.status()}));
    played_ += player.segments();
    players_.erase(number);
  }
}

void Cluster::check_empty() {
  for (Guest& guest : guests_) guest.listener->leave();
  guests_.clear();
  // A peer refuses without a word to the one that sent the listener, which counts it for 5 s.
  run_for(past_ ? 70s : hls_ ? 25s : peers_ ? 6s : 3s);
  if (!failure_) check_tables(kAtTheEnd);
}

// What several capture together is captured once.
void Cluster::check_studio(const char* when) {
  if (studio_ && studio_->connections() != 1)
    fail(cat({when, ": the studio has ", studio_->connections(), " connections"}));
}

// … and these are heard at each server, whichever captures them.
void Cluster::check_are_heard(const std::vector<std::string>& mounts) {
  if (mounts.empty()) return;
  const unsigned first = next_guest_;
  for (int round = 0; round < kRoundsOfHearing && !failure_; ++round) {
    for (const std::string& mount : mounts) listener_comes(mount, 60s);
    run_for(300ms);
  }
  run_for(3s);
  const auto is_one = [first](const Guest& guest) { return guest.listener->number() >= first; };
  std::map<unsigned, std::size_t> heard;
  for (const Guest& guest : guests_) {
    if (!is_one(guest) || failure_) continue;
    const Listener& listener = *guest.listener;
    if (listener.state() != Listener::State::kHears || listener.heard() == 0)
      fail(cat({"a listener of ", listener.mount(), " at ", listener.at(),
                " hears nothing, status ", listener.status()}));
  }
  // The stream goes on, behind what a server still had of it.
  if (!failure_) run_for(2s);
  for (const Guest& guest : guests_) heard[guest.listener->number()] = guest.listener->heard();
  if (!failure_) run_for(1s);
  for (Guest& guest : guests_) {
    if (!is_one(guest) || failure_) continue;
    if (guest.listener->heard() <= heard[guest.listener->number()])
      fail(cat({"a listener of ", guest.listener->mount(), " at ", guest.listener->at(),
                " hears no more"}));
    guest.listener->leave();
  }
  std::erase_if(guests_, is_one);
}

// What was acknowledged is in force, and nothing else, at each server.
void Cluster::check_records(const char* when) {
  if (!records_) return;
  const auto config = [](Seat& seat) { return seat.node->services().config.read(); };
  const auto at_master = config(seats_[0]);
  if (const std::string why = records_->difference(*at_master); !why.empty())
    return fail(cat({when, ": ", why}));
  for (Seat& seat : seats_)
    if (const std::string why = Records::difference(*at_master, *config(seat)); !why.empty())
      return fail(cat({when, ": ", seat.node->id(), ": ", why}));
  if (etcd_) check_etcd(when);
}

// … and so it is in the store.
void Cluster::check_etcd(const char* when) {
  const auto config = seats_[0].node->services().config.read();
  for (const std::string_view name : Records::kChanged) {
    const std::string mount(name);
    const auto row = etcd_->value(cat({"mounts/%2F", name.substr(1)}));
    const MountSettings* const section = named_section(*config, mount);
    if (row.has_value() != (section != nullptr))
      return fail(cat({when, ": ", mount, row ? " is" : " is not", " in the etcd, and",
                       section ? " is" : " is not", " in force"}));
    if (row && row->find(cat({">", section->stream_name.value_or(""), "<"})) == std::string::npos)
      return fail(cat({when, ": ", mount, " is another record in the etcd: ", *row}));
  }
}

// The mount that moves has come to its home, and one source.
void Cluster::check_home(const char* when) {
  if (!records_) return;
  if (records_->home() == 0) return fail(cat({when, ": ", kMoving, " has never been made"}));
  if (records_->moves()) return fail(cat({when, ": ", kMoving, " still moves"}));
  for (Seat& seat : seats_) {
    const auto* writer = seat.node->services().admission->writer_of(kMoving);
    const bool has = writer != nullptr && writer->kind == WriterKind::kSource;
    const bool wanted = seat.node->host() == records_->home();
    if (has != wanted)
      fail(cat({when, ": ", seat.node->id(), has ? " has a" : " has no", " source of ", kMoving,
                ", whose home is ", records_->home()}));
  }
}

void Cluster::note_sizes() {
  wires_before_ = world_.wires();
  descriptors_before_ = world_.descriptors();
  tables_before_.clear();
  for (Seat& seat : seats_) tables_before_.push_back(seat.node->tables());
}

std::string Cluster::growth_of_descriptors() {
  for (const auto& [name, count] : world_.descriptors()) {
    // A stream that still runs has one at each server.
    const std::size_t before = std::max(
        descriptors_before_[name], name.starts_with("/memfd:") ? seats_.size() : std::size_t{0});
    // A recording has two files, and those that were played are kept for a while.
    const bool recorded = past_ && name.find("/archive-") != std::string::npos;
    if (recorded && count <= kRecordedOpen) continue;
    // Its threads begin with their first work, and keep what they have fetched.
    const bool of_loops = past_ && (name.starts_with("anon_inode:") || name == "pipe");
    if (of_loops && count <= before + kLoopsOfPast * seats_.size()) continue;
    const bool fetched = past_ && name.starts_with("/memfd:archive-cache");
    if (fetched && count <= kFetchedFiles * seats_.size()) continue;
    // libcurl hears that a connection which it has kept is over when it wants it again.
    const bool kept = past_ && name.starts_with("socket of host");
    if (kept && count <= kKeptConnections) continue;
    if (count > before && name != "socket")
      return cat({count, " descriptors of \"", name, "\", where ", before, " would be all"});
  }
  return {};
}

// All as before the first listener, but for on-demand relays that may still run, and paths that are
// tried now and then.
void Cluster::check_growth() {
  // Those that fetch recordings are kept for the next time.
  const std::size_t some =
      4 * edges() + (etcd_ ? 4 : 0) + (past_ ? kKeptConnections * seats_.size() : 0);
  if (const std::size_t most = wires_before_ + some; world_.wires() > most)
    return fail(cat(
        {"at the end there are ", world_.wires(), " connections, where ", most, " would be many"}));
  // A server that only writes to a connection hears of its end when it writes next.
  // On-demand relays end at about this time, one after the other.
  for (int look = 0; look < 5 && !failure_ && !growth_of_descriptors().empty(); ++look)
    run_for(700ms);
  if (const std::string growth = growth_of_descriptors(); !failure_ && !growth.empty())
    return fail("at the end there are " + growth);
  for (std::size_t i = 0; i < seats_.size(); ++i)
    for (const auto& [name, size] : seats_[i].node->tables()) {
      std::size_t most = tables_before_[i][name];
      if (name == "carriers") most = seats_.size();     // of one mount
      if (name == "holders") most = seats_.size() - 1;  // of one mount
      const bool by_mount = name == "mounts" || name == "relays" || name == "carried mounts";
      if (records_ && by_mount) most += Records::kMounts;
      if (peers_ && by_mount) most += 2;        // what the other has, on demand or not
      if (name == "requests") most += edges();  // such a path is being tried
      if (name == "requests" && past_) most += kKeptConnections * seats_.size();
      if (size > most)
        fail(cat({"at the end ", seats_[i].node->id(), " has ", size, " ", name, ", where ", most,
                  " would be all"}));
    }
}

}  // namespace lb::sim
