// Clusters of the simulation that record: who has what of a mount's past, who is asked for it, and
// where its listeners are sent.
#include <algorithm>
#include <filesystem>
#include <map>

#include "app/handover/take_over.h"
#include "app/services/archive_service.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "cluster.h"

namespace lb::sim {
namespace {

constexpr std::uint64_t kOneOf = 6;  // clusters records
// As nodes tell of recordings (app/cluster/archive_links.cc).
constexpr std::int64_t kShortPauseMs = 5000;
constexpr Nanos kTold = 2s;  // within it others know that a recording has begun, or ended
constexpr auto kRead = 2s;   // a server that begins has told what it holds
constexpr auto kKept = 12s;
constexpr int kRoundsOfTelling = 10, kRoundsOfAsking = 3;
constexpr std::int64_t kNotBeforeMs = 3000;  // what is so old is written, and known

using Ranges = std::vector<HeldRange>;

// What a server has of kOpen, as it is told.
Ranges recorded_at(Services& services) {
  const auto files = services.archive->catalog().files(std::string(kOpen));
  Ranges out;
  for (const ArchiveRange& range : files->ranges(kShortPauseMs))
    out.push_back({range.from_ms, range.to_ms});
  if (const auto& open = files->open())
    for (HeldRange& range : out)
      if (range.from_ms <= open->from_ms && open->to_ms <= range.to_ms) range.to_ms = 0;
  return out;
}

bool has(const Ranges& ranges, std::int64_t wall_ms) {
  return std::any_of(ranges.begin(), ranges.end(), [wall_ms](const HeldRange& range) {
    return range.from_ms <= wall_ms && range.ends_after(wall_ms);
  });
}

std::string text_of(const Ranges& ranges) {
  std::string text;
  for (const HeldRange& range : ranges) text += cat({" ", range.from_ms, "-", range.to_ms});
  return text.empty() ? " nothing" : text;
}

}  // namespace

// With chance of its own: the histories of clusters that record nothing are as they would be.
void Cluster::choose_recorders() {
  Rng chance(options_.seed * 0x9e3779b97f4a7c15ULL + 2);
  if (chance.below(kOneOf) != 0) return;
  past_.emplace(chance.next());
  for (Seat& seat : seats_) seat.records = past_->below(2) == 0;
  if (std::none_of(seats_.begin(), seats_.end(), [](const Seat& seat) { return seat.records; }))
    seats_[past_->below(seats_.size())].records = true;
  for (unsigned host = 1; host <= seats_.size(); ++host)
    std::filesystem::remove_all(cat({options_.directory, "/archive-", host}));
}

std::int64_t Cluster::wall_ms() const { return (world_.now() + kWallBegins).count() / 1'000'000; }

// What is recorded has the time of the machine that has its source.
bool Cluster::clocks_agree() {
  return std::all_of(seats_.begin(), seats_.end(), [this](const Seat& seat) {
    return world_.host(seat.node->host()).wall_offset == Nanos(0);
  });
}

Listener* Cluster::listener_of_past_comes(unsigned first, std::int64_t from_ms, Nanos stays) {
  const unsigned number = next_guest_++;
  guests_.push_back({std::make_unique<Listener>(world_, number, std::string(kOpen), first, from_ms),
                     0, world_.now() + stays});
  Listener* const listener = guests_.back().listener.get();
  world_.after(stays, [this, number] { leaves(number); });
  return listener;
}

void Cluster::next_listener_of_past() {
  if (calm_) return;
  // Most ask a master, some a server that has to fetch it.
  const auto first =
      static_cast<unsigned>(1 + past_->below(past_->below(4) == 0 ? seats_.size() : masters_));
  listener_of_past_comes(first,
                         wall_ms() - kNotBeforeMs - static_cast<std::int64_t>(past_->below(9000)),
                         500ms + Nanos(past_->below(6'000'000'000)));
  world_.after(Nanos(past_->below(1'000'000'000)), [this] { next_listener_of_past(); });
}

// It has what is asked for, or had it when it was last heard.
void Cluster::check_redirect_to_past(unsigned from, const Listener& listener, Seat& target) {
  if (world_.now() <= news_until_ || !target.node->lives() || !clocks_agree()) return;
  if (world_.now() - target.began <= kRead || world_.now() - seats_[from - 1].began <= kRead)
    return;
  if (!seats_[from - 1].master) return;
  const Ranges ranges = recorded_at(target.node->services());
  if (!has(ranges, listener.from_ms()))
    fail(cat({"host ", from, " redirects listener ", listener.number(), " of ", listener.from_ms(),
              " to ", target.node->id(), ", which has", text_of(ranges)}));
}

// What each server knows of what others have recorded, against what they have.
std::string Cluster::difference_of_holders() {
  for (Seat& seat : seats_) {
    std::map<std::string, Ranges> known;
    const auto view = seat.node->services().archive->remote().archive().holders();
    for (const HolderRow& row : view->of(kOpen)) known[row.node] = row.ranges;
    for (Seat& other : seats_) {
      // Masters that are no peers know nothing of each other.
      if (&other == &seat || (seat.master && other.master && !peers_)) continue;
      const Ranges truth = recorded_at(other.node->services());
      const Ranges told = known[other.node->id()];
      // What a process does not repeat that has begun again is kept for 10 s; so is what a master
      // that has begun again does not repeat of others (seed 3387).
      const bool kept = std::any_of(seats_.begin(), seats_.end(), [&](const Seat& teller) {
        return (&teller == &other || (teller.master && &teller != &seat)) &&
               world_.now() - teller.began < kKept;
      });
      if (truth.empty() && kept) continue;
      if (told != truth)
        return cat({seat.node->id(), " knows that ", other.node->id(), " has", text_of(told),
                    ", which has", text_of(truth)});
    }
    for (const auto& [id, ranges] : known)
      if (std::none_of(seats_.begin(), seats_.end(),
                       [&id](const Seat& each) { return each.node->id() == id; }))
        return cat({seat.node->id(), " knows of recordings of ", id});
  }
  return {};
}

// On-demand relays end while it looks, and with them recordings.
void Cluster::check_holders(const char* when) {
  std::string why = difference_of_holders();
  for (int round = 0; round < kRoundsOfTelling && !failure_ && !why.empty(); ++round) {
    run_for(kTold / kRoundsOfTelling);
    why = difference_of_holders();
  }
  if (!failure_ && !why.empty()) fail(cat({when, ": ", why}));
}

// Whoever is asked plays what a server has that records now.
void Cluster::check_past_is_heard() {
  if (!clocks_agree()) return;
  const std::int64_t from_ms = wall_ms() - kNotBeforeMs - kShortPauseMs;
  const bool held = std::any_of(seats_.begin(), seats_.end(), [&](Seat& seat) {
    return has(recorded_at(seat.node->services()), from_ms) && (is_one() || !seat.master);
  });
  if (!held) return;
  // One that has not answered rests for 10 s, and others wait for it.
  std::string silent = "nobody has asked";
  for (int round = 0; round < kRoundsOfAsking && !failure_ && !silent.empty(); ++round) {
    const unsigned first = next_guest_;
    for (Seat& seat : seats_) listener_of_past_comes(seat.node->host(), from_ms, 60s);
    run_for(6s);
    silent.clear();
    const auto is_one = [first](const Guest& guest) { return guest.listener->number() >= first; };
    for (Guest& guest : guests_) {
      if (!is_one(guest)) continue;
      const Listener& listener = *guest.listener;
      // Where all has ended that was recorded, it has heard that, and its connection ends.
      if (listener.heard() == 0)
        silent = cat({"a listener of the past at ", listener.at(), " hears nothing, status ",
                      listener.status()});
      guest.listener->leave();
    }
    std::erase_if(guests_, is_one);
  }
  if (!failure_ && !silent.empty()) fail(std::move(silent));
}

}  // namespace lb::sim
