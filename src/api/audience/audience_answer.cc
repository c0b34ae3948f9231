#include "api/audience/audience_answer.h"

#include <algorithm>
#include <array>

#include "api/audience/audience_plans.h"
#include "api/records/mount_answer.h"
#include "api/request/list_page.h"
#include "api/request/rights.h"
#include "base/cat.h"

namespace lb {

Problem no_report(const Error& error) {
  if (error.code == Error::Code::kLimit) return wrong_parameter("from", error.what);
  return {ProblemName::kOverloaded, error.what};
}

namespace {

// Leaves out what was heard under the mounts' names before their records: the sums are those of a
// time and of mounts, so a report of all mounts lacks those that began within its time, and a
// report of one begins with its record, at a whole hour, as do sums by country.
void leave_out_earlier(const PlanContext& context, const AudienceReport::Mounts& kept,
                       AudienceAsked& asked) {
  if (sees_all(context.who) && asked.ask.account.empty()) return;
  AudienceRange& range = asked.ask.range;
  const AudienceReport::Since kept_since = asked.report.kept_since();
  AudienceReport::Mounts later;
  std::int64_t since = 0;
  for (const auto& [id, name] : asked.mounts) {
    const std::int64_t made = account_since(context, name, id, kept, kept_since);
    if (made <= range.from || !asked.report.was_heard_before(id, made)) continue;
    later.emplace(id, name);
    since = std::max(since, made);
  }
  if (later.empty()) return;
  since = (since + kHourMs - 1) / kHourMs * kHourMs;
  if (later.size() < asked.mounts.size() || since >= range.to)
    for (const auto& [id, name] : later) {
      asked.mounts.erase(id);
      asked.ask.left_out.push_back(name);
    }
  else
    range.from = since;
}

}  // namespace

std::variant<AudienceAsked, Problem> begin_report(const PlanContext& context) {
  const ApiWorld& world = context.world;
  auto read = read_audience_ask(context);
  if (auto* problem = std::get_if<Problem>(&read)) return std::move(*problem);
  if (auto problem = no_audience(world)) return *std::move(problem);
  AudienceAsked asked{std::get<AudienceAsk>(std::move(read)),
                      AudienceReport(*world.audience, unix_ms(context.now)),
                      {}};
  auto mounts = asked.report.mounts();
  if (!mounts) return no_report(mounts.error());
  const AudienceAsk& ask = asked.ask;
  if (auto problem = hidden_account(context, ask.account)) return *std::move(problem);
  bool knows = ask.mount.empty();
  const AudienceReport::Mounts kept = asked.report.kept_accounts();
  for (const auto& [id, name] : *mounts) {
    const std::string account = account_of_mount(context, name, id, kept);
    if (!sees_mount(context.who, name, account)) continue;
    if (!ask.account.empty() && account != ask.account) continue;
    if (!ask.mount.empty() && name != ask.mount) continue;
    knows = true;
    asked.mounts.emplace(id, name);
  }
  if (!knows && !sees_present_mount(context, ask.mount)) return hidden_mount(ask);
  leave_out_earlier(context, kept, asked);
  return asked;
}

AudienceHead head_of(const AudienceAsk& ask) {
  AudienceHead head{{"from", local_time_text(ask.range.from, *ask.zone)},
                    {"to", local_time_text(ask.range.to, *ask.zone)},
                    {"zone", ask.zone_name}};
  if (!ask.left_out.empty()) head.emplace_back("left_out", ask.left_out);
  return head;
}

AudienceCell text_or_none(const std::string& text) {
  return text.empty() ? AudienceCell() : AudienceCell(text);
}

Plan audience_answer(const AudienceAsk& ask, const AudienceTable& table, std::string_view name,
                     const std::string& next, bool for_germans) {
  Planned plan;
  if (ask.csv) {
    plan.answer.body =
        for_germans ? "\xef\xbb\xbf" + audience_csv(table, ';') : audience_csv(table);
    plan.answer.type = "text/csv; charset=utf-8";
    plan.answer.file = cat({"audience-", name, ".csv"});
    plan.answer.next = next;
  } else {
    plan.answer.body = audience_json(table, head_of(ask), next);
  }
  return plan;
}

std::variant<std::pair<AudienceReport::Place, std::size_t>, Problem> page_of(
    const PlanContext& context, const AudienceAsk& ask) {
  const auto page = list_page(context.request);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto& [after, most] = std::get<ListPage>(page);
  AudienceReport::Place place;
  if (!after.empty() && after != "0") {
    std::array<std::int64_t, 2> numbers{};
    if (!read_place(after, numbers)) return wrong_after(after);
    place = {numbers[0], numbers[1]};
  }
  return std::pair(place, ask.csv || context.world.whole ? kMaxReportLines : most);
}

Problem too_many_lines(std::string_view or_else) {
  return wrong_parameter("from",
                         cat({"the report has ", kMaxReportLines,
                              " lines or more; ask for less time, or for one mount", or_else}));
}

std::optional<Problem> too_long(const PlanContext& context, const AudienceAsk& ask,
                                const std::string& next) {
  if (!(ask.csv || context.world.whole) || next.empty() ||
      query_param(context.request.query, "after"))
    return std::nullopt;
  return too_many_lines(
      ", or for parts of it: after=0, and each answer has a Link to the next one");
}

std::variant<Played, Problem> played_in(const PlanContext& context,
                                        std::optional<AudienceReport::Order> by) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& asked = std::get<AudienceAsked>(begun);
  const auto page = page_of(context, asked.ask);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto [after, most] = std::get<0>(page);
  auto rows = by ? asked.report.titles_by(asked.mounts, asked.ask.range, *by, most)
                 : asked.report.titles(asked.mounts, asked.ask.range, after, most);
  if (!rows) return no_report(rows.error());
  std::string next = by ? std::string() : next_of(*rows, most);
  if (auto problem = too_long(context, asked.ask, next)) return *std::move(problem);
  return Played{std::move(asked), std::move(*rows), std::move(next)};
}

}  // namespace lb
