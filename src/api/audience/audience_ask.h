// AudienceAsk: what a request wants of the audience, read from its query.
//
// from= and to= are Unix seconds, or a day or a time of the zone; zone= is a name of the zone
// database.  Without them: the last 24 hours, UTC.
// Thread: pure functions; a zone is read from a small file: not on a worker.
// Errors: a problem that names the parameter.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "api/request/plan.h"
#include "audience/report.h"
#include "base/time_zone.h"

namespace lb {

struct AudienceAsk {
  enum class Step : std::uint8_t { kHour, kDay, kMonth };

  AudienceRange range;  // whole quarters of an hour
  std::shared_ptr<const TimeZone> zone;
  std::string zone_name = "UTC";
  std::string mount, account;  // "": all that the login sees
  Step step = Step::kHour;
  bool each_mount = false;  // hours: ",mount" behind the step
  bool csv = false;
  bool all = false;  // sessions: quick looks, bots and relays too
};
std::variant<AudienceAsk, Problem> read_audience_ask(const PlanContext& context);
// 404 where there is no audience, 503 where its database cannot be used; nullopt: there is one.
std::optional<Problem> no_audience(const ApiWorld& world);
// 404: the login does not see the account of account=; nullopt: it does, or no account is named.
std::optional<Problem> hidden_account(const PlanContext& context, const AudienceAsk& ask);
// A mount that is configured or on air, and that the login sees; it may have had no listener yet.
bool is_mount_there(const PlanContext& context, const std::string& mount);
// 404: the login does not see the mount of mount=.
Problem hidden_mount(const AudienceAsk& ask);

// Unix seconds, or a day or a time of the zone, or with an offset of its own; nullopt: none of
// them.
std::optional<std::int64_t> audience_moment(std::string_view text, const TimeZone& zone);
// "2026-10-25T02:00:00+01:00"
std::string local_time_text(std::int64_t ms, const TimeZone& zone);

}  // namespace lb
