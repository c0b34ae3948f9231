// Where mounts of the store are and may be: the inputs of placement.h, from records and nodes; and
// the move of a mount to another home.
// With homes of 2 a mount also has a backup: the next best node, whatever home was requested.  A
// move to the backup makes the old home the backup; a move to another node keeps the backup.
// During a move the record is `moving`, with `from` and `to`, and both accept its source.  The move
// ends when the source is at `to`.  After force-at only `to` is the home, and the move waits for
// the source.
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

// The nodes with the reservations of all mounts but `but`: at home, at the backup, and at the
// target of a move.
std::vector<PlaceCandidate> candidates(const PlanContext& context, std::string_view but = {});
// The nodes where this record has reservations, each once.
std::vector<std::string> reserved_at(const MountRecord& record);

// The home of a new mount, and its backup if needed; or why no node can be its home.
std::variant<Placed, Problem> place(const PlanContext& context, const MountRecord& record);

// Writes placed/NODE with its revision, so that of two masters that place there at once one
// conflicts and plans again.
void note_placed(Planned& plan, const PlanContext& context, const std::string& node);

// The record after its move: `to` is its home.
MountRecord moved(MountRecord record);
// The record with `to` as its home; the move goes on until its source is there.
MountRecord forced(MountRecord record);

// The record for a requested move to this node; or why it is refused.  A move to its present home
// cancels the move.
std::variant<MountRecord, Problem> moving(const PlanContext& context, MountRecord record,
                                          const std::string& to,
                                          std::optional<std::int64_t> force_after);

// The next action of a running move.
enum class MoveStep : std::uint8_t {
  kWait,
  kForce,  // force-at has passed
  kEnd,    // the source is at `to`
};
MoveStep next_step(const MountRecord& record, bool arrived, std::int64_t now);

}  // namespace lb
