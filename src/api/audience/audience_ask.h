// AudienceAsk: the parameters of an audience request, from its query.
//
// from= and to= are Unix seconds, or a day or a time of the zone; zone= is a name of the zone
// database.  Default: the last 24 hours, UTC.
// Thread: pure functions; a zone is read from a small file: not on a worker.
// Errors: a problem that names the parameter.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/request/plan.h"
#include "audience/report.h"
#include "base/time_zone.h"

namespace lb {

struct AudienceAsk {
  enum class Step : std::uint8_t { kHour, kDay, kMonth };

  AudienceRange range;  // whole quarters of an hour
  std::shared_ptr<const TimeZone> zone;
  std::string zone_name = "UTC";
  std::string mount, account;  // "": all mounts that the login sees
  Step step = Step::kHour;
  bool each_mount = false;  // hours: ",mount" after the step
  bool csv = false;
  bool all = false;  // sessions: also quick looks, bots and relays
  // Mounts whose account has changed within the range, if the answer lacks them.
  std::vector<std::string> left_out = {};
};
std::variant<AudienceAsk, Problem> read_audience_ask(const PlanContext& context);
// 404: no audience; 503: its database cannot be used; nullopt: usable.
std::optional<Problem> no_audience(const ApiWorld& world);
// 404: the login does not see the mount of mount=.
Problem hidden_mount(const AudienceAsk& ask);

// Unix seconds, or a day or a time, of the zone or with its own offset; nullopt: invalid.
// last: the second moment of a time that the zone's clocks show twice.
std::optional<std::int64_t> audience_moment(std::string_view text, const TimeZone& zone,
                                            bool last = false);
// "2026-10-25T02:00:00+01:00"
std::string local_time_text(std::int64_t ms, const TimeZone& zone);

}  // namespace lb
