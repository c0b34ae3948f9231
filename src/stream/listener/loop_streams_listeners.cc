// Operations on single listeners of a worker: lists, and ordered ends, moves and returns.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "net/socket/transport.h"
#include "stream/listener/fallback_chain.h"
#include "stream/listener/listener_group.h"
#include "stream/listener/loop_streams.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kSilentPause = 50ms;
constexpr int kReturnShare = 4;  // returns of listeners leave the loop four times what they take

bool plays_intros(Fanout& fanout) {
  return fanout.mount().facts()->from_file && fanout.view().ended;
}

// A key for listeners that return from one mount alike.
std::pair<std::string_view, bool> way_home(const Listener& listener) {
  return {*listener.home, listener.moved};
}

void note_move(Listener& listener, const Mount& to) {
  listener.moved = !listener.home || *listener.home != to.name();
}

bool waits_for(const Listener& listener, const Mount& mount) {
  return listener.continuation && listener.continuation->next.get() == &mount;
}

}  // namespace

template <class F>
void LoopStreams::for_each_of(const Mount& mount, F&& f) const {
  if (const auto at = fanouts_.find(&mount); at != fanouts_.end()) at->second->for_each(f);
  for (const auto& [other, fanout] : fanouts_) {
    if (other == &mount || !plays_intros(*fanout)) continue;
    fanout->for_each([&](Listener& listener) {
      if (waits_for(listener, mount)) f(listener);
    });
  }
}

Listener* LoopStreams::find(const Mount* mount, std::uint64_t id) const {
  if (const auto at = by_id_.find(id); at != by_id_.end()) {
    Listener* const found = at->second;
    Fanout& fanout = *found->fanout;
    const bool is_of = mount == nullptr || &fanout.mount() == mount ||
                       (plays_intros(fanout) && waits_for(*found, *mount));
    return is_of ? found : nullptr;
  }
  for (const ListenerGroup* group : groups_)
    if (Listener* const found = group->listener_of(mount, id)) return found;
  return nullptr;
}

ListenerRow LoopStreams::state_of(const Listener& listener) const {
  ListenerRow row;
  row.id = listener.id;
  row.address = listener.transport->peer().ip();
  row.agent = listener.facts.user_agent();
  row.referer = listener.facts.referer();
  row.user = listener.facts.user();
  row.seconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(loop_.now() - listener.joined).count());
  const std::uint64_t end = listener.fanout != nullptr ? listener.fanout->view().end : 0;
  row.lag_bytes = end - std::min(end, listener.position);
  row.bytes_sent = listener.bytes_sent;
  row.relay = static_cast<bool>(listener.relay_pass);
  return row;
}

std::vector<ListenerRow> LoopStreams::list(const Mount& mount) const {
  std::vector<ListenerRow> rows;
  const auto add = [&](const Listener& listener) { rows.push_back(state_of(listener)); };
  for_each_of(mount, add);
  for (const ListenerGroup* group : groups_) group->each(&mount, add);
  return rows;
}

ListenerPage LoopStreams::page(const Mount& mount, std::uint64_t after, std::size_t most) const {
  std::vector<const Listener*> found;
  const auto look = [&](const Listener& listener) {
    if (listener.id > after && !listener.relay_pass) found.push_back(&listener);
  };
  for_each_of(mount, look);
  for (const ListenerGroup* group : groups_) group->each(&mount, look);
  const auto by_id = [](const Listener* a, const Listener* b) { return a->id < b->id; };
  ListenerPage page;
  page.more = found.size() > most;
  if (page.more) {
    std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(most), found.end(),
                     by_id);
    found.resize(most);
  }
  std::sort(found.begin(), found.end(), by_id);
  for (const Listener* listener : found) {
    ListenerRow& row = page.rows.emplace_back(state_of(*listener));
    if (const auto tcp = tcp_facts(listener->transport->fd())) {
      row.round_trip_us = static_cast<std::uint64_t>(tcp->round_trip.count());
      row.retransmits = tcp->retransmits;
      row.queue_bytes = tcp->queue_bytes;
    }
    if (listener->fanout == nullptr) continue;  // it does not read a log yet
    Mount& heard = listener->fanout->mount();
    const std::uint64_t end = heard.channel().newest()->end;
    const std::uint64_t rate = heard.bytes_per_second.load(std::memory_order_relaxed);
    row.lag_bytes = end - std::min(end, listener->position);
    if (row.lag_bytes == 0 || rate > 0)
      row.lag_ms = row.lag_bytes * 1000 / std::max<std::uint64_t>(rate, 1);
  }
  return page;
}

bool LoopStreams::kill(const Mount& mount, std::uint64_t id) {
  Listener* const found = find(&mount, id);
  if (found != nullptr) finish(*found, EndReason::kKilled);
  return found != nullptr;
}

