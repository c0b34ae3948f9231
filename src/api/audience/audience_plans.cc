#include "api/audience/audience_plans.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>
#include <utility>

#include "api/audience/audience_ask.h"
#include "api/audience/audience_table.h"
#include "api/audience/sound_exchange.h"
#include "api/records/mount_answer.h"
#include "api/request/list_page.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "config/settings/config.h"

namespace lb {
namespace {

using Head = std::vector<std::pair<std::string_view, AudienceCell>>;

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

Problem no_report(const Error& error) { return {ProblemName::kOverloaded, error.what}; }

// What a plan of the audience begins with.
struct Asked {
  AudienceAsk ask;
  AudienceReport report;
  AudienceReport::Mounts mounts;
};

std::variant<Asked, Problem> begin_report(const PlanContext& context) {
  const ApiWorld& world = context.world;
  auto read = read_audience_ask(context);
  if (auto* problem = std::get_if<Problem>(&read)) return std::move(*problem);
  if (auto problem = no_audience(world)) return *std::move(problem);
  Asked asked{std::get<AudienceAsk>(std::move(read)),
              AudienceReport(*world.audience, unix_ms(context.now)),
              {}};
  auto mounts = asked.report.mounts();
  if (!mounts) return no_report(mounts.error());
  const AudienceAsk& ask = asked.ask;
  if (auto problem = hidden_account(context, ask)) return *std::move(problem);
  bool knows = ask.mount.empty();
  for (const auto& [id, name] : *mounts) {
    const std::string account = account_of_mount(context, name);
    if (!sees_mount(context.who, name, account)) continue;
    if (!ask.account.empty() && account != ask.account) continue;
    if (!ask.mount.empty() && name != ask.mount) continue;
    knows = true;
    asked.mounts.emplace(id, name);
  }
  if (!knows && !is_mount_there(context, ask.mount)) return hidden_mount(ask);
  return asked;
}

Head head_of(const AudienceAsk& ask) {
  return {{"from", local_time_text(ask.range.from, *ask.zone)},
          {"to", local_time_text(ask.range.to, *ask.zone)},
          {"zone", ask.zone_name}};
}

// For programs of German offices: with semicolons, and a mark that it is UTF-8.
std::string german_csv(const AudienceTable& table) {
  return "\xef\xbb\xbf" + audience_csv(table, ';');
}

AudienceCell text_or_none(const std::string& text) {
  return text.empty() ? AudienceCell() : AudienceCell(text);
}

Plan answer(const AudienceAsk& ask, const AudienceTable& table, std::string_view name,
            const std::string& next = {}, bool for_germans = false) {
  Planned plan;
  if (ask.csv) {
    plan.answer.body = for_germans ? german_csv(table) : audience_csv(table);
    plan.answer.type = "text/csv; charset=utf-8";
    plan.answer.file = cat({"audience-", name, ".csv"});
    plan.answer.next = next;
  } else {
    plan.answer.body = audience_json(table, head_of(ask), next);
  }
  return plan;
}

// A period that clocks of the zone call by one name: an hour, a day, a month.
std::int64_t period_at(std::int64_t moment, const AudienceAsk& ask) {
  const std::int64_t offset = ask.zone->offset_at(moment), shown = moment + offset;
  if (ask.step == AudienceAsk::Step::kHour) {
    std::int64_t first = shown / 3600 * 3600 - offset;
    // Clocks that go back half an hour show a part of that hour again.
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
  auto& [ask, report, mounts] = std::get<Asked>(begun);
  const auto sums = report.split(mounts, ask.range, by);
  if (!sums) return no_report(sums.error());
  const bool by_country = by == AudienceReport::By::kCountry;
  std::vector<std::pair<std::string, AudienceSum>> rows(sums->begin(), sums->end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second.ms > b.second.ms; });
  AudienceTable table{{by_country ? "country" : "player", "seconds", "sessions", "bytes"}, {}};
  for (const auto& [name, sum] : rows)
    table.rows.push_back({text_or_none(name), heard_seconds(sum.ms), sum.sessions, sum.bytes});
  return answer(ask, table, by_country ? "countries" : "players");
}

// "?after=&most=", where after is a number; of CSV as many rows as there may be.
std::variant<std::pair<std::int64_t, std::size_t>, Problem> page_of(const PlanContext& context,
                                                                    const AudienceAsk& ask) {
  const auto page = list_page(context.request);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto& [after, most] = std::get<ListPage>(page);
  const auto number = after.empty() ? std::optional<std::uint64_t>(0) : parse_u64(after);
  if (!number || *number > (std::uint64_t{1} << 62))
    return wrong_parameter("after", cat({"after=", after.substr(0, 80), " is no value of next"}));
  return std::pair(static_cast<std::int64_t>(*number),
                   ask.csv || context.world.whole ? kMaxReportLines : most);
}

// The value of `after` for the rows behind these; "": they are all.
template <class Row>
std::string next_of(const std::vector<Row>& rows, std::size_t most) {
  return rows.size() == most ? std::to_string(rows.back().id) : std::string();
}

Problem too_many_lines(std::string_view or_else = "") {
  return wrong_parameter("from",
                         cat({"the report has ", kMaxReportLines,
                              " lines or more; ask for less time, or for one mount", or_else}));
}

// A file that ends in the middle looks like a whole one: those that ask page by page have a Link.
std::optional<Problem> too_long(const PlanContext& context, const AudienceAsk& ask,
                                const std::string& next) {
  if (!(ask.csv || context.world.whole) || next.empty() ||
      query_param(context.request.query, "after"))
    return std::nullopt;
  return too_many_lines(
      ", or for parts of it: after=0, and each answer has a Link to the next one");
}

// The titles of a page.
struct Played {
  Asked asked;
  std::vector<PlayRow> rows;
  std::string next;
};
std::variant<Played, Problem> played_in(const PlanContext& context) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& asked = std::get<Asked>(begun);
  const auto page = page_of(context, asked.ask);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto [after, most] = std::get<0>(page);
  auto rows = asked.report.titles(asked.mounts, asked.ask.range, after, most);
  if (!rows) return no_report(rows.error());
  std::string next = next_of(*rows, most);
  if (auto problem = too_long(context, asked.ask, next)) return *std::move(problem);
  return Played{std::move(asked), std::move(*rows), std::move(next)};
}

// Those with the greatest gain, or loss, of listeners; one page of them.
std::variant<Played, Problem> ordered_titles(const PlanContext& context, std::string_view order) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& asked = std::get<Asked>(begun);
  const auto page = page_of(context, asked.ask);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  auto rows = asked.report.titles_by(
      asked.mounts, asked.ask.range,
      order == "gain" ? AudienceReport::Order::kGain : AudienceReport::Order::kLoss,
      std::get<0>(page).second);
  if (!rows) return no_report(rows.error());
  return Played{std::move(asked), std::move(*rows), {}};
}

