// The plans of /api/v1/audience: what was listened to.
//
// A login sees the mounts that it sees elsewhere; of a mount that it does not see, and of one that
// was never listened to, it is told that there is none.
// Source: doc/audience.md.
// Thread: that of the audience's database (ApiWorld::audience).
#pragma once

#include <string_view>

#include "api/request/request.h"

namespace lb {

struct PlanContext;

// As CSV, which is refused where there are more and none of its parts is asked for (after=); as
// JSON a page has what is asked for.
constexpr std::size_t kMaxReportLines = 100'000;

Plan audience_summary(const PlanContext& context);
Plan audience_hours(const PlanContext& context);
Plan audience_sessions(const PlanContext& context);
Plan audience_countries(const PlanContext& context);
Plan audience_players(const PlanContext& context);
Plan audience_titles(const PlanContext& context);
// Of each account, by months or days.
Plan audience_usage(const PlanContext& context);
// For those that collect for artists and authors.
Plan audience_songs(const PlanContext& context);
Plan audience_playlist(const PlanContext& context);
Plan audience_sound_exchange(const PlanContext& context);
// What that one leaves out, and why.
constexpr std::string_view kIncompleteReport = "soundexchange-incomplete";
Plan audience_sound_exchange_incomplete(const PlanContext& context);

}  // namespace lb
