#include "api/audience/audience_plans.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "api/audience/audience_answer.h"
#include "api/records/mount_answer.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"
#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::string_view kWays[] = {"stream", "hls", "past"};
constexpr std::string_view kSessionKinds[] = {"listener", "bot", "relay", "quick-look"};

double heard_seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }
double mean_seconds(const AudienceSum& sum) {
  const std::int64_t sessions = sum.long_sessions();
  return sessions > 0 ? heard_seconds(sum.ms) / static_cast<double>(sessions) : 0.0;
}
template <std::size_t N>
std::string way_word(const std::string_view (&words)[N], std::int64_t at) {
  return std::string(at >= 0 && at < static_cast<std::int64_t>(N)
                         ? words[static_cast<std::size_t>(at)]
                         : std::string_view("other"));
}

// The start of the hour, day or month of the zone's clocks that has this moment.
std::int64_t period_at(std::int64_t moment, const AudienceAsk& ask) {
  const std::int64_t offset = ask.zone->offset_at(moment), shown = moment + offset;
  if (ask.step == AudienceAsk::Step::kHour) {
    std::int64_t first = shown / 3600 * 3600 - offset;
    // When clocks go back half an hour, part of an hour is repeated and belongs to the same period.
    while (ask.zone->offset_at(first) != offset) first += kQuarterMs / 1000;
    return first;
  }
  const std::chrono::sys_days day{
      std::chrono::floor<std::chrono::days>(std::chrono::seconds(shown))};
  if (ask.step == AudienceAsk::Step::kDay)
    return ask.zone->first_at(day.time_since_epoch().count() * 86'400);
  const std::chrono::year_month_day date(day);
  const std::chrono::sys_days first(date.year() / date.month() / std::chrono::day(1));
  return ask.zone->first_at(first.time_since_epoch().count() * 86'400);
}

Plan split_plan(const PlanContext& context, AudienceReport::By by) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<AudienceAsked>(begun);
  ask.range = whole_hours(ask.range);
  const auto sums = report.split(mounts, ask.range, by);
  if (!sums) return no_report(sums.error());
  const bool by_country = by == AudienceReport::By::kCountry;
  std::vector<std::pair<std::string, AudienceSum>> rows(sums->begin(), sums->end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second.ms > b.second.ms; });
  AudienceTable table{{by_country ? "country" : "player", "seconds", "sessions", "bytes"}, {}};
  for (const auto& [name, sum] : rows)
    table.rows.push_back({text_or_none(name), heard_seconds(sum.ms), sum.sessions, sum.bytes});
  return audience_answer(ask, table, by_country ? "countries" : "players");
}

const std::vector<std::string> kHourColumns = {
    "from",  "length_s",          "seconds",         "sessions",
    "bytes", "average_listeners", "average_seconds", "long_sessions"};
// Of the time that has passed; of all of it if none has, as by the clock of another server.
double mean_listeners(const AudienceSum& sum, AudienceRange range, WallTime now) {
  const std::int64_t length = range.to - range.from,
                     passed = std::min(unix_ms(now) - range.from, length);
  return heard_seconds(sum.ms) / heard_seconds(passed > 0 ? passed : length);
}
std::vector<AudienceCell> hour_cells(const PlanContext& context, const AudienceAsk& ask,
                                     std::int64_t period, std::int64_t quarters,
                                     const AudienceSum& sum) {
  // The first period may have begun before the range.
  const std::int64_t from = std::max(period * 1000, ask.range.from);
  return {local_time_text(from, *ask.zone),
          quarters * (kQuarterMs / 1000),
          heard_seconds(sum.ms),
          sum.sessions,
          sum.bytes,
          mean_listeners(sum, {from, from + quarters * kQuarterMs}, context.now),
          mean_seconds(sum),
          sum.long_sessions()};
}

// The hours of each mount that had listeners.
Plan hours_of_mounts(const PlanContext& context, AudienceAsked& asked) {
  auto& [ask, report, mounts] = asked;
  const auto period_of = [&ask = ask](std::int64_t quarter) {
    return period_at(quarter * (kQuarterMs / 1000), ask);
  };
  std::map<std::int64_t, std::int64_t> quarters;  // of each period
  for (std::int64_t at = ask.range.from / kQuarterMs; at < ask.range.to / kQuarterMs; ++at)
    ++quarters[period_of(at)];
  std::map<std::pair<std::int64_t, std::string>, AudienceSum> ordered;
  const auto read = report.periods(
      mounts, ask.range, period_of,
      [&, &names = mounts](std::int64_t mount, std::int64_t period, const auto& sum) {
        ordered[{period, names[mount]}] = sum;
        return ordered.size() < kMaxReportLines;
      });
  if (!read) return no_report(read.error());
  if (ordered.size() >= kMaxReportLines) return too_many_lines();
  AudienceTable table{kHourColumns, {}};
  table.columns.emplace_back("mount");
  for (const auto& [key, sum] : ordered) {
    const auto& [period, mount] = key;
    table.rows.push_back(hour_cells(context, ask, period, quarters[period], sum));
    table.rows.back().emplace_back(mount);
  }
  return audience_answer(ask, table, "hours");
}

}  // namespace

