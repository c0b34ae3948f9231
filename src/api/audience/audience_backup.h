// The plan of /api/v1/audience/backup: a copy of the audience's database at the server.
//
// An administrator says when, not where: the file lies beside the database (audience/backup.h).
// Thread: that of the database.
// Errors: as a problem; then the copy before is left as it is.
#pragma once

#include "api/request/request.h"

namespace lb {

struct PlanContext;

Plan back_up_audience(const PlanContext& context);

}  // namespace lb
