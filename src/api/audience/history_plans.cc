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
#include "admin/page/json_members.h"
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
constexpr std::int64_t kMaxQuarters = 8'000'000;  // of all mounts

constexpr std::pair<std::string_view, HistoryOf> kOfWords[] = {{"listeners", HistoryOf::kListeners},
                                                               {"kbps", HistoryOf::kKbps}};
// The last one is only named: read_countries() has it.
constexpr std::pair<std::string_view, HistoryBy> kByWords[] = {{"all", HistoryBy::kAll},
                                                               {"mount", HistoryBy::kMount},
                                                               {"node", HistoryBy::kNode},
                                                               {"country", HistoryBy::kAll}};

Problem wrong_question(std::string_view name, std::string_view detail) {
  return wrong_parameter(name, cat({name, ": ", detail}));
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

// The oldest moment of the history, in Unix seconds.
std::int64_t oldest_second(const Config& config, WallTime now) {
  return unix_seconds(now) - config.console.history.count();
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
    json.begin_object();
    text_or_null(json, "name", row.name);
    if (row.others) json.key("others").boolean(true);
    write_values(json, "mean", row.mean);
    write_values(json, "max", row.max);
    json.end_object();
  }
  json.end_array().end_object();
  return answered(json);
}

// The history of the question, in its own words.
Plan write_history(const HistoryAnswer& told, const HistoryQuestion& question) {
  return write_history(told, kOfWords[static_cast<std::size_t>(question.of)].first,
                       kByWords[static_cast<std::size_t>(question.by)].first);
}

Plan answer_history(const PlanContext& context, HistoryQuestion question) {
  // The history keeps nothing older.
  question.from = std::max(question.from, oldest_second(context.file, context.now));
  if (question.from >= question.to)
    return wrong_question("to", "the history does not go back that far");
  return write_history(context.world.history->read(question), question);
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

// Points of a history made of sums of the audience's database: of hours, or quarters of one.
class HistorySums {
 public:
  HistorySums(AudienceRange range, std::int64_t unit_ms, std::int64_t most, std::int64_t now_ms)
      : unit_ms_(unit_ms), now_ms_(now_ms), first_(range.from / unit_ms) {
    const std::int64_t units = (range.to + unit_ms - 1) / unit_ms - first_;
    width_ = (units + most - 1) / most;
    told_.step = width_ * unit_ms / 1000;
    for (std::int64_t at = 0; at < units; at += width_)
      told_.times.push_back((first_ + at) * unit_ms / 1000);
    for (std::size_t point = 0; point < told_.times.size(); ++point)
      none_.push_back(begun_units(point) > 0 ? 0 : std::nan(""));
  }
  // amount: of the whole unit; its average is shown.
  void add(std::string_view name, std::int64_t unit, std::int64_t amount) {
    const std::int64_t length = std::min(now_ms_ - unit * unit_ms_, unit_ms_);
    auto row = rows_.find(name);
    if (row == rows_.end())
      row = rows_.emplace(name, HistoryRow{std::string(name), false, none_, none_}).first;
    if (length <= 0) return;
    const double mean = static_cast<double>(amount) / static_cast<double>(length);
    const auto point = static_cast<std::size_t>((unit - first_) / width_);
    row->second.mean[point] += mean / static_cast<double>(begun_units(point));
    row->second.max[point] = std::max(row->second.max[point], mean);
  }
  // amounts: of the units from the first on.
  void add_all(std::string_view name, const std::vector<std::int64_t>& amounts) {
    HistoryRow& row =
        rows_.emplace(name, HistoryRow{std::string(name), false, none_, none_}).first->second;
    std::size_t point = 0;
    for (std::size_t at = 0; at < amounts.size(); ++point) {
      double sum = 0, most = 0;
      const std::size_t end = std::min(amounts.size(), at + static_cast<std::size_t>(width_));
      for (; at < end; ++at) {
        const std::int64_t unit = first_ + static_cast<std::int64_t>(at);
        const std::int64_t length = std::min(now_ms_ - unit * unit_ms_, unit_ms_);
        if (length <= 0) continue;
        const double mean = static_cast<double>(amounts[at]) / static_cast<double>(length);
        sum += mean;
        most = std::max(most, mean);
      }
      row.mean[point] += sum / static_cast<double>(std::max<std::int64_t>(1, begun_units(point)));
      row.max[point] = std::max(row.max[point], most);
    }
  }
  HistoryAnswer take() {
    for (auto& [name, row] : rows_) told_.rows.push_back(std::move(row));
    keep_shown(told_.rows);
    return std::move(told_);
  }

 private:
  std::int64_t begun_units(std::size_t point) const {
    const std::int64_t past_ms = now_ms_ - told_.times[point] * 1000;
    return std::clamp<std::int64_t>((past_ms + unit_ms_ - 1) / unit_ms_, 0, width_);
  }

  const std::int64_t unit_ms_, now_ms_, first_;
  std::int64_t width_ = 1;  // of a point, in units
  HistoryAnswer told_;
  std::vector<double> none_;
  std::map<std::string, HistoryRow, std::less<>> rows_;
};

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
  const AudienceRange range = whole_hours(ask.range);
  const auto heard = report.country_hours(mounts, range);
  if (!heard) return no_report(heard.error());
  HistorySums sums(range, kHourMs, most, unix_ms(context.now));
  for (const auto& [country, hours] : *heard) sums.add_all(country, hours);
  return write_history(sums.take(), "listeners", "country");
}

