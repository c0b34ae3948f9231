// SlotBook: the slots of one mount at one node, where the listeners of a mount are limited over the
// whole cluster.  No socket, no timer, no configuration file.
//
// The node where the stream comes from (the root) has the whole limit.  Every other node has the
// slots that its parent, the node it pulls the mount from, has given it, and passes some to its
// children, the nodes that pull from it.  A row down has the count of all slots ever given, a row
// up the count of all ever given back.  Both counts only grow, so rows that cross do no harm, and
// the sum of all slots never exceeds the limit.
//
// Giving: the slots that are wanted, and a part more while many are free, so that listeners seldom
// wait.  Without a free slot the wish goes up and idle slots of the other children are recalled; if
// neither brings one, the answer is "used" for 250 ms.
// Giving back: half of the slots that were idle for a second, if those are more than a quarter.
// If the root's mount is configured so, listeners beyond the limit end: each node ends its part,
// the newest first.  They end after one second of excess, so that idle slots are back, and three
// seconds after the last change of links, because a claim on its way counts a slot twice.
// A claim may be a lie.  It is covered by the slots that the node was given before.  Listeners of
// uncovered claims end first, beginning with the largest claims, so a node that claims too much
// ends only its own listeners.  A claim above every limit that the mount has had cannot be right:
// the root counts its covered part only, and other nodes get the slots.
// Of a child whose listeners are limited, no node counts or gives more slots than that.
// Lives: with each new link, and when it changes its parent, a lower node begins at zero and claims
// the slots that it uses.  Once the root knows of that claim, the slots go back through the old
// parent to the root, and no node on the way gives them to another listener.
// Too many slots, after a partition or a lowered limit: the root recalls idle ones until the sum is
// right.  A node with too many slots gives none, so a node that gets slots owes none any more.
// A lost child: its slots are held 1 s after a reset, 15 s after silence; then they are free.
// A lost parent: a node gives up its idle slots at once after a reset, and after silence 12 s after
// the last sign of its parent, so they are void before other nodes have them.  Its listeners go on.
// So at worst the listeners of cut-off nodes come on top of the limit.
// A root that may not know all claims yet gives no slots for a second; so does a node that becomes
// the root, because others claim at it what they have from the one before.
// The root before is told that slots were claimed elsewhere while it still has no parent.  Without
// the stream it then gives none: it pulls from there soon, or has the stream again, or 15 s pass.
//
// Thread: control; the gate is entered by any thread.
// Ownership: app/cluster/slot_service.
// Bounds: kMaxChildren; rows of further children are ignored.
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
#include "base/rate_limit.h"
#include "base/record.h"
#include "cluster/slots/slot_row.h"
#include "stream/mount/slot_gate.h"

