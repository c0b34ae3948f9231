// The slots of a node that changes its parent; see slot_book.h.
#include <algorithm>
#include <utility>

#include "cluster/slots/slot_book.h"

namespace lb {

bool SlotBook::is_moving() const noexcept {
  return std::any_of(moves_.begin(), moves_.end(),
                     [this](const Move& move) { return is_under_way(move); });
}

// A node that becomes the root keeps its slots: the former root pulls from here now and claims the
// slots it uses, and must not give them to others before.  If this node was root only until it knew
// another parent, they go back from there.
void SlotBook::leave_parent(Role next) {
  forfeit();
  search_.reset();
  if (!parent_linked_ || life_ == 0) return;
  const Count rest = given_ + claim_ - back_;
  if (next != Role::kOpen) {
    // Idle slots go back at once, used ones when they are claimed.
    const bool kept = next == Role::kRoot;
    const Count used = std::min(rest, have_);
    if (!kept) {
      back_ += rest - used;
      send_parent();
    }
    moves_.push_back({parent_, life_, given_, claim_, moved_, used, false, kept});
    return;
  }
  back_ += rest;
  send_parent();
  moves_.push_back({parent_, life_, given_, claim_, moved_, 0, true, false});
}

// The root knows all used slots of this node; so it does if this node is the root, or if its
// listeners have left and no claim was needed.
void SlotBook::finish_moves() {
  if (role_ == Role::kChild && confirmed_ < claim_) return;
  for (Move& move : moves_) {
    if (!is_under_way(move)) continue;
    move.done = true;
    give_back(move);
  }
}

void SlotBook::give_back(const Move& move) {
  SlotRow row;
  row.mount = mount_;
  row.life = move.life;
  row.back = static_cast<std::uint64_t>(move.given + move.claim - (move.done ? 0 : move.used));
  row.claim = static_cast<std::uint64_t>(move.claim);
  row.moved = static_cast<std::uint64_t>(move.moved + (move.done ? move.used : 0));
  row.got = static_cast<std::uint64_t>(move.given);
  send(move.parent, std::move(row));
}

// A former parent gave slots before it knew that this node had left.
void SlotBook::take_late(const std::string& from, const SlotRow& row) {
  for (Move& move : moves_) {
    if (move.parent != from || move.life != row.life || bounded(row.given) <= move.given) continue;
    move.given = bounded(row.given);
    give_back(move);
  }
}

}  // namespace lb