// The quarters of an hour of the audience's database.
Plan read_older(const PlanContext& context, const HistoryQuestion& question,
                const std::optional<std::string>& only) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<AudienceAsked>(begun);
  if (only) std::erase_if(mounts, [&only](const auto& one) { return one.second != *only; });
  if (only && mounts.empty() && !sees_present_mount(context, *only))
    return not_found("mount", *only);
  const std::int64_t length = (ask.range.to - ask.range.from) / kQuarterMs;
  const bool of_time = question.of == HistoryOf::kListeners;
  if (question.by == HistoryBy::kMount &&
      static_cast<std::int64_t>(mounts.size()) > kMaxQuarters / length)
    return wrong_question("from",
                          cat({mounts.size(), " mounts are too many for that long a time"}));
  HistorySums sums(ask.range, kQuarterMs, static_cast<std::int64_t>(question.points),
                   unix_ms(context.now));
  const auto each_quarter = [](std::int64_t quarter) { return quarter; };
  if (of_time && question.by == HistoryBy::kMount) {
    const auto read = report.mount_quarters(
        mounts, ask.range, [&, &names = mounts](std::int64_t mount, const auto& heard) {
          if (std::ranges::any_of(heard, [](std::int64_t ms) { return ms != 0; }))
            sums.add_all(names[mount], heard);
        });
    if (!read) return no_report(read.error());
  } else if (of_time) {
    const auto heard = report.quarters(mounts, ask.range);
    if (!heard) return no_report(heard.error());
    sums.add_all("", *heard);
  } else if (question.by == HistoryBy::kMount) {
    const auto read = report.periods(
        mounts, ask.range, each_quarter,
        [&, &names = mounts](std::int64_t mount, std::int64_t quarter, const AudienceSum& sum) {
          sums.add(names[mount], quarter, sum.bytes * 8);
          return true;
        });
    if (!read) return no_report(read.error());
  } else {
    const auto quarters = report.hours(mounts, ask.range, each_quarter);
    if (!quarters) return no_report(quarters.error());
    for (const AudiencePeriod& one : *quarters) sums.add("", one.period, one.sum.bytes * 8);
  }
  return write_history(sums.take(), question);
}

// Whether the mount is configured, on the air or in the history, and the login sees it.
bool sees_known_mount(const PlanContext& context, const std::string& name) {
  const auto names = context.world.history->names(HistoryBy::kMount);
  return sees_present_mount(context, name) ||
         (std::binary_search(names.begin(), names.end(), name) && sees_mount(context, name));
}

// Since when the mount's history is that of its account, in seconds; 0: always.  What was heard of
// the name before its record may be another account's.
std::int64_t own_since(const PlanContext& context, const std::string& name,
                       const HistoryQuestion& question) {
  const std::int64_t since = record_since(context, name) / 1000;
  if (sees_all(context.who) || since <= question.from) return 0;
  HistoryQuestion before = question;
  before.to = since;
  before.points = 1;
  before.by = HistoryBy::kAll;
  before.only = std::vector<std::string>{name};
  for (const HistoryRow& row : context.world.history->read(before).rows)
    if (std::ranges::any_of(row.max, [](double value) { return value > 0; })) return since;
  return 0;
}

Problem no_history(const PlanContext& context) {
  const ApiWorld& world = context.world;
  if (is_old_history(context.request, context.file, context.now) && !world.audience_why.empty())
    return *no_audience(world);
  return Problem{ProblemName::kNotFound,
                 "this server keeps no history: <console> is off, or its history is 0"};
}

}  // namespace

bool is_old_history(const ApiRequest& request, const Config& config, WallTime now) {
  const std::string by = query_param(request.query, "by").value_or("all");
  const auto from = parse_u64(query_param(request.query, "from").value_or(""));
  // Clocks of browsers differ from this one.
  const std::int64_t before = oldest_second(config, now) - kUsualRange;
  return from && (by == "all" || by == "mount") && config.console.history.count() > 0 &&
         before > 0 && *from < static_cast<std::uint64_t>(before);
}

Plan read_history(const PlanContext& context) {
  if (query_param(context.request.query, "by") == "country") return read_countries(context);
  const bool is_old = context.world.audience != nullptr;
  if (!is_old && context.world.history == nullptr) return no_history(context);
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
  if (is_old)
    return read_older(context, question,
                      mount ? std::optional(mount_name_of(*mount)) : std::nullopt);
  if (node) question.only = std::vector<std::string>{*node};
  if (mount) {
    const std::string name = mount_name_of(*mount);
    if (!sees_known_mount(context, name)) return at_parameter(not_found("mount", name), "mount");
    question.from = std::max(question.from, own_since(context, name, question));
    question.only = std::vector<std::string>{name};
  } else if (!all) {
    question.only = context.world.history->names(HistoryBy::kMount);
    std::erase_if(*question.only, [&](const std::string& name) {
      return !sees_mount(context, name) || own_since(context, name, question) > 0;
    });
  }
  return answer_history(context, question);
}

Plan read_mount_history(const PlanContext& context) {
  const bool is_old = context.world.audience != nullptr;
  if (!is_old && context.world.history == nullptr) return no_history(context);
  const std::string name = mount_name_of(context.request.names.at(0));
  if (!is_old && !sees_known_mount(context, name)) return not_found("mount", name);
  auto asked = question_of(context);
  if (auto* problem = std::get_if<Problem>(&asked)) return std::move(*problem);
  HistoryQuestion& question = std::get<HistoryQuestion>(asked);
  question.by = HistoryBy::kAll;
  if (is_old) return read_older(context, question, name);
  question.from = std::max(question.from, own_since(context, name, question));
  question.only = std::vector<std::string>{name};
  return answer_history(context, question);
}

}  // namespace lb
