// The plans of /api/v1/audience and /api/v1/history.
//
// A login sees its usual mounts; a hidden mount and one without listenings give the same answer.
// Source: doc/audience.md.
// Thread: that of the audience's database (ApiWorld::audience).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/request/request.h"

namespace lb {

struct Config;
struct PlanContext;

// Limit for CSV: a larger report is refused unless it is requested in parts (after=); JSON is
// paged.
constexpr std::size_t kMaxReportLines = 100'000;

Plan audience_summary(const PlanContext& context);
Plan audience_hours(const PlanContext& context);
Plan audience_sessions(const PlanContext& context);
Plan audience_countries(const PlanContext& context);
Plan audience_players(const PlanContext& context);
Plan audience_titles(const PlanContext& context);
// By account, and by months or days.
Plan audience_usage(const PlanContext& context);
// For collecting societies.
Plan audience_songs(const PlanContext& context);
Plan audience_playlist(const PlanContext& context);
Plan audience_sound_exchange(const PlanContext& context);
// The rows that the last report leaves out, and why.
constexpr std::string_view kIncompleteReport = "soundexchange-incomplete";
Plan audience_sound_exchange_incomplete(const PlanContext& context);

// -- /api/v1/audience/backup
Plan back_up_audience(const PlanContext& context);

// -- /api/v1/history
// Whether the request begins before the history, so that only the audience's database has it.
bool is_old_history(const ApiRequest& request, const Config& config, WallTime now);
Plan read_history(const PlanContext& context);
Plan read_mount_history(const PlanContext& context);

// -- /api/v1/audience/sessions
// "?address=&agent=&user=" of a request that deletes; nullopt: no listener is named so.
struct AskedListener {
  std::string address, agent, user;
};
std::optional<AskedListener> asked_listener(const ApiRequest& request);
Plan forget_listener(const PlanContext& context);

// -- /api/v1/audience/plays
constexpr std::uint64_t kMaxPlayLogBytes = std::uint64_t{8} << 20;
constexpr std::size_t kMaxLogFaults = 20;
Plan fill_plays(const PlanContext& context);

}  // namespace lb
