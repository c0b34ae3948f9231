// SlotBook: the slots of one mount at one node, where the listeners of a mount are limited over the
// whole cluster.  No socket, no timer, no configuration file.
//
// The node where the stream comes from (the root) has the whole limit.  Each other node has the
// slots that the node which it pulls the mount from (its parent) has given it, and gives of them
// to the nodes that pull from it (its children).  A row down tells how many were ever given, a row
// up how many were ever given back; both counts only grow, so a row that crosses another one is
// harmless, and the sum of all slots is never above the limit.
//
// Giving: what is wanted; while much is free, a part of it, so that listeners seldom wait.  Where
// nothing is free, a wish goes up, and what lies idle at the other children is recalled; when
// neither brings a slot, the answer is "used", and holds for 250 ms.
// Giving back: of what has lain idle for a second, half, where that is more than a quarter.
// Where the root's mount says so the excess is ended: each node ends its part, the newest first.
// Not before the right number has been passed for a second, so that what is idle is back, and not
// within three seconds of a change of links: claims may be on their way, and a slot counts twice.
// A claim is a node's own word, and a node may lie.  What a node was given before covers its claim.
// Where the excess ends, what is not covered ends first, the largest claims first, so a node that
// claims too much ends its own listeners only.  With more than any limit that the mount has had, a
// claim cannot be right: of it only what is covered counts at the root, and others have the slots.
// Lives: with each new link a lower node begins at zero and claims what it uses.  It does so too
// when it pulls from another node.  Once the root knows of that claim, the slots go back through
// the old parent to the root, and no node on the way gives them to another listener.
// Too many, after a partition or a lowered limit: the root recalls what is idle, from now on, until
// the sum is right.  A node that gives slots is owed none: what it was owed is forgotten then.
// A lost child: its slots are held, 1 s after a reset, 15 s after silence; then they are free.
// A lost parent: a node that was reset gives up what is idle at once, one that hears nothing 12 s
// after its parent was certainly there: its slots are void before others have them.  Its listeners
// go on.  So at worst the limit and those that listen at cut-off nodes are on at once.
// A root that may not know all claims yet gives nothing for a second.
//
// Thread: control; the gate is entered by any thread.
// Ownership: app/cluster/slot_service.
// Bounds: kMaxChildren; rows of further ones are passed over.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/record.h"
#include "cluster/slots/slot_row.h"
#include "stream/mount/slot_gate.h"