Plan audience_summary(const PlanContext& context) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<AudienceAsked>(begun);
  const auto summary = report.summary(mounts, ask.range);
  if (!summary) return no_report(summary.error());
  const auto& sum = summary->sum;
  AudienceTable table{{"listeners", "seconds", "sessions", "people", "bytes", "average_listeners",
                       "average_seconds", "busiest", "busiest_listeners", "long_sessions"},
                      {}};
  table.rows.push_back({summary->now, heard_seconds(sum.ms), sum.sessions, summary->people,
                        sum.bytes, mean_listeners(sum, ask.range, context.now), mean_seconds(sum),
                        summary->busiest_at == 0
                            ? AudienceCell()
                            : AudienceCell(local_time_text(summary->busiest_at, *ask.zone)),
                        static_cast<double>(summary->busiest_ms) / static_cast<double>(kQuarterMs),
                        sum.long_sessions()});
  if (ask.csv) return audience_answer(ask, table, "summary");
  Planned plan;
  plan.answer.body = audience_json_row(table, head_of(ask));
  return plan;
}

Plan audience_hours(const PlanContext& context) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<AudienceAsked>(begun);
  if (ask.each_mount) return hours_of_mounts(context, std::get<AudienceAsked>(begun));
  const auto sums = report.hours(mounts, ask.range, [&ask = ask](std::int64_t quarter) {
    return period_at(quarter * (kQuarterMs / 1000), ask);
  });
  if (!sums) return no_report(sums.error());
  AudienceTable table{kHourColumns, {}};
  for (const auto& [period, quarters, sum] : *sums)
    table.rows.push_back(hour_cells(context, ask, period, quarters, sum));
  return audience_answer(ask, table, "hours");
}

Plan audience_sessions(const PlanContext& context) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<AudienceAsked>(begun);
  const auto page = page_of(context, ask);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto [after, most] = std::get<0>(page);
  const auto rows = report.sessions(mounts, ask.range, after, most, !ask.all);
  if (!rows) return no_report(rows.error());
  const std::string next = next_of(*rows, most);
  if (auto problem = too_long(context, ask, next)) return *std::move(problem);
  AudienceTable table{{"id", "began", "ended", "open", "seconds", "bytes", "mount", "country",
                       "player", "way", "kind", "connections"},
                      {}};
  for (const SessionRow& row : *rows)
    table.rows.push_back(
        {std::to_string(row.id), local_time_text(row.began, *ask.zone),
         row.open ? AudienceCell() : AudienceCell(local_time_text(row.ended, *ask.zone)),
         std::int64_t{row.open ? 1 : 0}, heard_seconds(row.heard), row.bytes, row.mount,
         row.country, row.player, way_word(kWays, row.way), way_word(kSessionKinds, row.kind),
         row.connections});
  return audience_answer(ask, table, "sessions", next);
}

Plan audience_countries(const PlanContext& context) {
  return split_plan(context, AudienceReport::By::kCountry);
}
Plan audience_players(const PlanContext& context) {
  return split_plan(context, AudienceReport::By::kPlayer);
}

Plan audience_titles(const PlanContext& context) {
  const auto order = query_param(context.request.query, "order");
  if (order && *order != "gain" && *order != "loss" && *order != "began")
    return wrong_parameter(
        "order", cat({"order=", order->substr(0, 80), " is not one of began, gain and loss"}));
  std::optional<AudienceReport::Order> by;
  if (order == "gain") by = AudienceReport::Order::kGain;
  if (order == "loss") by = AudienceReport::Order::kLoss;
  auto found = played_in(context, by);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  const auto& [asked, rows, next] = std::get<Played>(found);
  const AudienceAsk& ask = asked.ask;
  AudienceTable table{{"began", "ended", "mount", "title", "performances", "listeners", "gain"},
                      {}};
  const auto cell = [](const std::optional<std::int64_t>& value) {
    return value ? AudienceCell(*value) : AudienceCell();
  };
  for (const PlayRow& row : rows)
    table.rows.push_back(
        {local_time_text(row.began, *ask.zone),
         row.ended ? AudienceCell(local_time_text(*row.ended, *ask.zone)) : AudienceCell(),
         row.mount, row.title, cell(row.performances), cell(row.listeners), cell(row.gain)});
  return audience_answer(ask, table, "titles", next);
}

