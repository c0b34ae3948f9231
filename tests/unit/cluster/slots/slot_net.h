// SlotNet: SlotBooks of several nodes on a clock of the test's, in a tree of links that deliver in
// order and take their time; listeners come and go, links are cut, nodes are killed.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "cluster/slots/slot_book.h"

namespace lb::test {

class SlotNet {
 public:
  using Count = SlotBook::Count;
  static constexpr unsigned kNobody = ~0U;

  struct Member {
    std::shared_ptr<SlotGate> gate;
    std::unique_ptr<SlotBook> book;  // null: it does not run
    unsigned parent = kNobody;       // that it pulls from
    unsigned run = 0;
    Count waiting = 0;
    std::map<unsigned, SteadyTime> heard;  // by neighbour
    std::uint64_t refused = 0, served = 0, ended = 0;
  };

  SlotNet(unsigned count, Count limit_given, std::uint64_t seed, std::chrono::milliseconds run = {})
      : limit(limit_given), rng(seed), members(count) {
    for (unsigned i = 0; i < count; ++i) start(i, i == 0 ? kNobody : 0);
    run_for(run);
  }

  static std::string name(unsigned i) { return "n" + std::to_string(i); }
  static unsigned number(const std::string& id) {
    return static_cast<unsigned>(std::stoul(id.substr(1)));
  }

  // -- nodes and links
  void start(unsigned i, unsigned parent) {
    Member& member = members[i];
    const unsigned run = member.run + 1;
    member = Member{};
    member.run = run;
    member.gate = std::make_shared<SlotGate>();
    member.book = std::make_unique<SlotBook>(
        "/m", member.gate, SlotTiming{}, [this] { return ++life; }, now);
    member.parent = parent;
    place(i, false);
    for (unsigned j = 0; j < members.size(); ++j)
      if (j != i && members[j].book) link(i, j);
  }
  void place(unsigned i, bool certain) {
    Member& member = members[i];
    member.book->set_place(member.parent == kNobody ? "" : name(member.parent), limit, certain,
                           now);
    settle(i);
  }
  // At the root; the others hear of it by their links.
  void set_limit(Count next) {
    limit = next;
    place(0, true);
  }
  // Every listener of it is gone.
  void kill(unsigned i) {
    Member& member = members[i];
    sum -= inside(i);
    for (unsigned j = 0; j < members.size(); ++j) cut(i, j, false, true);
    member.gate = nullptr;
    member.book = nullptr;
    member.waiting = 0;
  }
  bool linked(unsigned i, unsigned j) const { return links.contains(std::minmax(i, j)); }
  void link(unsigned i, unsigned j) {
    if (i == j || linked(i, j) || !members[i].book || !members[j].book) return;
    links[std::minmax(i, j)] = {++last_link, now, now};
    for (const auto& [a, b] : {std::pair(i, j), std::pair(j, i)}) {
      unsigned& known = known_runs[{a, b}];
      const bool restarted = known != 0 && known != members[b].run;
      known = members[b].run;
      members[a].heard[b] = now;
      members[a].book->joined(name(b), restarted, now);
      settle(a);
    }
  }
  // Both sides see it at once.
  void cut(unsigned i, unsigned j, bool silent, bool dies = false) {
    if (links.erase(std::minmax(i, j)) == 0) return;
    for (const auto& [a, b] : {std::pair(i, j), std::pair(j, i)}) {
      if (dies && a == i) continue;
      members[a].book->left(name(b), silent, now);
      settle(a);
    }
  }
  // Another process goes on with its listeners, as the same run: the node that it pulls from sees
  // no end of the link, but another one some time later; all others see a reset.
  void hand_over(unsigned i, std::chrono::milliseconds again) {
    Member& member = members[i];
    if (!member.book || member.waiting > 0 || member.book->is_moving()) return;
    const SlotBookRecord saved = member.book->save(now);
    const Count listeners = inside(i);
    member.gate = std::make_shared<SlotGate>();
    for (Count n = 0; n < listeners; ++n) member.gate->enter_again();
    member.book = std::make_unique<SlotBook>(
        "/m", member.gate, SlotTiming{}, [this] { return ++life; }, now);
    member.book->restore(saved, now);
    place(i, false);
    for (unsigned j = 0; j < members.size(); ++j) {
      if (links.erase(std::minmax(i, j)) == 0) continue;
      const bool unseen = member.parent == j;
      if (!unseen) {
        members[j].book->left(name(i), false, now);
        settle(j);
      }
      later(now + again, [this, i, j, unseen, run = member.run] {
        if (!members[i].book || members[i].run != run || !members[j].book || linked(i, j)) return;
        if (!unseen) return link(i, j);
        links[std::minmax(i, j)] = {++last_link, now, now};
        members[i].heard[j] = members[j].heard[i] = now;
        members[i].book->joined(name(j), false, now);
        members[j].book->replaced(name(i), now);
        settle(i);
        settle(j);
      });
    }
  }
  void pull_from(unsigned i, unsigned parent) {
    members[i].parent = parent;
    place(i, false);
  }