const std::vector<std::string> kHourColumns = {
    "from",  "length_s",          "seconds",         "sessions",
    "bytes", "average_listeners", "average_seconds", "long_sessions"};
std::vector<AudienceCell> hour_cells(std::string from, std::int64_t quarters,
                                     const AudienceSum& sum) {
  const std::int64_t length = quarters * (kQuarterMs / 1000);
  return {std::move(from),
          length,
          heard_seconds(sum.ms),
          sum.sessions,
          sum.bytes,
          heard_seconds(sum.ms) / static_cast<double>(length),
          mean_seconds(sum),
          sum.long_sessions()};
}

// The same of each mount that was listened to then.
Plan hours_of_mounts(Asked& asked) {
  auto& [ask, report, mounts] = asked;
  const auto period_of = [&ask = ask](std::int64_t quarter) {
    return period_at(quarter * (kQuarterMs / 1000), ask);
  };
  std::map<std::int64_t, std::int64_t> quarters;  // of each period
  for (std::int64_t at = ask.range.from / kQuarterMs; at < ask.range.to / kQuarterMs; ++at)
    ++quarters[period_of(at)];
  const auto sums = report.periods(mounts, ask.range, period_of);
  if (!sums) return no_report(sums.error());
  std::map<std::pair<std::int64_t, std::string>, const AudienceSum*> ordered;
  for (const auto& [key, sum] : *sums) ordered[{key.second, mounts[key.first]}] = &sum;
  if (ordered.size() >= kMaxReportLines) return too_many_lines();
  AudienceTable table{kHourColumns, {}};
  table.columns.emplace_back("mount");
  for (const auto& [key, sum] : ordered) {
    const auto& [period, mount] = key;
    table.rows.push_back(
        hour_cells(local_time_text(period * 1000, *ask.zone), quarters[period], *sum));
    table.rows.back().emplace_back(mount);
  }
  return answer(ask, table, "hours");
}

}  // namespace