namespace {

struct Usage {
  AudienceSum sum;
  std::int64_t mounts = 0, last = 0;  // the number of the last mount
};
// By period and account.
using Usages = std::map<std::pair<std::int64_t, std::string>, Usage>;

// What accounts have used, also of mounts that they no longer have.
Result<Usages> usages_of(const PlanContext& context, const AudienceAsk& ask,
                         AudienceReport& report) {
  const auto mounts = report.mounts();
  if (!mounts) return mounts.error();
  const AudienceReport::Mounts kept = report.kept_accounts();
  const AudienceReport::Since kept_since = report.kept_since();
  MountTenures tenures{{}, {}, report.kept_before()};
  AudienceReport::Mounts whole, parted;
  for (const auto& [id, name] : *mounts) {
    if (!ask.mount.empty() && name != ask.mount) continue;
    tenures.accounts[id] = account_of_mount(context, name, id, kept);
    tenures.since[id] = account_since(context, name, id, kept, kept_since);
    (tenures.are_parted(id, ask.range.from) ? parted : whole).emplace(id, name);
  }
  Usages usages;
  const auto add = [&](std::int64_t id, std::int64_t period, std::string_view account,
                       const AudienceSum& sum) {
    if (!ask.account.empty() && account != ask.account) return true;
    std::string name(account);
    if (!sees_mount(context.who, mounts->at(id), name)) return true;
    Usage& usage = usages[{period, std::move(name)}];
    usage.sum += sum;
    if (std::exchange(usage.last, id) != id) ++usage.mounts;
    return true;
  };
  const auto period_of = [&ask](std::int64_t quarter) {
    return period_at(quarter * (kQuarterMs / 1000), ask);
  };
  const auto read =
      report.periods(whole, ask.range, period_of,
                     [&](std::int64_t id, std::int64_t period, const AudienceSum& sum) {
                       return add(id, period, tenures.at(id, ask.range.from), sum);
                     });
  if (!read) return read.error();
  if (parted.empty()) return usages;
  const auto read_parts = report.periods(
      parted, ask.range, [](std::int64_t quarter) { return quarter; },
      [&](std::int64_t id, std::int64_t quarter, const AudienceSum& sum) {
        return add(id, period_of(quarter), tenures.at(id, quarter * kQuarterMs), sum);
      });
  if (!read_parts) return read_parts.error();
  return usages;
}

}  // namespace

Plan audience_usage(const PlanContext& context) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, present] = std::get<AudienceAsked>(begun);
  // Of the whole range: each part of it is an account's.
  ask = std::get<AudienceAsk>(read_audience_ask(context));
  if (!query_param(context.request.query, "by")) ask.step = AudienceAsk::Step::kMonth;
  if (ask.step == AudienceAsk::Step::kHour)
    return wrong_parameter("by", "by=hour: usage is reported by day or month");
  const auto usages = usages_of(context, ask, report);
  if (!usages) return no_report(usages.error());
  AudienceTable table{{"from", "account", "mounts", "seconds", "sessions", "bytes", "quota_hours",
                       "quota_transfer"},
                      {}};
  const auto limit_of = [&, &ask = ask](
                            std::string_view account,
                            std::optional<std::uint64_t> AccountQuota::*limit) -> AudienceCell {
    const auto* row =
        ask.step == AudienceAsk::Step::kMonth ? context.book.account(account) : nullptr;
    if (row == nullptr || !(row->value.quota.*limit)) return {};
    return static_cast<std::int64_t>(*(row->value.quota.*limit));
  };
  for (const auto& [key, usage] : *usages)
    table.rows.push_back({local_time_text(key.first * 1000, *ask.zone), text_or_none(key.second),
                          usage.mounts, heard_seconds(usage.sum.ms), usage.sum.sessions,
                          usage.sum.bytes, limit_of(key.second, &AccountQuota::hours),
                          limit_of(key.second, &AccountQuota::transfer)});
  return audience_answer(ask, table, "usage");
}

}  // namespace lb
