// The plan of /api/v1/audience/backup: a copy of the audience's database at the server.
//
// An administrator chooses the time, not the place: the file lies beside the database
// (audience/backup.h).
// Thread: that of the database.
// Errors: a problem; the last copy then stays unchanged.
#include "api/audience/audience_ask.h"
#include "api/audience/audience_plans.h"
#include "api/request/plan.h"
#include "audience/backup.h"
#include "base/json.h"

namespace lb {

Plan back_up_audience(const PlanContext& context) {
  if (auto problem = no_audience(context.world)) return *std::move(problem);
  Sqlite& database = *context.world.audience;
  const bool dry = context.request.dry_run();
  const auto bytes = dry ? Result<std::uint64_t>(backup_bytes(database)) : back_up(database);
  if (!bytes) return Problem{ProblemName::kOverloaded, bytes.error().what};
  JsonWriter json;
  json.begin_object().key("file").text(backup_path(database));
  json.key("bytes").number(static_cast<std::int64_t>(*bytes));
  json.key("at").number(unix_seconds(context.now)).end_object();
  Planned plan = answered(json);
  if (!dry) plan.deed = ApiDeed{"backup", "audience", {{"file", "", backup_path(database)}}};
  return plan;
}

}  // namespace lb