Plan audience_summary(const PlanContext& context) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<Asked>(begun);
  const auto summary = report.summary(mounts, ask.range);
  if (!summary) return no_report(summary.error());
  const auto& sum = summary->sum;
  AudienceTable table{{"listeners", "seconds", "sessions", "people", "bytes", "average_listeners",
                       "average_seconds", "busiest", "busiest_listeners", "long_sessions"},
                      {}};
  const double length = heard_seconds(ask.range.to - ask.range.from);
  table.rows.push_back({summary->now, heard_seconds(sum.ms), sum.sessions, summary->people,
                        sum.bytes, heard_seconds(sum.ms) / length, mean_seconds(sum),
                        summary->busiest_at == 0
                            ? AudienceCell()
                            : AudienceCell(local_time_text(summary->busiest_at, *ask.zone)),
                        static_cast<double>(summary->busiest_ms) / static_cast<double>(kQuarterMs),
                        sum.long_sessions()});
  if (ask.csv) return answer(ask, table, "summary");
  Planned plan;
  plan.answer.body = audience_json_row(table, head_of(ask));
  return plan;
}

Plan audience_hours(const PlanContext& context) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<Asked>(begun);
  if (ask.each_mount) return hours_of_mounts(std::get<Asked>(begun));
  const auto sums = report.quarters(mounts, ask.range);
  if (!sums) return no_report(sums.error());
  AudienceTable table{kHourColumns, {}};
  std::int64_t period = -1, quarters = 0;
  AudienceSum sum;
  const auto end_period = [&, &zone = *ask.zone] {
    if (quarters == 0) return;
    table.rows.push_back(hour_cells(local_time_text(period * 1000, zone), quarters, sum));
    quarters = 0;
    sum = {};
  };
  auto next = sums->begin();
  for (std::int64_t quarter = ask.range.from / kQuarterMs; quarter < ask.range.to / kQuarterMs;
       ++quarter) {
    const std::int64_t of = period_at(quarter * (kQuarterMs / 1000), ask);
    if (of != period) end_period();
    period = of;
    ++quarters;
    if (next != sums->end() && next->first == quarter) sum += (next++)->second;
  }
  end_period();
  return answer(ask, table, "hours");
}

Plan audience_sessions(const PlanContext& context) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<Asked>(begun);
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
  return answer(ask, table, "sessions", next);
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
  auto found = order && *order != "began" ? ordered_titles(context, *order) : played_in(context);
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
  return answer(ask, table, "titles", next);
}

Plan audience_usage(const PlanContext& context) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<Asked>(begun);
  if (!query_param(context.request.query, "by")) ask.step = AudienceAsk::Step::kMonth;
  if (ask.step == AudienceAsk::Step::kHour)
    return wrong_parameter("by", "by=hour: usage is told by day or month");
  const auto sums = report.periods(mounts, ask.range, [&asked = ask](std::int64_t quarter) {
    return period_at(quarter * (kQuarterMs / 1000), asked);
  });
  if (!sums) return no_report(sums.error());
  std::map<std::int64_t, std::string> accounts;
  for (const auto& [mount, name] : mounts) accounts[mount] = account_of_mount(context, name);
  struct Usage {
    AudienceSum sum;
    std::int64_t mounts = 0;
  };
  std::map<std::pair<std::int64_t, std::string>, Usage> usages;
  for (const auto& [key, sum] : *sums) {
    Usage& usage = usages[{key.second, accounts[key.first]}];
    usage.sum += sum;
    ++usage.mounts;
  }
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
  for (const auto& [key, usage] : usages)
    table.rows.push_back({local_time_text(key.first * 1000, *ask.zone), text_or_none(key.second),
                          usage.mounts, heard_seconds(usage.sum.ms), usage.sum.sessions,
                          usage.sum.bytes, limit_of(key.second, &AccountQuota::hours),
                          limit_of(key.second, &AccountQuota::transfer)});
  return answer(ask, table, "usage");
}

Plan audience_songs(const PlanContext& context) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<Asked>(begun);
  auto rows = report.songs(mounts, ask.range);
  if (!rows) return no_report(rows.error());
  std::stable_sort(rows->begin(), rows->end(), [](const SongRow& a, const SongRow& b) {
    return a.performances > b.performances;
  });
  AudienceTable table{{"artist", "title", "country", "performances"}, {}};
  for (const SongRow& row : *rows) {
    auto [artist, title] = artist_and_title(row.title);
    table.rows.push_back(
        {std::move(artist), std::move(title), text_or_none(row.country), row.performances});
  }
  return answer(ask, table, "songs");
}

