#include "cluster/slots/slot_book.h"

#include <limits>

namespace lb {
namespace {

constexpr auto kAll = std::numeric_limits<SlotGate::Count>::max();

SlotGate::Count bounded_wish(std::uint64_t slots) noexcept {
  return static_cast<SlotGate::Count>(std::min(slots, kMaxSlotsAtOnce));
}

}  // namespace

SlotBook::SlotBook(std::string mount, std::shared_ptr<SlotGate> gate, SlotTiming timing,
                   std::function<std::uint64_t()> next_life, SteadyTime now)
    : mount_(std::move(mount)),
      gate_(std::move(gate)),
      timing_(timing),
      next_life_(std::move(next_life)),
      idle_check_(now + timing.idle) {}

SlotBook::Count SlotBook::given_out() const noexcept {
  Count sum = 0;
  for (const auto& [id, child] : children_)
    if (!is_parent(id)) sum += child.out();
  return sum;
}

SlotBook::Count SlotBook::disbelieved(const Child& child) const noexcept {
  const Count uncovered = std::min(child.uncovered, child.out());
  if (role_ == Role::kRoot && child.out() > highest_limit_) return uncovered;
  return child.most == kNoLimit ? 0 : std::clamp<Count>(child.out() - child.most, 0, uncovered);
}

SlotBook::Count SlotBook::disbelieved() const noexcept {
  Count sum = 0;
  for (const auto& [id, child] : children_) sum += disbelieved(child);
  return sum;
}

SlotBook::Count SlotBook::wanted() const noexcept {
  Count sum = waiting_ + recall_;
  for (const auto& [id, child] : children_) sum += child.want;
  return sum;
}

SlotBook::Count SlotBook::owed() const noexcept {
  return role_ == Role::kRoot ? std::max<Count>(0, -free()) : role_ == Role::kChild ? debt_ : 0;
}

bool SlotBook::any_held() const noexcept {
  return std::any_of(children_.begin(), children_.end(),
                     [](const auto& row) { return row.second.hold_until != SteadyTime::max(); });
}

bool SlotBook::may_give(SteadyTime now) const noexcept {
  return role_ == Role::kRoot ? now >= gives_from_ : !frozen_;
}

bool SlotBook::is_unused() const noexcept {
  return gate_->inside() == 0 && wanted() == 0 && given_out() == 0;
}

bool SlotBook::is_at_rest(SteadyTime now) const noexcept {
  if (!placed_ || search_ || refusal_ || endings_ > 0 || !outgoing_.empty() || is_moving())
    return false;
  if (wanted() > 0 || owed() > 0 || any_held() || given_out() != 0) return false;
  switch (role_) {
    case Role::kOpen:
      return true;
    case Role::kRoot:
      return now >= gives_from_;
    case Role::kChild:
      return have_ == 0 && gate_->inside() == 0;
  }
  return false;
}

// -- the place of this node -----------------------------------------------------------------------

void SlotBook::set_place(const std::string& parent, Count limit, bool certain, SteadyTime now) {
  const bool limit_changed = std::exchange(limit_, limit) != limit;
  highest_limit_ = std::max(highest_limit_, limit);
  const bool moves = !placed_ || parent != parent_;
  if (moves) {
    const Role next = !parent.empty() ? Role::kChild : limit < 0 ? Role::kOpen : Role::kRoot;
    if (placed_ && role_ == Role::kChild) leave_parent(next);
    parent_ = parent;
    std::erase_if(moves_, [&](const Move& move) { return move.parent == parent_; });
    // Slots of a child that is now the parent are claimed at that parent.
    if (const auto at = children_.find(parent_); at != children_.end()) release(at->second);
    parent_linked_ = !parent_.empty() && linked_.contains(parent_);
    parent_open_ = frozen_ = false;
    given_ = back_ = claim_ = moved_ = confirmed_ = recall_ = debt_ = 0;
    life_ = 0;
    search_.reset();
    full_until_ = {};
  }
  const bool begins = parent_.empty() || parent_open_;
  const Role role = !begins ? Role::kChild : limit_ < 0 ? Role::kOpen : Role::kRoot;
  if (has_stream_) gives_from_ = std::min(gives_from_, now + timing_.grace);
  if (moves || role != role_)
    reshape(role, certain, now);
  else if (limit_changed && role_ == Role::kRoot) {
    have_ = limit_;
    full_until_ = {};
    settle(now);
  }
}

void SlotBook::reshape(Role role, bool certain, SteadyTime now) {
  const bool was_placed = std::exchange(placed_, true);
  const bool had_root = was_placed && role_ == Role::kRoot;
  const bool had_parent = was_placed && role_ == Role::kChild;
  role_ = role;
  if (role_ == Role::kOpen) {
    gate_->open();
    settle(now);
    return;
  }
  gate_->close();
  for (auto& [id, child] : children_)
    if (std::exchange(child.is_open, false) && child.linked) send_child(id, child);
  if (role_ == Role::kChild) {
    begin_life(now);
    return;
  }
  frozen_ = false;
  have_ = limit_;
  gate_->set_until(SteadyTime::max());
  const bool knows_all = (certain && !had_parent) || had_root || now < root_until_;
  gives_from_ = knows_all ? now : now + timing_.grace;
  settle(now);
}

// Used slots are claimed, here and below; idle ones are given by the parent again.
void SlotBook::begin_life(SteadyTime now) {
  forfeit();
  links_changed_ = now;
  life_ = next_life_();
  given_ = back_ = moved_ = confirmed_ = recall_ = debt_ = 0;
  claim_ = have_;
  for (auto& [id, child] : children_) child.claim_needs = claim_;
  search_.reset();
  full_until_ = {};
  frozen_ = !parent_linked_;
  valid_until_ = now + timing_.valid;
  gate_->set_until(valid_until_);
  if (parent_linked_) send_parent();
  settle(now);
}

// Tells children whose claims the root now knows.
void SlotBook::confirm_claims() {
  for (auto& [id, child] : children_) {
    const bool known = role_ == Role::kRoot ||
                       (role_ == Role::kChild && !frozen_ && confirmed_ >= child.claim_needs);
    if (!known || !child.linked || child.claimed >= child.claim) continue;
    child.claimed = child.claim;
    send_child(id, child);
  }
}

// After a partition or a lowered limit more slots are out than allowed: idle ones are recalled,
// here and below.
void SlotBook::call_in_debt(SteadyTime now) {
  if (owed() == 0) return;
  gate_->take(owed());
  if (role_ == Role::kChild)
    if (const Count slots = std::min(debt_, free()); slots > 0) {
      debt_ -= slots;
      hand_up(slots);
    }
  if (owed() == 0 || now < debt_sent_ + timing_.full) return;
  debt_sent_ = now;
  for (auto& [id, child] : children_)
    if (child.linked && child.out() > 0) send_child(id, child, owed(), SlotWord::kHeld);
}

// Ends listeners beyond the limit at a root that may do so.
void SlotBook::end_excess(SteadyTime now) {
  const Count excess = owed() + disbelieved();
  owed_since_ = excess > 0 ? std::min(owed_since_, now) : SteadyTime::max();
  if (role_ != Role::kRoot || !ends_excess_ || excess == 0) return;
  if (now < std::max(owed_since_, ended_at_) + timing_.over) return;
  if (now < links_changed_ + timing_.settled || any_held() || !may_give(now)) return;
  ended_at_ = now;
  end_listeners(excess);
}

void SlotBook::forfeit() {
  gate_->take(kAll);
  have_ = given_out() - disbelieved() + gate_->limit();
}

void SlotBook::freeze() {
  frozen_ = true;
  for (auto& [id, child] : children_)
    if (child.linked && child.out() > 0) send_child(id, child, static_cast<Count>(kMaxSlotsAtOnce));
  forfeit();
}

void SlotBook::joined(const std::string& id, bool restarted, SteadyTime now) {
  linked_.insert(id);
  if (id == parent_) {
    parent_linked_ = true;
    // The parent must show again whether it knows a limit.
    if (std::exchange(parent_open_, false))
      set_place(parent_, limit_, false, now);
    else if (role_ == Role::kChild)
      begin_life(now);
    return;
  }
  const auto at = children_.find(id);
  if (at == children_.end()) return;
  links_changed_ = now;
  Child& child = at->second;
  child.linked = child.fresh = true;
  child.is_open = false;
  // The child claims its used slots at once; one that pulls from elsewhere now sends no claim.
  if (child.out() > 0)
    child.hold_until = std::max(child.hold_until == SteadyTime::max() ? now : child.hold_until,
                                now + timing_.hold_reset);
  if (!restarted || child.dead) return;
  // The child's own listeners are gone, but not those of nodes behind it.
  const Count held = child.out();
  const SteadyTime until = std::min(child.hold_until, now + timing_.hold_reset);
  release(child);
  if (held > 0) {
    child.held = held;
    child.hold_until = until;
  }
}

void SlotBook::replaced(const std::string& id, SteadyTime now) {
  // The new process may not know this life or the slots that its predecessor gave in it.
  if (id == parent_ && role_ == Role::kChild && parent_linked_) return begin_life(now);
  const auto at = children_.find(id);
  if (at == children_.end() || id == parent_) return resend(id);
  links_changed_ = now;
  Child& child = at->second;
  const Count held = child.out();
  // The old process, if it still runs, begins another life.
  if (child.life != 0) send_child(id, child, 0, SlotWord::kAgain);
  release(child);
  child.linked = child.fresh = true;
  child.is_open = false;
  if (held == 0) return;
  child.held = held;
  child.hold_until = now + timing_.hold_reset;
}

SlotBookRecord SlotBook::save(SteadyTime now) const {
  SlotBookRecord saved;
  saved.mount = mount_;
  saved.root = role_ == Role::kRoot && now >= gives_from_;
  for (const auto& [id, child] : children_)
    if (child.out() > 0) saved.below.emplace_back(id, child.out());
  return saved;
}

void SlotBook::restore(const SlotBookRecord& saved, SteadyTime now) {
  if (saved.root) root_until_ = now + kLinksAgain;
  for (const auto& [id, out] : saved.below) {
    if (children_.size() >= kMaxChildren) return;
    Child& child = children_[id];
    child.held = std::clamp<Count>(out, 0, static_cast<Count>(kMaxSlotCount));
    child.hold_until = now + kLinksAgain;
  }
}

void SlotBook::resend(const std::string& id) {
  if (id == parent_ && parent_linked_ && life_ != 0) send_parent();
  if (const auto at = children_.find(id); at != children_.end() && at->second.linked)
    send_child(id, at->second);
}

void SlotBook::left(const std::string& id, bool silent, SteadyTime now) {
  linked_.erase(id);
  std::erase_if(moves_, [&](const Move& move) { return move.parent == id; });
  if (id == parent_) {
    parent_linked_ = false;
    recall_ = debt_ = 0;
    if (role_ == Role::kChild && !silent) freeze();
    // The lost parent does not answer the search any more.
    if (search_ && search_->asked_parent) search_->parent_answered = true;
    settle(now);
    return;
  }
  const auto at = children_.find(id);
  if (at == children_.end()) return;
  links_changed_ = now;
  Child& child = at->second;
  child.linked = false;
  child.want = child.recalled = 0;
  if (child.out() > 0) {
    child.hold_until = now + (silent ? timing_.hold_silent : timing_.hold_reset);
    full_word_ = SlotWord::kHeld;
  }
  if (search_) search_->awaited.erase(id);
  settle(now);
}

void SlotBook::parent_was_there(SteadyTime at, SteadyTime now) {
  if (role_ != Role::kChild || !parent_linked_) return;
  const SteadyTime until = at + timing_.valid;
  if (until <= valid_until_) return;
  valid_until_ = until;
  if (frozen_ && until > now)
    begin_life(now);
  else
    gate_->set_until(until);
}

// -- rows -----------------------------------------------------------------------------------------

void SlotBook::take(const std::string& from, const SlotRow& row, SteadyTime now, Count most) {
  if (!row.down)
    take_up(from, row, now, most);
  else if (from == parent_ && row.life == life_)
    take_down(row, now);
  else
    take_late(from, row);
}

void SlotBook::take_down(const SlotRow& row, SteadyTime now) {
  if (row.word == SlotWord::kOpen) {
    parent_open_ = true;
    set_place(parent_, limit_, false, now);
    return;
  }
  if (std::exchange(parent_open_, false)) {
    set_place(parent_, limit_, false, now);
    return;
  }
  if (row.word == SlotWord::kAgain) {
    begin_life(now);
    return;
  }
  if (const Count more = bounded(row.given) - given_; more > 0) {
    given_ += more;
    // A parent may give as much again in each life that it orders: the sum stays a number.
    have_ += std::min(more, static_cast<Count>(kMaxSlotCount) - have_);
    // A node with too many slots gives none, so no debt remains.  Each child has the whole debt,
    // and payments of others, or a higher limit, are not reported to it in a row of their own.
    debt_ = 0;
    if (search_) {
      search_->asked -= std::min(search_->asked, more);
      search_->yields = true;
    }
  }
  if (const Count now_known = bounded(row.claimed); now_known > confirmed_) {
    confirmed_ = now_known;
  }
  const Count recall = bounded_wish(row.recall);
  if (row.word == SlotWord::kEnd) {
    debt_ = std::max(debt_, recall);
    const Count before = back_;
    call_in_debt(now);
    if (const Count rest = recall - (back_ - before);
        rest > 0 && now >= links_changed_ + timing_.settled)
      end_listeners(rest);
  } else if (recall > 0) {
    (row.word == SlotWord::kHeld ? debt_ : recall_) = recall;
  }
  if (row.word != SlotWord::kNone && row.word != SlotWord::kEnd && search_ &&
      search_->asked_parent) {
    search_->parent_answered = true;
    search_->asked = 0;
    search_->parent_word = row.word;
  }
  settle(now);
}

SlotBook::Child SlotBook::next_life_of(const Child& child, std::uint64_t life) {
  Child next;
  next.life = life;
  next.linked = child.linked;
  next.fresh = false;
  if (child.held > 0) {
    next.held = child.held;
    next.hold_until = child.hold_until;
  }
  next.noted = child.noted;
  return next;
}

void SlotBook::take_back(Child& child, const SlotRow& row, SteadyTime now) {
  const Count back = std::min(bounded(row.back), child.given + child.claim) - child.back;
  if (back <= 0) return;
  const Count moved = std::clamp<Count>(bounded(row.moved) - child.moved, 0, back);
  child.back += back;
  child.uncovered -= std::min(child.uncovered, back);
  child.moved += moved;
  child.recalled -= std::min(child.recalled, back);
  if (moved > 0 && role_ == Role::kChild) {
    moved_ += moved;
    hand_up(moved);
  }
  if (moved > 0 && role_ == Role::kRoot && !has_stream_) {
    gives_from_ = now + timing_.hold_silent;
    gate_->take(kAll);
  }
  if (search_ && back > moved) search_->yields = true;
}

void SlotBook::take_up(const std::string& from, const SlotRow& row, SteadyTime now, Count most) {
  auto at = children_.find(from);
  if (at == children_.end()) {
    if (children_.size() >= kMaxChildren) return;
    at = children_.try_emplace(from).first;
    at->second.linked = linked_.contains(from);
  }
  Child& child = at->second;
  Count covered = child.held;
  if (row.life != child.life) {
    if (row.life < child.life && !child.fresh) return;
    links_changed_ = now;
    // Slots that the child had before cover its claim.
    covered = std::max(covered, child.out() - std::min(child.uncovered, child.out()));
    child = next_life_of(child, row.life);
    if (search_) search_->awaited.erase(from);
  } else if (child.dead) {
    send_child(from, child, 0, SlotWord::kAgain);
    return;
  }
  child.fresh = false;
  child.most = most;
  if (child.linked && child.held == 0) child.hold_until = SteadyTime::max();
  if (const Count more = bounded(row.claim) - child.claim; more > 0) {
    child.claim += more;
    child.held -= std::min(child.held, more);
    child.uncovered += std::max<Count>(0, more - covered);
    note_disbelief(from, child, now);
  }
  if (const Count short_of = -free(); short_of > 0) claimed(short_of);
  if (child.claim > child.claimed) child.claim_needs = claim_;
  take_back(child, row, now);
  // Slots that the child had not received when it asked count for its wish.
  child.want = child.linked && !is_parent(from)
                   ? std::max<Count>(0, bounded_wish(row.want) + bounded(row.got) - child.given)
                   : 0;
  const Count wish = std::exchange(child.want, std::min(child.want, child.room()));
  if (wish > child.want) note_limit_of(from, child, wish, now);
  // A child that wants slots has none to give back.
  if (search_ && (row.none || child.recalled == 0 || child.want > 0)) search_->awaited.erase(from);
  if (role_ == Role::kOpen && !child.is_open) {
    child.is_open = true;
    child.want = 0;
    send_child(from, child, 0, SlotWord::kOpen);
  }
  settle(now);
  if (role_ != Role::kOpen && wish > 0 && child.room() == 0)
    send_child(from, child, 0, SlotWord::kUsed);
}

// Claimed slots are used already and unknown here, so the parent must count them too.
void SlotBook::claimed(Count slots) {
  if (role_ != Role::kChild) return;
  slots = std::min(slots, static_cast<Count>(kMaxSlotCount) - std::max(have_, claim_));
  if (slots <= 0) return;
  have_ += slots;
  claim_ += slots;
  if (parent_linked_) send_parent();
}

void SlotBook::release(Child& child) {
  child.given = child.claim = child.back = child.moved = child.claimed = child.held = 0;
  child.uncovered = 0;
  child.want = child.recalled = 0;
  child.hold_until = SteadyTime::max();
  child.dead = true;
}

void SlotBook::let_holds_go(SteadyTime now) {
  for (auto& [id, child] : children_) {
    if (child.hold_until > now) continue;
    if (!child.linked || child.fresh) release(child);
    child.held = 0;
    child.hold_until = SteadyTime::max();
  }
}

}  // namespace lb
