// The plans of the history: listeners and kbit/s over time, as far as the login may see them.
// Source: doc/api.md.
// Thread: pure functions of a History; by country, that of the audience's database.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <span>
#include <utility>

#include "admin/metrics/history.h"
#include "api/audience/audience_answer.h"
#include "api/audience/audience_ask.h"
#include "api/audience/audience_plans.h"
#include "api/records/mount_answer.h"
#include "api/request/plan.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"
#include "base/cat.h"
#include "base/strings.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::int64_t kUsualRange = 3600;  // seconds
constexpr std::size_t kUsualPoints = 300;

constexpr std::pair<std::string_view, HistoryOf> kOfWords[] = {{"listeners", HistoryOf::kListeners},
                                                               {"kbps", HistoryOf::kKbps}};
// The last one is only named: read_countries() has it.
constexpr std::pair<std::string_view, HistoryBy> kByWords[] = {{"all", HistoryBy::kAll},
                                                               {"mount", HistoryBy::kMount},
                                                               {"node", HistoryBy::kNode},
                                                               {"country", HistoryBy::kAll}};

Problem wrong_question(std::string_view name, std::string detail) {
  return at_parameter(invalid_at(cat({"/", name}), std::move(detail)), name);
}

template <class T, std::size_t N>
std::optional<Problem> read_word(const ApiRequest& request, std::string_view name,
                                 const std::pair<std::string_view, T> (&words)[N], T& value) {
  const auto given = query_param(request.query, name);
  if (!given) return std::nullopt;
  std::string known;
  for (const auto& [word, meant] : words) {
    if (*given == word) {
      value = meant;
      return std::nullopt;
    }
    known += cat({known.empty() ? "" : ", ", word});
  }
  return wrong_question(name, cat({"it must be one of ", known}));
}

std::optional<Problem> read_number(const ApiRequest& request, std::string_view name,
                                   std::int64_t least, std::int64_t most, std::int64_t& value) {
  const auto given = query_param(request.query, name);
  if (!given) return std::nullopt;
  const auto number = parse_u64(*given);
  if (!number || *number > static_cast<std::uint64_t>(most) ||
      static_cast<std::int64_t>(*number) < least)
    return wrong_question(name, cat({"it must be a whole number from ", least, " to ", most}));
  value = static_cast<std::int64_t>(*number);
  return std::nullopt;
}

