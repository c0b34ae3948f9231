// Where mounts of the store are and may be: what placement.h is asked, made of the records and of
// the nodes around; and the move of a mount from its home to another one.
//
// With homes of 2 a mount has a backup too: the next best node, whatever node was asked for as the
// home.  A move to the backup makes the old home the backup; a move to another node leaves it.
//
// A move: the record says `moving`, with `from` and `to`; both take its source.  It ends when the
// source has arrived at `to`.  With force-at, from that time on `to` alone is its home, and the
// move waits there for the source.
// Thread: pure functions.
// Source: doc/hosting.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/request/plan.h"
#include "config/mounts/mount_record.h"

namespace lb {

// The nodes of the world, with what the records of other mounts than `but` reserve there: at home,
// at the backup, and where it moves to.
std::vector<PlaceCandidate> candidates(const PlanContext& context, std::string_view but = {});
// The nodes where this record reserves room, each once.
std::vector<std::string> reserved_at(const MountRecord& record);

// The home of a new mount, and its backup if it is to have one; or why there is none.
std::variant<Placed, Problem> place(const PlanContext& context, const MountRecord& record);

// Writes placed/NODE with its revision: of two masters that place there at once, one conflicts and
// plans again.
void note_placed(Planned& plan, const PlanContext& context, const std::string& node);

// The record with its move at an end: `to` is its home.
MountRecord moved(MountRecord record);
// The record with `to` as its home; the move goes on until its source is there.
MountRecord forced(MountRecord record);

// The record as it is asked to move to this node; or why it may not.  To the home that it has: its
// move is called off.
std::variant<MountRecord, Problem> moving(const PlanContext& context, MountRecord record,
                                          const std::string& to,
                                          std::optional<std::int64_t> force_after);

// What a running move needs now.
enum class MoveStep : std::uint8_t {
  kWait,
  kForce,  // force-at is over
  kEnd,    // the source is at `to`
};
MoveStep next_step(const MountRecord& record, bool arrived, std::int64_t now);

}  // namespace lb