  // The encoder comes to this node, which runs since long, …
  void begins_at(unsigned i) {
    members[i].parent = kNobody;
    members[i].book->set_has_stream(true);
    place(i, true);
  }
  // … or has left it.
  void has_no_stream(unsigned i) { members[i].book->set_has_stream(false); }

  // -- listeners
  Count inside(unsigned i) const { return members[i].gate ? members[i].gate->inside() : 0; }
  void arrive(unsigned i) {
    Member& member = members[i];
    if (!member.book) return;
    if (member.gate->try_enter(now)) {
      entered(i);
      return;
    }
    ++member.waiting;
    settle(i);
  }
  void come(unsigned i, unsigned listeners, std::chrono::milliseconds run = {}) {
    for (; listeners > 0; --listeners) arrive(i);
    run_for(run);
  }
  void leave(unsigned i) {
    if (!members[i].book || inside(i) == 0) return;
    members[i].gate->leave();
    --sum;
  }
  void entered(unsigned i) {
    ++members[i].served;
    ++sum;
    peak = std::max(peak, sum);
  }
  // As SlotService::serve().
  void settle(unsigned i) {
    Member& member = members[i];
    SlotBook& book = *member.book;
    for (bool more = member.waiting > 0; more;) {
      while (member.waiting > 0 && member.gate->try_enter(now)) {
        --member.waiting;
        entered(i);
      }
      const Count before = member.gate->idle();
      book.set_waiting(member.waiting, now);
      more = member.waiting > 0 && member.gate->idle() > before;
    }
    if (book.take_refusal()) {
      member.refused += static_cast<std::uint64_t>(member.waiting);
      member.waiting = 0;
    }
    for (Count most = book.take_endings(); most > 0; --most) {
      ++member.ended;
      leave(i);
    }
    for (SlotBook::Outgoing& letter : book.take_outgoing()) send(i, number(letter.to), letter.row);
  }
  void tick(unsigned i) {
    Member& member = members[i];
    if (!member.book) return;
    if (member.parent != kNobody && linked(i, member.parent))
      member.book->parent_was_there(now, now);
    member.book->tick(now);
    settle(i);
  }

  // -- time
  void send(unsigned from, unsigned to, SlotRow row) {
    const auto at = links.find(std::minmax(from, to));
    if (at == links.end()) return;
    ++frames;
    // In order.
    SteadyTime& last = from < to ? at->second.up : at->second.down;
    last = std::max(last, now + std::chrono::milliseconds(least_delay + rng.below(spread)));
    later(last, [this, from, to, row = std::move(row), link = at->second.number] {
      const auto still = links.find(std::minmax(from, to));
      if (still == links.end() || still->second.number != link) return;
      members[to].book->take(name(from), row, now);
      settle(to);
    });
  }
  void later(SteadyTime at, std::function<void()> what) {
    events.push({at, ++last_event, std::move(what)});
  }
  bool step() {
    if (events.empty()) return false;
    Event event = events.top();
    events.pop();
    now = std::max(now, event.at);
    event.what();
    return true;
  }
  void run_for(std::chrono::milliseconds time) {
    const SteadyTime until = now + time;
    while (now < until) {
      for (unsigned i = 0; i < members.size(); ++i) tick(i);
      const SteadyTime next = std::min(until, now + std::chrono::milliseconds(20));
      while (!events.empty() && events.top().at <= next) step();
      now = next;
    }
  }
  // Has no way to the root.
  bool is_cut_off(unsigned i) const {
    std::set<unsigned> seen;
    while (members[i].book && members[i].parent != kNobody && seen.insert(i).second) {
      if (!linked(i, members[i].parent)) return true;
      i = members[i].parent;
    }
    return !members[i].book || members[i].parent != kNobody;
  }
  Count listeners_cut_off() const {
    Count count = 0;
    for (unsigned i = 0; i < members.size(); ++i)
      if (members[i].book && is_cut_off(i)) count += inside(i);
    return count;
  }

  Count limit;
  SteadyTime now{std::chrono::hours(1)};
  Rng rng;
  std::vector<Member> members;
  Count sum = 0, peak = 0;  // of listeners
  std::uint64_t frames = 0;
  unsigned least_delay = 1, spread = 1;

 private:
  struct Event {
    SteadyTime at;
    std::uint64_t number;
    std::function<void()> what;
    bool operator<(const Event& other) const {
      return std::pair(other.at, other.number) < std::pair(at, number);
    }
  };
  struct LinkState {
    std::uint64_t number = 0;
    SteadyTime up, down;
  };
  std::map<std::pair<unsigned, unsigned>, LinkState> links;
  std::map<std::pair<unsigned, unsigned>, unsigned> known_runs;
  std::priority_queue<Event> events;
  std::uint64_t last_event = 0, last_link = 0, life = 1000;
};

}  // namespace lb::test
