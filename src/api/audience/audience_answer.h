// The common part of the audience's plans: the parameters and mounts of a request, and its answer
// as JSON or CSV.
//
// Thread: that of the audience's database (ApiWorld::audience).
// Errors: a problem, which names a wrong parameter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/audience/audience_ask.h"
#include "api/audience/audience_table.h"
#include "api/request/plan.h"
#include "audience/report.h"
#include "base/cat.h"

namespace lb {

using AudienceHead = std::vector<std::pair<std::string_view, AudienceCell>>;
AudienceHead head_of(const AudienceAsk& ask);

// The inputs of a plan of the audience.
struct AudienceAsked {
  AudienceAsk ask;
  AudienceReport report;
  AudienceReport::Mounts mounts;  // that the login sees
};
std::variant<AudienceAsked, Problem> begin_report(const PlanContext& context);

// The answer if the database has no report.
Problem no_report(const Error& error);
Problem too_many_lines(std::string_view or_else = "");

// "?after=&most=", where after is 0 or a result of next_of(); CSV takes as many rows as are
// allowed.
std::variant<std::pair<AudienceReport::Place, std::size_t>, Problem> page_of(
    const PlanContext& context, const AudienceAsk& ask);
// The value of `after` for further rows: where the last one is, which may be gone by then.  "":
// this answer has the last row.
template <class Row>
std::string next_of(const std::vector<Row>& rows, std::size_t most) {
  return rows.size() == most ? cat({rows.back().began, ".", rows.back().id}) : std::string();
}
// Too many rows are an error in a file, which would look complete; pages get a Link.
std::optional<Problem> too_long(const PlanContext& context, const AudienceAsk& ask,
                                const std::string& next);

// The titles of a page.
struct Played {
  AudienceAsked asked;
  std::vector<PlayRow> rows;
  std::string next;
};
// by: one page of those with the greatest gain, or loss, of listeners; nullopt: by their start.
std::variant<Played, Problem> played_in(const PlanContext& context,
                                        std::optional<AudienceReport::Order> by = {});

AudienceCell text_or_none(const std::string& text);
// for_germans: for programs of German offices, with semicolons and a byte order mark.
Plan audience_answer(const AudienceAsk& ask, const AudienceTable& table, std::string_view name,
                     const std::string& next = {}, bool for_germans = false);

}  // namespace lb