bool LoopStreams::kill(std::uint64_t id, bool if_gone) {
  Listener* const found = find(nullptr, id);
  if (found == nullptr) return false;
  if (if_gone && (found->watch.wanted() & EV_READ) != 0) return false;
  finish(*found, if_gone ? EndReason::kClientGone : EndReason::kKilled);
  return true;
}

void LoopStreams::finish(Listener& listener, EndReason reason) {
  if (listener.fanout != nullptr) return listener.fanout->finish(listener, reason);
  for (ListenerGroup* group : groups_)
    if (group->finish(listener.id, reason)) return;
}

void LoopStreams::go_on_with(Listener& listener, const std::shared_ptr<Mount>& to, EnterMode mode) {
  Mount& heard = listener.fanout->mount();
  if (&counted_at(listener, heard) == &heard) return continue_later(listener, to, mode);
  // After the intro.  Only its continuation keeps the mount at which it counts, so the place there
  // is given up first.
  count_at(listener, *to);
  const auto from = std::exchange(listener.continuation->next, to);
  log_counts(*from, *to);
}

std::size_t LoopStreams::move(const Mount& from, const std::shared_ptr<Mount>& to) {
  if (!may_move(from, *to)) return 0;
  std::size_t moved = 0;
  for_each_of(from, [&](Listener& listener) {
    note_move(listener, *to);
    go_on_with(listener, to, EnterMode::kLive);
    ++moved;
  });
  if (const auto at = fanouts_.find(&from); at != fanouts_.end() && moved > 0)
    wake(at->second->mount_ptr());
  for (ListenerGroup* group : groups_) moved += group->move(from, to);
  return moved;
}

ListenerMove LoopStreams::move(const Mount& from, const std::shared_ptr<Mount>& to,
                               std::uint64_t id) {
  Listener* found = nullptr;
  const auto look = [&](Listener& listener) {
    if (listener.id == id) found = &listener;
  };
  for_each_of(from, look);
  for (const ListenerGroup* group : groups_) group->each(&from, look);
  if (found == nullptr) return ListenerMove::kNone;
  if (found->fanout == nullptr || !may_move(from, *to)) return ListenerMove::kRefused;
  note_move(*found, *to);
  go_on_with(*found, to, EnterMode::kLive);
  wake(found->fanout->mount_ptr());
  return ListenerMove::kMoved;
}

template <class F>
void LoopStreams::for_each_homeward(const Listener& listener, const std::string& here,
                                    F&& f) const {
  const std::string& home = *listener.home;
  if ((!listener.moved || home == here) && f(home)) return;
  if (home == here) return;
  std::vector<std::string> passed;
  const bool is_behind = find_in_fallbacks(
      shared_.fallback_of(home),
      [&](const std::string& name) {
        passed.push_back(name);
        return name == here;
      },
      shared_.fallback_of);
  if (!is_behind || (listener.moved && f(home))) return;
  std::any_of(passed.begin(), passed.end(), f);
}

// An outage of a master ends many mounts at once, and all of them return together: so listeners are
// asked which of those mounts they want, instead of each mount for its listeners.
void LoopStreams::bring_home(const std::shared_ptr<Mount>& mount) {
  returned_.insert_or_assign(mount->name(), mount);
  if (!return_timer_.armed())
    return_timer_.after(std::max<SteadyTime::duration>(0s, next_return_ - loop_.now()));
}

void LoopStreams::bring_returned() {
  std::unordered_map<std::string, std::shared_ptr<Mount>> silent;
  std::erase_if(returned_, [&silent](const auto& one) {
    const bool waits = one.second->is_silent();
    if (waits) silent.insert(one);
    return waits;
  });
  const SteadyTime began = loop_.clock().steady();
  const std::vector<std::shared_ptr<Mount>> from = plan_returns();
  returned_ = std::move(silent);
  for (const auto& away : from) wake(away);
  const SteadyTime ended = loop_.clock().steady();
  next_return_ = ended + kReturnShare * (ended - began);
  if (!returned_.empty())
    return_timer_.after(std::max<SteadyTime::duration>(kSilentPause, next_return_ - ended));
}

std::vector<std::shared_ptr<Mount>> LoopStreams::plan_returns() {
  // One may have ended again meanwhile.
  std::erase_if(returned_,
                [](const auto& one) { return one.second->phase() == MountPhase::kEnded; });
  std::vector<std::shared_ptr<Mount>> from;
  if (returned_.empty()) return from;
  for (const auto& [at, fanout] : fanouts_)
    if (bring_from(*fanout)) from.push_back(fanout->mount_ptr());
  return from;
}