// The question without the login's scope, or its error.
std::variant<HistoryQuestion, Problem> question_of(const PlanContext& context) {
  HistoryQuestion question;
  const ApiRequest& request = context.request;
  const std::int64_t now = unix_seconds(context.now);
  if (auto problem = read_word(request, "of", kOfWords, question.of)) return *std::move(problem);
  if (auto problem = read_word(request, "by", kByWords, question.by)) return *std::move(problem);
  std::int64_t points = kUsualPoints;
  question.to = now;
  if (auto problem = read_number(request, "to", 1, now + 86'400, question.to))
    return *std::move(problem);
  question.to = std::min(question.to, now);
  question.from = question.to - kUsualRange;
  if (auto problem = read_number(request, "from", 1, now, question.from))
    return *std::move(problem);
  if (question.from >= question.to) return wrong_question("from", "it is not before the end");
  // The history keeps nothing older.
  question.from = std::max(question.from, now - context.file.console.history.count());
  if (question.from >= question.to)
    return wrong_question("to", "the history does not go back that far");
  if (auto problem = read_number(request, "points", 1, History::kMaxPoints, points))
    return *std::move(problem);
  question.points = static_cast<std::size_t>(points);
  return question;
}

void write_values(JsonWriter& json, std::string_view name, std::span<const double> values) {
  json.key(name).begin_array();
  for (const double value : values) {
    if (std::isnan(value))
      json.null();
    else
      json.number(std::round(value * 10) / 10);
  }
  json.end_array();
}

Plan write_history(const HistoryAnswer& told, std::string_view of, std::string_view by) {
  JsonWriter json;
  json.begin_object();
  json.key("of").text(of);
  json.key("by").text(by);
  json.key("step").number(told.step);
  json.key("t").begin_array();
  for (const std::int64_t time : told.times) json.number(time);
  json.end_array().key("rows").begin_array();
  for (const HistoryRow& row : told.rows) {
    json.begin_object().key("name");
    if (row.name.empty())
      json.null();
    else
      json.text(row.name);
    if (row.others) json.key("others").boolean(true);
    write_values(json, "mean", row.mean);
    write_values(json, "max", row.max);
    json.end_object();
  }
  json.end_array().end_object();
  return answered(json);
}

Plan answer_history(const PlanContext& context, const HistoryQuestion& question) {
  return write_history(context.world.history->read(question),
                       kOfWords[static_cast<std::size_t>(question.of)].first,
                       kByWords[static_cast<std::size_t>(question.by)].first);
}

// The average number of listeners in an hour; for the present hour, up to now.
double mean_of_hour(std::int64_t heard_ms, std::int64_t hour, std::int64_t now_ms) {
  const std::int64_t length = std::min(now_ms - hour * kHourMs, kHourMs);
  return length > 0 ? static_cast<double>(heard_ms) / static_cast<double>(length) : std::nan("");
}

// Sorts the largest rows first and adds up the smallest if not all can be shown.
void keep_shown(std::vector<HistoryRow>& rows) {
  const auto sum_of = [](const HistoryRow& row) {
    double sum = 0;
    for (const double value : row.mean) sum += std::isnan(value) ? 0 : value;
    return sum;
  };
  std::ranges::stable_sort(rows, std::greater<>(), sum_of);
  if (rows.size() <= History::kShownRows) return;
  HistoryRow& others = rows[History::kShownRows - 1];
  others.name.clear();
  others.others = true;
  for (std::size_t i = History::kShownRows; i < rows.size(); ++i)
    for (std::size_t at = 0; at < others.mean.size(); ++at) {
      others.mean[at] += rows[i].mean[at];
      others.max[at] += rows[i].max[at];
    }
  rows.resize(History::kShownRows);
}

// The audience's database has hours by country further back than the history of <console>.
Plan read_countries(const PlanContext& context) {
  if (query_param(context.request.query, "of").value_or("listeners") != "listeners")
    return wrong_question("of", "by=country has only listeners");
  if (query_param(context.request.query, "node")) return wrong_question("node", "it needs by=node");
  std::int64_t most = kUsualPoints;
  if (auto problem = read_number(context.request, "points", 1, History::kMaxPoints, most))
    return *std::move(problem);
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<AudienceAsked>(begun);
  const std::int64_t first = ask.range.from / kHourMs;
  const std::int64_t hours = (ask.range.to + kHourMs - 1) / kHourMs - first;
  const auto heard = report.country_hours(mounts, {first * kHourMs, (first + hours) * kHourMs});
  if (!heard) return no_report(heard.error());
  const std::int64_t width = (hours + most - 1) / most;  // of a point, in hours
  HistoryAnswer told;
  told.step = width * kHourMs / 1000;
  for (std::int64_t at = 0; at < hours; at += width)
    told.times.push_back((first + at) * kHourMs / 1000);
  const std::int64_t now_ms = unix_ms(context.now);
  const auto begun_hours = [&](std::size_t point) {  // the hours of a point that have begun
    const std::int64_t past_ms = now_ms - told.times[point] * 1000;
    return std::clamp<std::int64_t>((past_ms + kHourMs - 1) / kHourMs, 0, width);
  };
  std::vector<double> none(told.times.size());
  for (std::size_t i = 0; i < none.size(); ++i) none[i] = begun_hours(i) > 0 ? 0 : std::nan("");
  std::map<std::string_view, HistoryRow> rows;
  for (const auto& [key, ms] : *heard) {
    const auto [hour, country] = std::pair(key.first, std::string_view(key.second));
    HistoryRow& row = rows.try_emplace(country, HistoryRow{std::string(country), false, none, none})
                          .first->second;
    const auto point = static_cast<std::size_t>((hour - first) / width);
    const double mean = mean_of_hour(ms, hour, now_ms);
    row.mean[point] += mean / static_cast<double>(begun_hours(point));
    row.max[point] = std::max(row.max[point], mean);
  }
  for (auto& [country, row] : rows) told.rows.push_back(std::move(row));
  keep_shown(told.rows);
  return write_history(told, "listeners", "country");
}

// Whether the mount is configured, on the air or in the history, and the login sees it.
bool sees_known_mount(const PlanContext& context, const std::string& name) {
  const auto names = context.world.history->names(HistoryBy::kMount);
  return is_mount_there(context, name) ||
         (std::binary_search(names.begin(), names.end(), name) &&
          sees_mount(context.who, name, account_of_mount(context, name)));
}

Problem no_history() {
  return Problem{ProblemName::kNotFound,
                 "this server keeps no history: <console> is off, or its history is 0"};
}

}  // namespace

bool is_by_country(const ApiRequest& request) {
  return request.path.ends_with("/history") && query_param(request.query, "by") == "country";
}

Plan read_history(const PlanContext& context) {
  if (is_by_country(context.request)) return read_countries(context);
  if (context.world.history == nullptr) return no_history();
  auto asked = question_of(context);
  if (auto* problem = std::get_if<Problem>(&asked)) return std::move(*problem);
  HistoryQuestion& question = std::get<HistoryQuestion>(asked);
  const auto mount = query_param(context.request.query, "mount");
  if (mount && question.by == HistoryBy::kNode)
    return wrong_question("mount", "by=node has only the sum of all mounts");
  const bool all = sees_all(context.who);
  if (question.by == HistoryBy::kNode && !all)
    return forbidden("the login may see some mounts, but no nodes");
  const auto node = query_param(context.request.query, "node");
  if (node && question.by != HistoryBy::kNode) return wrong_question("node", "it needs by=node");
  if (node) question.only = std::vector<std::string>{*node};
  if (mount) {
    const std::string name = mount_name_of(*mount);
    if (!sees_known_mount(context, name)) return at_parameter(not_found("mount", name), "mount");
    question.only = std::vector<std::string>{name};
  } else if (!all) {
    question.only = context.world.history->names(HistoryBy::kMount);
    std::erase_if(*question.only, [&](const std::string& name) {
      return !sees_mount(context.who, name, account_of_mount(context, name));
    });
  }
  return answer_history(context, question);
}

Plan read_mount_history(const PlanContext& context) {
  if (context.world.history == nullptr) return no_history();
  const std::string name = mount_name_of(context.request.names.at(0));
  if (!sees_known_mount(context, name)) return not_found("mount", name);
  auto asked = question_of(context);
  if (auto* problem = std::get_if<Problem>(&asked)) return std::move(*problem);
  HistoryQuestion& question = std::get<HistoryQuestion>(asked);
  question.by = HistoryBy::kAll;
  question.only = std::vector<std::string>{name};
  return answer_history(context, question);
}

}  // namespace lb
