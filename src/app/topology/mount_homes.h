// Homes of mounts, as one server sees them: which nodes may become one, whether this server is one,
// and whose reports of a mount's source count.
//
// A server is known by its own name, and at each master by the name of its link there.
// Thread: pure functions.
// Source: doc/hosting.md.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "api/request/placement.h"
#include "base/clock.h"
#include "config/mounts/mount_record.h"

namespace lb {

struct Config;
class NodeTable;

// How long listeners wait for the source of a moving mount, with and without a fallback that could
// play: the ended source returns elsewhere, and its relay is here within that time.
constexpr std::chrono::seconds kMoveLinger{60}, kMoveLingerBeforeFallback{3};

// The configured nodes as candidates, linked or dead; reservations are not filled in.
std::vector<PlaceCandidate> linked_candidates(const Config& config, const NodeTable& table,
                                              SteadyTime now);

bool is_own_id(const Config& config, std::string_view id);
// Whether the mount's source may come here.  Only records have a home.
bool is_expected_here(const Config& config, const MountSettings& section);
// Whether a source here takes the mount over from a node whose stream flows: only at the target of
// a move, or at a single home.
bool takes_over_here(const Config& config, const MountSettings& section);
// Whether a source at this server has to end, because its mount has another home now.
bool gives_up_source(const Config& before, const MountSettings& old, const Config& now,
                     const MountSettings& next);
// Whether a source has to end because of a record that is not in force yet: the source was expected
// here, and no longer is.
bool leaves(const Config& config, const MountRecord& before, const MountRecord& now);
// Whether this server pulls the relay of a record, which only the mount's home does.
bool pulls_here(const Config& config, const MountRecord& record);
// Whether this node may have the mount's source, whatever its <node> allows: as home, backup, or
// either end of a move.
bool is_home(const MountSettings& section, std::string_view node);
// Of two nodes with the source, the one with the smaller rank wins.
unsigned home_rank(const MountSettings& section, std::string_view node);
// Why a source that has logged in is refused here: its mount has another home that this server
// knows.  "": accepted.
std::string refuse_away_from_home(const Config& config, const MountSettings& section);

}  // namespace lb