bool LoopStreams::bring_from(Fanout& fanout) {
  // An intro is no mount to return from: its listeners have to fit at the mounts after it.
  const bool is_file = fanout.mount().facts()->from_file;
  const bool returned_here = returned_.contains(fanout.mount().name());
  bool any = false;
  // By the requested mount and the one that is heard: an intro's listeners hear several.
  std::map<std::pair<std::pair<std::string_view, bool>, const Mount*>, std::shared_ptr<Mount>>
      nearest;
  fanout.for_each([&](Listener& listener) {
    if (!listener.home) return;
    Mount& here = counted_at(listener, fanout.mount());
    if (!is_file && !returned_here && *listener.home == here.name()) return;  // most of them
    const auto [known, is_new] = nearest.try_emplace({way_home(listener), &here});
    std::shared_ptr<Mount>& to = known->second;
    if (is_new)
      for_each_homeward(listener, here.name(), [&](const std::string& name) {
        const auto returned = returned_.find(name);
        if (returned == returned_.end() || returned->second->is_silent()) return false;
        const bool is_here = returned->second.get() == &here;
        if (!is_here && may_move(here, *returned->second)) to = returned->second;
        return is_here || to;
      });
    if (!to) return;
    if (to->name() == *listener.home) listener.moved = false;
    go_on_with(listener, to, EnterMode::kSeam);
    any = true;
  });
  return any;
}

std::vector<bool> LoopStreams::have_away(const std::vector<std::string>& homes) const {
  std::vector<bool> found(homes.size(), false);
  std::unordered_map<std::string_view, std::size_t> at_home;
  at_home.reserve(homes.size());
  for (std::size_t i = 0; i < homes.size(); ++i) at_home.emplace(homes[i], i);
  for (const auto& [at, fanout] : fanouts_) {
    std::set<std::pair<std::string_view, bool>> seen;
    fanout->for_each([&, here = at](const Listener& listener) {
      if (!listener.home || *listener.home == here->name()) return;
      if (!seen.insert(way_home(listener)).second) return;
      for_each_homeward(listener, here->name(), [&](const std::string& name) {
        if (name == here->name()) return true;
        if (const auto one = at_home.find(name); one != at_home.end()) found[one->second] = true;
        return false;
      });
    });
  }
  return found;
}

void LoopStreams::end_all(const Mount* mount, EndReason reason) {
  for (ListenerGroup* group : groups_) group->finish_all(mount, reason);
  if (mount != nullptr) {
    for_each_of(*mount, [&](Listener& listener) { listener.fanout->finish(listener, reason); });
    return;
  }
  for (auto& [at, fanout] : fanouts_)
    fanout->for_each([&, f = fanout.get()](Listener& listener) { f->finish(listener, reason); });
}

template <class F>
void LoopStreams::for_each_in_audience(F&& f) const {
  for (const auto& [at, fanout] : fanouts_)
    fanout->for_each([&f](Listener& listener) {
      if (!listener.relay_pass) f(listener);
    });
  for (const ListenerGroup* group : groups_) group->each(nullptr, f);
}

std::size_t LoopStreams::end_oldest(std::size_t most, EndReason reason) {
  std::vector<Listener*> all;
  all.reserve(listeners());
  for_each_in_audience([&all](Listener& listener) { all.push_back(&listener); });
  most = std::min(most, all.size());
  if (most == 0) return 0;
  // Ids grow, so of listeners that joined together the earlier one ends first.
  const auto earlier = [](const Listener* a, const Listener* b) {
    return a->joined != b->joined ? a->joined < b->joined : a->id < b->id;
  };
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most) - 1, all.end(),
                   earlier);
  for (std::size_t i = 0; i < most; ++i) finish(*all[i], reason);
  return most;
}

std::vector<SlotHolder> LoopStreams::slot_holders(const SlotGate& gate) const {
  std::vector<SlotHolder> all;
  for_each_in_audience([&](const Listener& listener) {
    if (listener.slot_pass.is_of(gate)) all.push_back({listener.joined, listener.id});
  });
  return all;
}

void LoopStreams::end_holders(const SlotGate& gate, const std::vector<std::uint64_t>& ids,
                              EndReason reason) {
  std::vector<Listener*> found;
  for_each_in_audience([&](Listener& listener) {
    if (listener.slot_pass.is_of(gate) &&
        std::find(ids.begin(), ids.end(), listener.id) != ids.end())
      found.push_back(&listener);
  });
  for (Listener* listener : found) finish(*listener, reason);
}

std::size_t LoopStreams::audience() const {
  std::size_t n = 0;
  for_each_in_audience([&n](const Listener&) { ++n; });
  return n;
}

std::size_t LoopStreams::listeners() const noexcept {
  std::size_t n = 0;
  for (const ListenerGroup* group : groups_) n += group->count();
  for (const auto& [at, fanout] : fanouts_) n += fanout->listeners();
  return n;
}

}  // namespace lb
