// Homes of mounts as one server sees them: which nodes may become one, whether this server is the
// home of a mount, and whose word about its source is believed.
//
// A server is known by its own name, and at each of its masters by the name of its link there.
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

// How long listeners wait for the source of a mount that moves; and where a fallback would play for
// them: a source that is ended flows elsewhere, and its relay is there in that time.
constexpr std::chrono::seconds kMoveLinger{60}, kMoveLingerBeforeFallback{3};

// The nodes that are linked here or are configured, without what is reserved.
std::vector<PlaceCandidate> linked_candidates(const Config& config, const NodeTable& table,
                                              SteadyTime now);

bool is_own_id(const Config& config, std::string_view id);
// Its source may come here.  Only records have a home.
bool is_expected_here(const Config& config, const MountSettings& section);
// A source that comes here takes the mount from another node whose stream flows: of two homes
// neither does, but the one that it moves to.
bool takes_over_here(const Config& config, const MountSettings& section);
// A source at this server has to end: the mount has another home now.
bool gives_up_source(const Config& before, const MountSettings& old, const Config& now,
                     const MountSettings& next);
// The same of a record that is not laid over yet: its source was expected here, and is no longer.
bool leaves(const Config& config, const MountRecord& before, const MountRecord& now);
// The relay of a record is pulled at the home of its mount only.
bool pulls_here(const Config& config, const MountRecord& record);
// This node may have the source of the mount, whatever its <node> says: its home, its backup, and
// the ends of its move.
bool is_home(const MountSettings& section, std::string_view node);
// Of two nodes that have it, the smaller rank counts.
unsigned home_rank(const MountSettings& section, std::string_view node);
// Why a source that has logged in is not taken here: its mount has another home that this server
// knows.  "": it is taken.
std::string refuse_away_from_home(const Config& config, const MountSettings& section);

}  // namespace lb