namespace lb {

// The slots of one mount at a node, as the process that replaces it goes on with them.  Every link
// is made again, and with it each node below claims what it uses.  Until it has, what it had is
// held: that is all that has to be known.  Own listeners bring their slots themselves.
struct SlotBookRecord {
  std::string mount;
  bool root = false;  // the limit is this node's: it knows all claims
  std::vector<std::pair<std::string, std::int64_t>> below;  // nodes, with the slots that are out
};
template <class Io, RecordOf<SlotBookRecord> T>
void record_fields(Io& io, T& book) {
  auto& [mount, root, below] = book;
  io.needed(1, mount);
  io(2, root, below);
}

struct SlotTiming {
  std::chrono::milliseconds grace{1000};       // of a root that does not know all claims yet
  std::chrono::milliseconds hold_reset{1000};  // of a child whose link was reset
  std::chrono::milliseconds hold_silent{15'000};
  std::chrono::milliseconds valid{12'000};    // of slots, after their giver was there
  std::chrono::milliseconds search{200};      // for what children want
  std::chrono::milliseconds own_search{280};  // for what own listeners want
  std::chrono::milliseconds full{250};        // "used" holds
  std::chrono::milliseconds idle{1000};       // between two looks at what is idle
  std::chrono::milliseconds over{1000};       // too many, before listeners end, and once more
  std::chrono::milliseconds settled{3000};    // … after the last change of links
};

// A count of another node, which may say anything.
inline SlotGate::Count bounded(std::uint64_t count) noexcept {
  return static_cast<SlotGate::Count>(std::min(count, kMaxSlotCount));
}

class SlotBook {
 public:
  using Count = SlotGate::Count;
  static constexpr std::size_t kMaxChildren = 4096;
  static constexpr Count kNoLimit = -1;
  static constexpr Count kMaxAtOnce = 64;  // that are given without being wanted

  // next_life: numbers that only grow, also from one run of the process to the next.
  SlotBook(std::string mount, std::shared_ptr<SlotGate> gate, SlotTiming timing,
           std::function<std::uint64_t()> next_life, SteadyTime now);

  // -- the place of this node
  // parent: which the mount is pulled from; "": the stream begins here.  limit: of this node's
  // configuration; it counts where the stream begins, and where the parent knows no limit.
  // certain: no other node can have slots of this one.
  void set_place(const std::string& parent, Count limit, bool certain, SteadyTime now);
  // Of this node's configuration; it counts where the stream begins: listeners beyond it end.
  void set_ends_excess(bool ends) noexcept { ends_excess_ = ends; }
  // A link to this node stands.  restarted: it is another process than before.
  void joined(const std::string& id, bool restarted, SteadyTime now);
  // One of several links to it has ended: rows may be lost.
  void resend(const std::string& id);
  // Another link has taken the place of the one with it: perhaps another process of the same run,
  // which begins a life.  What it had is held until it claims it, one second at most.
  void replaced(const std::string& id, SteadyTime now);
  // The last link has ended, by silence or otherwise.
  void left(const std::string& id, bool silent, SteadyTime now);
  // Its parent was there at that time.
  void parent_was_there(SteadyTime at, SteadyTime now);
  void take(const std::string& from, const SlotRow& row, SteadyTime now);

  // -- of a hand-over
  bool is_moving() const noexcept;
  SlotBookRecord save(SteadyTime now) const;
  // Before its first place: what nodes below had in the process before is held for kLinksAgain, and
  // a root may give at once, for it knows all claims.
  void restore(const SlotBookRecord& saved, SteadyTime now);
  static constexpr std::chrono::milliseconds kLinksAgain{3000};

  // -- its own listeners
  // So many wait for a slot, beyond those that are free in the gate.
  void set_waiting(Count listeners, SteadyTime now);
  // Those that wait are refused; once.
  std::optional<SlotWord> take_refusal();

  // So many of its listeners end, the newest first; once.
  Count take_endings() noexcept { return std::exchange(endings_, 0); }

  // Claims that do not count, each of them once, and of a node once a minute.
  struct Disbelief {
    std::string node;
    Count claimed = 0, limit = 0, counted = 0;
  };
  std::vector<Disbelief> take_disbelieved() { return std::exchange(disbelieved_, {}); }

  // Every 20 ms while it is busy(), else every 250 ms.
  void tick(SteadyTime now);
  bool busy() const noexcept { return search_.has_value() || wanted() > 0 || owed() > 0; }
  struct Outgoing {
    std::string to;
    SlotRow row;
  };
  std::vector<Outgoing> take_outgoing();

  // -- for people
  struct Picture {
    Count limit = kNoLimit;  // of the mount, where this node is its root
    Count have = 0, used = 0, idle = 0, given = 0, held = 0;
    std::string parent;
    bool cut_off = false;
  };
  Picture picture() const;
  const std::string& mount() const noexcept { return mount_; }
  const std::string& parent() const noexcept { return parent_; }
  const std::shared_ptr<SlotGate>& gate() const noexcept { return gate_; }
  // Nothing depends on it: no listener, no child, no wish.
  bool is_unused() const noexcept;
  // Time changes nothing of it, and no other node has slots of it: tick() may be left out until it
  // is asked or told something, and set_place() and tick() come first then.
  bool is_at_rest(SteadyTime now) const noexcept;

 private:
  enum class Role : std::uint8_t { kOpen, kRoot, kChild };
  struct Child {
    std::uint64_t life = 0;
    Count given = 0, claim = 0, back = 0, moved = 0;
    Count claimed = 0;      // of `claim`, it has been told that the root knows it
    Count claim_needs = 0;  // … which is so when the parent has confirmed as much of claim_
    Count uncovered = 0;    // of `claim`, it was not given before
    SteadyTime noted = SteadyTime::min();  // as disbelieved
    Count want = 0;
    Count recalled = 0;  // of what it was asked for, not given back yet
    Count held = 0;      // of its process before: of listeners behind it, which it claims again
    SteadyTime hold_until = SteadyTime::max();  // max: nothing is held
    bool linked = false;
    bool fresh = true;     // any life is a new one
    bool dead = false;     // what it had in this life has been released
    bool is_open = false;  // it was told so
    Count out() const noexcept { return given + claim - back + held; }
  };
  struct Search {
    Search() noexcept {}  // complete before this class is
    SteadyTime until{};
    std::set<std::string> awaited;  // children that were asked for idle slots
    bool asked_parent = false, parent_answered = false;
    Count asked = 0;  // the parent, for so many
    SlotWord parent_word = SlotWord::kNone;
    bool yields = false;
  };

  // Slots at a former parent: the used ones go back when the root knows of the claim at the present
  // one.  It is kept until the link ends, for what the former parent has given too late.
  struct Move {
    std::string parent;
    std::uint64_t life = 0;
    Count given = 0, claim = 0, moved = 0;
    Count used = 0;
    bool done = false;
    bool kept = false;  // by a node that has become the root, as long as it is
  };
  bool is_under_way(const Move& move) const noexcept {
    return !move.done && !(move.kept && role_ == Role::kRoot);
  }

  // While a stream moves, two may be the parent of each other for a moment.  What a parent uses it
  // has itself: claimed from it, it would claim that in turn, and more each time.
  bool is_parent(const std::string& id) const noexcept {
    return role_ == Role::kChild && id == parent_;
  }
  Count given_out() const noexcept;
  Count free() const noexcept { return have_ - given_out() + disbelieved() - gate_->limit(); }
  // Of what is out, claims that do not count.
  Count disbelieved(const Child& child) const noexcept;
  Count disbelieved() const noexcept;
  void note_disbelief(const std::string& id, Child& child, SteadyTime now);
  Count wanted() const noexcept;
  // So many slots more are out than there may be: what becomes idle is called in.
  Count owed() const noexcept;
  void reshape(Role role, bool certain, SteadyTime now);
  void begin_life(SteadyTime now);
  void leave_parent(Role next);
  void finish_moves();
  void give_back(const Move& move);
  void confirm_claims();
  void call_in_debt(SteadyTime now);
  void end_excess(SteadyTime now);
  void end_listeners(Count listeners);
  std::vector<Count> parts_of_claims(Count most) const;
  void freeze();
  void forfeit();
  bool may_give(SteadyTime now) const noexcept;
  void take_up(const std::string& from, const SlotRow& row, SteadyTime now);
  void take_down(const SlotRow& row, SteadyTime now);
  void take_late(const std::string& from, const SlotRow& row);
  void claimed(Count slots);
  void release(Child& child);
  void let_holds_go(SteadyTime now);
  void collect_idle();
  void hand_out();
  void hand_up(Count slots);
  void settle(SteadyTime now);
  void begin_search(SteadyTime now);
  void go_on_with_search(SteadyTime now);
  void refuse(SlotWord word);
  void refuse_others(SlotWord word);
  void return_idle(SteadyTime now);
  void send_parent(bool none = false);
  void send_child(const std::string& id, const Child& child, Count recall = 0,
                  SlotWord word = SlotWord::kNone);
  void send(const std::string& to, SlotRow row);
  bool any_held() const noexcept;

  const std::string mount_;
  const std::shared_ptr<SlotGate> gate_;
  const SlotTiming timing_;
  const std::function<std::uint64_t()> next_life_;
  bool placed_ = false;
  Role role_ = Role::kOpen;
  Count limit_ = kNoLimit;
  Count highest_limit_ = 0;  // that this node has known
  Count have_ = 0;           // all slots of this node and of those below
  SteadyTime gives_from_{};
  SteadyTime root_until_{};  // until then a root knows all claims, from the process before
  // At the parent.
  std::string parent_;
  bool parent_linked_ = false;
  bool parent_open_ = false;
  bool frozen_ = false;
  SteadyTime valid_until_ = SteadyTime::max();
  std::uint64_t life_ = 0;
  Count given_ = 0, back_ = 0, claim_ = 0, moved_ = 0;
  Count confirmed_ = 0;  // of claim_
  Count recall_ = 0;     // the parent asks for so many
  Count debt_ = 0;       // … and for these as soon as they are idle
  std::vector<Move> moves_;
  SteadyTime debt_sent_{};
  bool ends_excess_ = false;
  Count endings_ = 0;
  SteadyTime owed_since_ = SteadyTime::max();
  SteadyTime ended_at_{}, links_changed_{};
  std::set<std::string> linked_;
  std::map<std::string, Child> children_;
  std::string last_served_;
  Count waiting_ = 0;
  std::optional<SlotWord> refusal_;
  std::optional<Search> search_;
  SteadyTime full_until_{};
  SlotWord full_word_ = SlotWord::kUsed;
  SteadyTime idle_check_{};
  Count idle_before_ = 0;
  std::vector<Outgoing> outgoing_;
  std::vector<Disbelief> disbelieved_;
};

}  // namespace lb
