// How a node gives slots and searches for them; see slot_book.h.
#include <algorithm>
#include <functional>
#include <utility>

#include "cluster/slots/slot_book.h"

namespace lb {
namespace {

constexpr Rate kNotes{1, std::chrono::minutes(1)};

}  // namespace

// -- giving ---------------------------------------------------------------------------------------

// Collects slots that listeners of this node do not need, while children want some.
void SlotBook::collect_idle() {
  if (waiting_ > 0) return;
  if (const Count need = wanted() - std::max<Count>(0, free()); need > 0) gate_->take(need);
}

void SlotBook::hand_out() {
  std::vector<std::string> askers;
  Count claimants = 1;
  for (const auto& [id, child] : children_) {
    if (child.linked) ++claimants;
    if (child.want > 0) askers.push_back(id);
  }
  if (waiting_ > 0) askers.emplace_back();
  std::sort(askers.begin(), askers.end());
  // Children are served in turn.
  std::rotate(askers.begin(), std::upper_bound(askers.begin(), askers.end(), last_served_),
              askers.end());
  for (const std::string& id : askers) {
    const Count there = free();
    if (there <= 0) return;
    Count& want = id.empty() ? waiting_ : children_.at(id).want;
    const Count part = std::min(kMaxAtOnce, there / (4 * claimants));
    const Count room = id.empty() ? there : std::min(there, children_.at(id).room());
    const Count slots = std::min(room, std::max(want, part));
    if (slots <= 0) continue;
    want -= std::min(want, slots);
    last_served_ = id;
    if (id.empty()) {
      gate_->add(slots);
      continue;
    }
    Child& child = children_.at(id);
    child.given += slots;
    send_child(id, child);
  }
}

void SlotBook::hand_up(Count slots) {
  have_ -= slots;
  back_ += slots;
  if (parent_linked_) send_parent();
}

void SlotBook::settle(SteadyTime now) {
  let_holds_go(now);
  finish_moves();
  if (role_ == Role::kOpen) {
    for (auto& [id, child] : children_)
      if (std::exchange(child.want, 0) > 0) send_child(id, child, 0, SlotWord::kOpen);
    waiting_ = recall_ = 0;
    return;
  }
  call_in_debt(now);
  end_excess(now);
  confirm_claims();
  if (wanted() > 0) collect_idle();
  if (may_give(now)) hand_out();
  if (recall_ > 0) {
    if (const Count slots = std::min(recall_, free()); slots > 0) {
      recall_ -= slots;
      hand_up(slots);
    }
  }
  if (wanted() == 0) {
    search_.reset();
  } else if (!may_give(now)) {
    // Own listeners wait: the link may be back soon.
    refuse_others(SlotWord::kHeld);
  } else if (search_) {
    go_on_with_search(now);
  } else if (now < full_until_) {
    refuse(full_word_);
  } else {
    begin_search(now);
  }
}

void SlotBook::begin_search(SteadyTime now) {
  search_.emplace();
  search_->until = now + (waiting_ > 0 ? timing_.own_search : timing_.search);
  const Count slots = wanted();
  for (auto& [id, child] : children_) {
    if (!child.linked || child.out() == 0 || child.want > 0) continue;
    child.recalled = slots;
    search_->awaited.insert(id);
    send_child(id, child, slots);
  }
  go_on_with_search(now);
}

void SlotBook::go_on_with_search(SteadyTime now) {
  Search& search = *search_;
  const bool asks_up = role_ == Role::kChild && parent_linked_;
  if (const Count lacks = wanted() - recall_;
      asks_up && lacks > search.asked && !search.parent_answered) {
    search.asked_parent = true;
    search.asked = lacks;
    send_parent();
  }
  const bool over = search.awaited.empty() && (!search.asked_parent || search.parent_answered);
  if (!over) {
    if (now >= search.until) refuse(SlotWord::kLate);
    return;
  }
  if (search.yields && search.until > now) {
    // More slots have come since, but others may have taken them.
    const SteadyTime until = search.until;
    search_.reset();
    begin_search(now);
    if (search_) search_->until = until;
    return;
  }
  SlotWord word = any_held() ? SlotWord::kHeld : SlotWord::kUsed;
  if (role_ == Role::kChild) {
    if (!parent_linked_)
      word = SlotWord::kHeld;
    else if (search.parent_word != SlotWord::kNone)
      word = search.parent_word;
  }
  if (word != SlotWord::kLate && (role_ == Role::kRoot || search.asked_parent)) {
    // Slots may be on their way up, so a node below asks again sooner.
    full_until_ = now + (role_ == Role::kRoot ? timing_.full : timing_.full / 4);
    full_word_ = word;
  }
  refuse(word);
}

void SlotBook::refuse(SlotWord word) {
  refuse_others(word);
  if (std::exchange(waiting_, 0) > 0) refusal_ = word;
}

void SlotBook::refuse_others(SlotWord word) {
  search_.reset();
  for (auto& [id, child] : children_)
    if (std::exchange(child.want, 0) > 0) send_child(id, child, 0, word);
  if (std::exchange(recall_, 0) > 0 && parent_linked_) send_parent(true);
}

// -- own listeners --------------------------------------------------------------------------------

void SlotBook::set_waiting(Count listeners, SteadyTime now) {
  waiting_ = listeners;
  if (listeners > 0) refusal_.reset();
  settle(now);
}

std::optional<SlotWord> SlotBook::take_refusal() { return std::exchange(refusal_, std::nullopt); }

void SlotBook::tick(SteadyTime now) {
  if (role_ == Role::kChild) {
    if (!frozen_ && now >= valid_until_) freeze();
    if (frozen_) forfeit();
  }
  settle(now);
  if (role_ == Role::kChild && parent_linked_ && !frozen_ && wanted() == 0) return_idle(now);
}

void SlotBook::return_idle(SteadyTime now) {
  if (now < idle_check_) return;
  idle_check_ = now + timing_.idle;
  const Count idle = std::max<Count>(0, free()) + gate_->idle();
  const Count lately = std::min(idle, std::exchange(idle_before_, idle));
  if (lately <= 0 || 4 * lately <= have_) return;
  const Count back = (lately + 1) / 2;
  const Count spare = std::clamp<Count>(free(), 0, back);
  const Count slots = spare + gate_->take(back - spare);
  if (slots > 0) hand_up(slots);
  idle_before_ = idle - slots;
}

// -- letters --------------------------------------------------------------------------------------

void SlotBook::send_parent(bool none) {
  SlotRow row;
  row.mount = mount_;
  row.life = life_;
  row.back = static_cast<std::uint64_t>(back_);
  row.claim = static_cast<std::uint64_t>(claim_);
  row.moved = static_cast<std::uint64_t>(moved_);
  if (search_) row.want = static_cast<std::uint64_t>(search_->asked);
  row.got = static_cast<std::uint64_t>(given_);
  row.none = none;
  send(parent_, std::move(row));
}

void SlotBook::send_child(const std::string& id, const Child& child, Count recall, SlotWord word) {
  SlotRow row;
  row.mount = mount_;
  row.life = child.life;
  row.down = true;
  row.given = static_cast<std::uint64_t>(child.given);
  row.claimed = static_cast<std::uint64_t>(child.claimed);
  row.recall = static_cast<std::uint64_t>(recall);
  row.word = word;
  send(id, std::move(row));
}

// In one life a later row replaces an earlier one, but rows that recall and rows that answer stay
// apart: a recall with another row's word would be a debt, and a debt without its word none.
void SlotBook::send(const std::string& to, SlotRow row) {
  // Sums of reported counts are bounded, because a number above a frame's bounds ends the link.
  for (std::uint64_t* count :
       {&row.given, &row.claimed, &row.back, &row.claim, &row.moved, &row.got})
    *count = std::min(*count, kMaxSlotCount);
  for (std::uint64_t* slots : {&row.recall, &row.want}) *slots = std::min(*slots, kMaxSlotsAtOnce);
  const auto says = [](const SlotRow& one) {
    return one.recall > 0 || one.word != SlotWord::kNone;
  };
  const auto last = std::find_if(outgoing_.rbegin(), outgoing_.rend(), [&](const Outgoing& letter) {
    return letter.to == to && letter.row.down == row.down && letter.row.life == row.life;
  });
  if (last == outgoing_.rend() || (says(last->row) && says(row))) {
    outgoing_.push_back({to, std::move(row)});
    return;
  }
  if (!says(row)) {
    row.recall = last->row.recall;
    row.word = last->row.word;
  }
  row.none = row.none || last->row.none;
  last->row = std::move(row);
}

std::vector<SlotBook::Outgoing> SlotBook::take_outgoing() { return std::exchange(outgoing_, {}); }

SlotBook::Picture SlotBook::picture() const {
  Picture picture;
  picture.parent = role_ == Role::kChild ? parent_ : std::string();
  picture.cut_off = role_ == Role::kChild && !parent_linked_;
  if (role_ == Role::kOpen) return picture;
  if (role_ == Role::kRoot) picture.limit = limit_;
  picture.have = have_;
  picture.used = gate_->inside();
  picture.idle = gate_->idle();
  for (const auto& [id, child] : children_)
    (child.hold_until == SteadyTime::max() ? picture.given : picture.held) += child.out();
  return picture;
}

// -- ending listeners ----------------------------------------------------------------------------

// The parts of uncovered claims to end, `most` in sum: the largest are cut to one height.
std::vector<SlotBook::Count> SlotBook::parts_of_claims(Count most) const {
  std::vector<Count> claims;
  for (const auto& [id, child] : children_)
    claims.push_back(child.linked ? std::min(child.uncovered, child.out()) : 0);
  std::vector<Count> sorted = claims;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  // The height, and the number of the largest claims that are cut one below it.
  Count height = sorted.empty() ? 0 : sorted.front(), left = most, one_more = 0;
  for (std::size_t n = 1; n <= sorted.size() && left > 0 && height > 0; ++n) {
    const Count next = n < sorted.size() ? sorted[n] : 0;
    const auto wide = static_cast<Count>(n);
    const Count down = std::min(height - next, left / wide);
    height -= down;
    left -= down * wide;
    if (height == next) continue;
    one_more = left;
    break;
  }
  for (Count& claim : claims) {
    Count part = std::max<Count>(0, claim - height);
    if (claim >= height && height > 0 && one_more > 0) {
      ++part;
      --one_more;
    }
    claim = part;
  }
  return claims;
}

// Ends uncovered claims first; then each node ends its part, here and below.
void SlotBook::end_listeners(Count listeners) {
  Count all = gate_->inside();
  for (const auto& [id, child] : children_)
    if (child.linked) all += child.out();
  if (all <= 0) return;
  listeners = std::min(listeners, all);
  std::vector<Count> parts = parts_of_claims(listeners);
  for (const Count part : parts) {
    listeners -= part;
    all -= part;
  }
  Count passed = 0, asked = 0;
  // Counts come from other nodes, so their product may overflow.
  const auto part_of = [&](Count weight) {
    passed += weight;
    const Count upto =
        passed >= all ? listeners
                      : static_cast<Count>(static_cast<double>(listeners) *
                                           static_cast<double>(passed) / static_cast<double>(all));
    return upto - std::exchange(asked, upto);
  };
  auto cut = parts.begin();
  for (auto& [id, child] : children_) {
    Count part = *cut++;
    if (child.linked) part += part_of(child.out() - part);
    if (part > 0)
      send_child(id, child, std::min(part, static_cast<Count>(kMaxSlotsAtOnce)), SlotWord::kEnd);
  }
  endings_ += part_of(gate_->inside());
}

void SlotBook::note_disbelief(const std::string& id, Child& child, SteadyTime now) {
  const Count out = disbelieved(child);
  if (out == 0 || !child.noted.take(now, kNotes)) return;
  const bool of_node = child.most != kNoLimit && child.out() - out <= child.most;
  disbelieved_.push_back(
      {id, child.out(), of_node ? child.most : limit_, child.out() - out, of_node});
}

void SlotBook::note_limit_of(const std::string& id, Child& child, Count wish, SteadyTime now) {
  if (!child.noted.take(now, kNotes)) return;
  disbelieved_.push_back({id, child.out() + wish, child.most, child.most, true});
}

}  // namespace lb
