#include "api/audience/audience_ask.h"

#include <algorithm>
#include <cstdlib>

#include "base/cat.h"
#include "base/clock.h"
#include "base/shown_time.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::int64_t kLastMoment = 253'402'300'799;  // of the year 9999
constexpr std::int64_t kMaxDays = 4000, kMaxDaysOfHours = 400, kDaySecond = 86'400;

std::string cut(std::string_view text) { return std::string(text.substr(0, 80)); }

}  // namespace

std::optional<Problem> no_audience(const ApiWorld& world) {
  if (world.audience != nullptr) return std::nullopt;
  if (world.audience_why.empty())
    return Problem{ProblemName::kNotFound, "the audience is off: there is no <audience>"};
  return Problem{ProblemName::kOverloaded, world.audience_why};
}

Problem hidden_mount(const AudienceAsk& ask) {
  return at_parameter(not_found("mount", ask.mount), "mount");
}

std::optional<std::int64_t> audience_moment(std::string_view text, const TimeZone& zone,
                                            bool last) {
  if (const auto seconds = parse_u64(text))
    return *seconds <= static_cast<std::uint64_t>(kLastMoment)
               ? std::optional(static_cast<std::int64_t>(*seconds))
               : std::nullopt;
  const auto at = [&](std::int64_t shown) {
    return last ? zone.last_at(shown) : zone.first_at(shown);
  };
  std::int64_t moment = 0;
  if (const auto shown = parse_shown_time(text))
    moment = shown->offset_ms ? shown->utc_ms() / 1000 : at(shown->ms / 1000);
  else if (const auto day = parse_day(text))
    moment = at(day->time_since_epoch().count() * kDaySecond);
  else
    return std::nullopt;
  return moment >= 0 ? std::optional(moment) : std::nullopt;
}

std::string local_time_text(std::int64_t ms, const TimeZone& zone) {
  const std::int64_t seconds = ms >= 0 ? ms / 1000 : 0, offset = zone.offset_at(seconds);
  std::string text = utc_text((seconds + offset) * 1000, UtcForm::kSecond);
  text.pop_back();
  const auto two = [](std::int64_t value) {
    return std::string{static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
  };
  const std::int64_t west = std::abs(offset) / 60;
  return cat({text, offset < 0 ? '-' : '+', two(west / 60), ':', two(west % 60)});
}

namespace {

std::optional<Problem> read_zone(const std::string& query, AudienceAsk& ask) {
  std::string_view parameter = "zone";
  auto zone_name = query_param(query, parameter);
  if (!zone_name) zone_name = query_param(query, parameter = "tz");
  if (zone_name) ask.zone_name = *zone_name;
  auto zone =
      ask.zone_name.empty() ? Error::invalid("names no time zone") : find_time_zone(ask.zone_name);
  if (!zone)
    return wrong_parameter(parameter, cat({parameter, "=", cut(ask.zone_name), ": ",
                                           zone.error().what, "; a name is like Europe/Berlin"}));
  ask.zone = *std::move(zone);
  return std::nullopt;
}

// by: hour, day or month, and of hours also of each mount.
std::optional<Problem> read_step(const std::string& path, const std::string& by, AudienceAsk& ask) {
  constexpr std::string_view kEachMount = ",mount";
  std::string_view step = by;
  ask.each_mount = path.ends_with("/hours") && step.ends_with(kEachMount);
  if (ask.each_mount) step.remove_suffix(kEachMount.size());
  if (step != "hour" && step != "day" && step != "month")
    return wrong_parameter("by", cat({"by=", cut(by), " is not hour, day or month"}));
  ask.step = step == "hour"  ? AudienceAsk::Step::kHour
             : step == "day" ? AudienceAsk::Step::kDay
                             : AudienceAsk::Step::kMonth;
  return std::nullopt;
}

// Reads from and to, in whole quarters of an hour.  REQUIRES: the zone and the step are known
std::optional<Problem> read_range(const PlanContext& context, AudienceAsk& ask) {
  const std::string& query = context.request.query;
  std::int64_t to = unix_seconds(context.now), from = 0;
  const auto times = {std::pair("to", &to), std::pair("from", &from)};
  for (const auto& [name, value] : times) {
    const auto given = query_param(query, name);
    if (name == std::string_view("from") && !given)
      *value = std::max<std::int64_t>(to - kDaySecond, 0);
    if (!given) continue;
    const auto moment = audience_moment(*given, *ask.zone);
    if (!moment)
      return wrong_parameter(name,
                             cat({name, "=", cut(*given),
                                  " is neither Unix seconds nor a time such as 2026-11-22T08:00"}));
    *value = *moment;
  }
  ask.range.from = from * 1000 / kQuarterMs * kQuarterMs;
  ask.range.to = (to * 1000 + kQuarterMs - 1) / kQuarterMs * kQuarterMs;
  if (from >= to)
    return wrong_parameter(query_param(query, "from") ? "from" : "to",
                           cat({"from is ", from, ", which is not before to, ", to}));
  const bool by_hour =
      context.request.path.ends_with("/hours") && ask.step == AudienceAsk::Step::kHour;
  const std::int64_t most = by_hour ? kMaxDaysOfHours : kMaxDays;
  if ((to - from) / kDaySecond > most)
    return wrong_parameter("from", cat({"from and to are ", (to - from) / kDaySecond,
                                        " days apart; at most ", most, " are reported at once"}));
  return std::nullopt;
}

}  // namespace

std::variant<AudienceAsk, Problem> read_audience_ask(const PlanContext& context) {
  const std::string& query = context.request.query;
  AudienceAsk ask;
  if (const auto format = query_param(query, "format")) {
    if (*format != "json" && *format != "csv")
      return wrong_parameter("format", cat({"format=", cut(*format), " is neither json nor csv"}));
    ask.csv = *format == "csv";
  }
  if (auto problem = read_zone(query, ask)) return *std::move(problem);
  // In /history by= names a kind of rows and was read there; here it is the length of a period.
  const bool is_step = !context.request.path.ends_with("/history");
  if (const auto by = query_param(query, "by"); by && is_step)
    if (auto problem = read_step(context.request.path, *by, ask)) return *std::move(problem);
  if (auto problem = read_range(context, ask)) return *std::move(problem);
  ask.mount = query_param(query, "mount").value_or("");
  if (!ask.mount.empty()) ask.mount = mount_name_of(std::move(ask.mount));
  ask.account = query_param(query, "account").value_or("");
  ask.all = context.request.is_on(Switch::kAll);
  return ask;
}

}  // namespace lb
