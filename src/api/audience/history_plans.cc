#include "api/audience/history_plans.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "admin/metrics/history.h"
#include "api/audience/audience_ask.h"
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
constexpr std::pair<std::string_view, HistoryBy> kByWords[] = {
    {"all", HistoryBy::kAll}, {"mount", HistoryBy::kMount}, {"node", HistoryBy::kNode}};

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
  return wrong_question(name, cat({"it is one of ", known}));
}

std::optional<Problem> read_number(const ApiRequest& request, std::string_view name,
                                   std::int64_t least, std::int64_t most, std::int64_t& value) {
  const auto given = query_param(request.query, name);
  if (!given) return std::nullopt;
  const auto number = parse_u64(*given);
  if (!number || *number > static_cast<std::uint64_t>(most) ||
      static_cast<std::int64_t>(*number) < least)
    return wrong_question(name, cat({"it is a whole number from ", least, " to ", most}));
  value = static_cast<std::int64_t>(*number);
  return std::nullopt;
}

// The question without what may be seen; or what is wrong with it.
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
  // Nothing older is known.
  question.from = std::max(question.from, now - context.file.console.history.count());
  if (question.from >= question.to) return wrong_question("to", "so old a history is not kept");
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

Plan answer_history(const PlanContext& context, const HistoryQuestion& question) {
  const HistoryAnswer told = context.world.history->read(question);
  JsonWriter json;
  json.begin_object();
  json.key("of").text(kOfWords[static_cast<std::size_t>(question.of)].first);
  json.key("by").text(kByWords[static_cast<std::size_t>(question.by)].first);
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

// It is configured, on air, or was, and the login sees it.
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

Plan read_history(const PlanContext& context) {
  if (context.world.history == nullptr) return no_history();
  auto asked = question_of(context);
  if (auto* problem = std::get_if<Problem>(&asked)) return std::move(*problem);
  HistoryQuestion& question = std::get<HistoryQuestion>(asked);
  const auto mount = query_param(context.request.query, "mount");
  if (mount && question.by == HistoryBy::kNode)
    return wrong_question("mount", "by node there is the sum of all mounts only");
  const bool all = sees_all(context.who);
  if (question.by == HistoryBy::kNode && !all)
    return forbidden("the login sees some mounts, and no nodes");
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