namespace lb {

// The slots of one mount at a node, for the process that replaces it.  Every link is made again and
// with it each node below claims its slots; until then the slots it had are held.  Listeners of
// this node bring their slots themselves.
struct SlotBookRecord {
  std::string mount;
  bool root = false;  // the limit is this node's, so it knows all claims
  std::vector<std::pair<std::string, std::int64_t>> below;  // children, with their slots
  static constexpr PlainRecord kRecord{.members = 3, .needed = 1};
};

struct SlotTiming {
  std::chrono::milliseconds grace{1000};       // a root that does not know all claims waits so long
  std::chrono::milliseconds hold_reset{1000};  // of a child whose link was reset
  std::chrono::milliseconds hold_silent{15'000};
  std::chrono::milliseconds valid{12'000};    // of slots, after the giver's last sign
  std::chrono::milliseconds search{200};      // for slots that children want
  std::chrono::milliseconds own_search{280};  // for slots that own listeners want
  std::chrono::milliseconds full{250};        // "used" holds so long
  std::chrono::milliseconds idle{1000};       // between two checks for idle slots
  std::chrono::milliseconds over{1000};       // limit exceeded, until listeners end
  std::chrono::milliseconds settled{3000};    // … after the last change of links
};

// Bounds a count of another node, which may be any number.
inline SlotGate::Count bounded(std::uint64_t count) noexcept {
  return static_cast<SlotGate::Count>(std::min(count, kMaxSlotCount));
}

class SlotBook {
 public:
  using Count = SlotGate::Count;
  static constexpr std::size_t kMaxChildren = 4096;
  static constexpr Count kNoLimit = -1;
  static constexpr Count kMaxAtOnce = 64;  // given beyond those that are wanted

  // next_life: numbers that only grow, also from one run of the process to the next.
  SlotBook(std::string mount, std::shared_ptr<SlotGate> gate, SlotTiming timing,
           std::function<std::uint64_t()> next_life, SteadyTime now);

  // -- the place of this node
  // parent: the node that the mount is pulled from; "": the stream begins here. limit: from this
  // node's configuration; it counts where the stream begins and where the parent knows no limit.
  // certain: no other node can have slots of this one.
  void set_place(const std::string& parent, Count limit, bool certain, SteadyTime now);
  // From this node's configuration; where the stream begins, listeners beyond the limit end.
  void set_ends_excess(bool ends) noexcept { ends_excess_ = ends; }
  // Before set_place(): whether the stream plays here, from its source and not from another node.
  void set_has_stream(bool has) noexcept { has_stream_ = has; }
  // A link to this node is made. restarted: its process is another one than before.
  void joined(const std::string& id, bool restarted, SteadyTime now);
  // One of several links to the node has ended: rows may be lost.
  void resend(const std::string& id);
  // A new link has replaced the node's link, perhaps of another process of the same run, which
  // begins a life.  Its slots are held until it claims them, one second at most.
  void replaced(const std::string& id, SteadyTime now);
  // The last link has ended, by silence or otherwise.
  void left(const std::string& id, bool silent, SteadyTime now);
  // The last sign of the parent.
  void parent_was_there(SteadyTime at, SteadyTime now);
  // most: the slots that the sender, with the nodes behind it, may have.
  void take(const std::string& from, const SlotRow& row, SteadyTime now, Count most = kNoLimit);

  // -- of a hand-over
  bool is_moving() const noexcept;
  SlotBookRecord save(SteadyTime now) const;
  // REQUIRES: called before set_place().  Slots of nodes below are held for kLinksAgain.  A root
  // may give slots at once, because its record has all claims.
  void restore(const SlotBookRecord& saved, SteadyTime now);
  static constexpr std::chrono::milliseconds kLinksAgain{3000};

  // -- its own listeners
  // The number of listeners that wait for a slot, beyond those free in the gate.
  void set_waiting(Count listeners, SteadyTime now);
  // The waiting listeners are refused; reported once.
  std::optional<SlotWord> take_refusal();

  // The number of this node's listeners that must end, the newest first; reported once.
  Count take_endings() noexcept { return std::exchange(endings_, 0); }

  // Claims that do not count, and slots that a node may not have: each is reported once, and of a
  // node once a minute.
  struct Disbelief {
    std::string node;
    Count claimed = 0, limit = 0, counted = 0;
    bool of_node = false;  // the limit is the node's own, and claimed are all that it wants
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

  // -- for status pages
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
  // Whether nothing depends on it: no listener, no child, no wish.
  bool is_unused() const noexcept;
  // Whether time changes nothing here, and no other node has slots of it. tick() may then be
  // skipped until another function is called; before that call set_place() and tick() are called.
  bool is_at_rest(SteadyTime now) const noexcept;

 private:
  enum class Role : std::uint8_t { kOpen, kRoot, kChild };
  struct Child {
    std::uint64_t life = 0;
    Count given = 0, claim = 0, back = 0, moved = 0;
    Count claimed = 0;      // the child knows that the root has this part of its `claim`
    Count claim_needs = 0;  // … once the parent has confirmed this much of claim_
    Count uncovered = 0;    // the part of `claim` that it was not given before
    Count most = kNoLimit;  // that it may have
    RateLimit noted;        // reports about it
    Count want = 0;
    Count recalled = 0;  // recalled and not given back yet
    Count held = 0;      // for listeners of its former process, until it claims them
    SteadyTime hold_until = SteadyTime::max();  // max: nothing is held
    bool linked = false;
    bool fresh = true;     // any life number is a new one
    bool dead = false;     // its slots of this life are released
    bool is_open = false;  // it has been sent kOpen
    Count out() const noexcept { return given + claim - back + held; }
    // The slots that it may still be given.
    Count room() const noexcept {
      if (most == kNoLimit) return static_cast<Count>(kMaxSlotCount);
      return std::max<Count>(0, most - (out() - held));
    }
  };
  struct Search {
    Search() noexcept {}  // makes it complete before this class is
    SteadyTime until{};
    std::set<std::string> awaited;  // children that were asked for idle slots
    bool asked_parent = false, parent_answered = false;
    Count asked = 0;  // from the parent
    SlotWord parent_word = SlotWord::kNone;
    bool yields = false;
  };

  // Slots at a former parent: used ones go back when the root knows of the claim at the present
  // one.  A Move is kept until the link ends, for slots that the former parent has given too late.
  struct Move {
    std::string parent;
    std::uint64_t life = 0;
    Count given = 0, claim = 0, moved = 0;
    Count used = 0;
    bool done = false;
    bool kept = false;  // kept by a node that became the root, as long as it is the root
  };
  bool is_under_way(const Move& move) const noexcept {
    return !move.done && !(move.kept && role_ == Role::kRoot);
  }

  // While a stream moves, two nodes may be each other's parent.  A slot that a parent uses is its
  // own: claimed from it, the parent would claim it back, and more each time.
  bool is_parent(const std::string& id) const noexcept {
    return role_ == Role::kChild && id == parent_;
  }
  Count given_out() const noexcept;
  Count free() const noexcept { return have_ - given_out() + disbelieved() - gate_->limit(); }
  // The claims of this child that do not count.
  Count disbelieved(const Child& child) const noexcept;
  Count disbelieved() const noexcept;
  void note_disbelief(const std::string& id, Child& child, SteadyTime now);
  void note_limit_of(const std::string& id, Child& child, Count wish, SteadyTime now);
  Count wanted() const noexcept;
  // The number of slots above the limit: idle ones are recalled.
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
  static Child next_life_of(const Child& child, std::uint64_t life);
  void take_up(const std::string& from, const SlotRow& row, SteadyTime now, Count most);
  // The slots that the child gives back.
  void take_back(Child& child, const SlotRow& row, SteadyTime now);
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
  Count highest_limit_ = 0;  // the highest that this node has known
  Count have_ = 0;           // all slots of this node and of those below
  SteadyTime gives_from_{};
  SteadyTime root_until_{};  // a root after a hand-over knows all claims, until then
  // At the parent.
  std::string parent_;
  bool parent_linked_ = false;
  bool parent_open_ = false;
  bool frozen_ = false;
  SteadyTime valid_until_ = SteadyTime::max();
  std::uint64_t life_ = 0;
  Count given_ = 0, back_ = 0, claim_ = 0, moved_ = 0;
  Count confirmed_ = 0;  // of claim_
  Count recall_ = 0;     // the number that the parent asks for
  Count debt_ = 0;       // … and asks for as soon as they are idle
  std::vector<Move> moves_;
  SteadyTime debt_sent_{};
  bool ends_excess_ = false;
  bool has_stream_ = true;
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