// What nothing has told stands empty, for the station to fill in.
Plan audience_playlist(const PlanContext& context) {
  AudienceTable table{{"station", "date", "begin", "duration_s", "title", "artist", "composer",
                       "label", "label_code", "isrc", "performances"},
                      {}};
  if (const auto names = query_param(context.request.query, "columns"); names && !names->empty())
    if (const auto renamed = rename_columns(table, *names); !renamed)
      return wrong_parameter("columns", "columns=: " + renamed.error().what);
  auto found = played_in(context);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  const auto& [asked, rows, next] = std::get<Played>(found);
  const AudienceAsk& ask = asked.ask;
  for (const PlayRow& row : rows) {
    const std::string began = local_time_text(row.began, *ask.zone);
    auto [artist, title] = artist_and_title(row.title);
    table.rows.push_back(
        {row.mount, began.substr(0, 10), began,
         row.ended ? AudienceCell((*row.ended - row.began) / 1000) : AudienceCell(),
         std::move(title), std::move(artist), text_or_none(row.facts.composer),
         text_or_none(row.facts.label), text_or_none(row.facts.label_code),
         text_or_none(row.facts.isrc),
         row.performances ? AudienceCell(*row.performances) : AudienceCell()});
  }
  return answer(ask, table, "playlist", next, true);
}

namespace {

struct Recordings {
  AudienceAsk ask;
  std::vector<SoundExchangeRow> complete, incomplete;
};
// Of the United States, or of ?country=.
std::variant<Recordings, Problem> recordings_in(const PlanContext& context) {
  const std::string country = query_param(context.request.query, "country").value_or("US");
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (country != "all" &&
      (country.size() != 2 || !std::all_of(country.begin(), country.end(), is_capital)))
    return wrong_parameter("country", "country= is a country of two capital letters, or all");
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<Asked>(begun);
  const auto songs = report.songs(mounts, ask.range);
  if (!songs) return no_report(songs.error());
  const auto facts = report.song_facts(mounts);
  if (!facts) return no_report(facts.error());
  std::map<std::pair<std::string, std::string>, SoundExchangeRow> recordings;
  for (const SongRow& row : *songs) {
    if (country != "all" && row.country != country) continue;
    auto name = artist_and_title(row.title);
    SoundExchangeRow& recording = recordings[name];
    std::tie(recording.artist, recording.title) = std::move(name);
    recording.performances += row.performances;
    if (const auto known = facts->find(row.title); known != facts->end()) {
      recording.isrc = known->second.isrc;
      recording.album = known->second.album;
      recording.label = known->second.label;
    }
  }
  Recordings found{std::move(ask), {}, {}};
  for (auto& [name, recording] : recordings)
    (lack_of(recording).empty() ? found.complete : found.incomplete)
        .push_back(std::move(recording));
  return found;
}

std::vector<AudienceCell> recording_cells(const SoundExchangeRow& row) {
  return {row.artist,
          row.title,
          text_or_none(row.isrc),
          text_or_none(row.album),
          text_or_none(row.label),
          row.performances};
}

}  // namespace

Plan audience_sound_exchange(const PlanContext& context) {
  constexpr std::size_t kLongestService = 100;
  const std::string& query = context.request.query;
  const std::string service = query_param(query, "service").value_or("");
  if (service.empty() || service.size() > kLongestService || !valid_utf8(service))
    return wrong_parameter("service", cat({"service= is the name of the service, of 1 to ",
                                           kLongestService, " bytes of UTF-8"}));
  const std::string category = query_param(query, "category").value_or("A");
  if (category.size() != 1 || category[0] < 'A' || category[0] > 'L')
    return wrong_parameter("category", "category= is one letter from A to L");
  auto read = recordings_in(context);
  if (auto* problem = std::get_if<Problem>(&read)) return std::move(*problem);
  const auto& [ask, complete, incomplete] = std::get<Recordings>(read);
  Planned plan;
  if (!ask.csv) {
    AudienceTable table{{"artist", "title", "isrc", "album", "label", "performances"}, {}};
    for (const SoundExchangeRow& row : complete) table.rows.push_back(recording_cells(row));
    Head head = head_of(ask);
    head.emplace_back("incomplete", static_cast<std::int64_t>(incomplete.size()));
    plan.answer.body = audience_json(table, head, {});
    return plan;
  }
  plan.answer.body = sound_exchange_text(service, category[0], complete);
  plan.answer.type = "text/plain; charset=utf-8";
  plan.answer.file = sound_exchange_file(service, local_time_text(ask.range.from, *ask.zone),
                                         local_time_text(ask.range.to - 1, *ask.zone));
  return plan;
}

Plan audience_sound_exchange_incomplete(const PlanContext& context) {
  auto read = recordings_in(context);
  if (auto* problem = std::get_if<Problem>(&read)) return std::move(*problem);
  const auto& [ask, complete, incomplete] = std::get<Recordings>(read);
  AudienceTable table{{"artist", "title", "isrc", "album", "label", "performances", "reason"}, {}};
  for (const SoundExchangeRow& row : incomplete) {
    table.rows.push_back(recording_cells(row));
    table.rows.back().emplace_back(std::string(lack_of(row)));
  }
  return answer(ask, table, kIncompleteReport);
}

}  // namespace lb
