// SlotRow: the slots of one mount, as one node reports them to another; a frame of the link has
// many (doc/link.md, SLOT).
//
// The counters only grow within a life, so the next row makes up for a lost one, and a row that
// comes twice or late does no harm.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>

namespace lb {

// The answer of an upper node that has no slot to give.
enum class SlotWord : std::uint8_t {
  kNone,
  kUsed,   // all slots of the cluster are used
  kHeld,   // some are held for a node that is lost or not known yet
  kLate,   // the search for idle slots took too long
  kOpen,   // the node knows no limit of this mount
  kAgain,  // the life is over; the lower node begins another
  kEnd,    // with `recall`: slots come back now, and the newest listeners end for it
  kCut,    // set at this node only: the link to the parent is lost
};

struct SlotRow {
  std::string mount;
  std::uint64_t life = 0;  // of the lower node at the upper one, counted by the lower one
  bool down = false;       // from the upper node
  // -- down
  std::uint64_t given = 0;    // counts
  std::uint64_t claimed = 0;  // counts: the part of `claim` that the root knows
  std::uint64_t recall = 0;   // slots wanted elsewhere; with kHeld: as soon as they are idle
  SlotWord word = SlotWord::kNone;
  // -- up
  std::uint64_t back = 0;   // counts
  std::uint64_t claim = 0;  // counts: used before the life began, or before they were given
  std::uint64_t moved = 0;  // counts: of `back`, those claimed at another node
  std::uint64_t want = 0;   // slots wanted now, beyond …
  std::uint64_t got = 0;    // counts: … the part of `given` that has come
  bool none = false;        // no more can be recalled

  bool operator==(const SlotRow&) const = default;
};
constexpr std::uint64_t kMaxSlotCount = std::uint64_t{1} << 52;  // of a counter
constexpr std::uint64_t kMaxSlotsAtOnce = 10'000'000;            // of a wish

}  // namespace lb
