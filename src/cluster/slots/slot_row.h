// SlotRow: what two nodes say to each other of the slots of one mount; a frame of the link has many
// (doc/link.md, SLOT).
//
// The counters only grow within a life, so a row that is lost is made good by the next one, and one
// that comes twice or late does no harm.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>

namespace lb {

// What an upper node answers where it has no slot to give.
enum class SlotWord : std::uint8_t {
  kNone,
  kUsed,   // all of the cluster are used
  kHeld,   // some are held for a node that is lost, or may be unknown yet
  kLate,   // they could not be looked for in time
  kOpen,   // it knows no limit of this mount
  kAgain,  // the life is over for it; the lower node begins another
  kEnd,    // with `recall`: they come back now, and the newest listeners end for it
  kCut,    // of this node alone: the link to the node that gives slots is lost
};

struct SlotRow {
  std::string mount;
  std::uint64_t life = 0;  // of the lower node at the upper one; the lower one counts them
  bool down = false;       // from the upper node
  // -- down
  std::uint64_t given = 0;    // counts
  std::uint64_t claimed = 0;  // counts: of `claim`, the node where the stream begins knows it
  std::uint64_t recall = 0;   // so many are wanted elsewhere; with kHeld: as soon as they are idle
  SlotWord word = SlotWord::kNone;
  // -- up
  std::uint64_t back = 0;   // counts
  std::uint64_t claim = 0;  // counts: used already when the life began, or before they were given
  std::uint64_t moved = 0;  // counts: of `back`, claimed at another node, and no node's to give
  std::uint64_t want = 0;   // so many are wanted now, beyond …
  std::uint64_t got = 0;    // counts: … those of `given` that have come
  bool none = false;        // no more can be recalled

  bool operator==(const SlotRow&) const = default;
};
constexpr std::uint64_t kMaxSlotCount = std::uint64_t{1} << 52;  // of a counter
constexpr std::uint64_t kMaxSlotsAtOnce = 10'000'000;            // of a wish

}  // namespace lb
