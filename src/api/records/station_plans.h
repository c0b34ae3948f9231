// The plans of /api/v1/stations.
//
// An owner's station names mounts of its account alone, at most as many stations as the account has
// mounts, each mount in one of them; and its id is not that by which a mount of another account is
// found.  What becomes of its mounts later is settled where it is shown (station_overlay.h).
// Thread: pure functions, on the clerk: a time zone is a file.
#pragma once

#include "api/request/request.h"

namespace lb {

struct PlanContext;

Plan list_stations(const PlanContext& context);
Plan read_station(const PlanContext& context);
// Makes it where there is none.
Plan put_station(const PlanContext& context);
Plan change_station(const PlanContext& context);
Plan delete_station(const PlanContext& context);

}  // namespace lb
