#include "api/request/plan.h"

#include "base/cat.h"
#include "base/strings.h"

namespace lb {

void put_record(Planned& plan, const std::string& key, std::string value, std::uint64_t revision) {
  plan.write.compares.push_back({key, revision});
  plan.write.puts.emplace_back(key, std::move(value));
}

void delete_record(Planned& plan, const std::string& key, std::uint64_t revision) {
  plan.write.compares.push_back({key, revision});
  plan.write.deletes.push_back(key);
}

void hold_account(Planned& plan, const PlanContext& context, const std::string& account) {
  if (const auto* row = context.book.account(account))
    put_record(plan, record_key("accounts", account), account_json(row->value), row->revision);
}

Problem not_found(std::string_view what, std::string_view name) {
  return Problem{ProblemName::kNotFound, cat({"there is no ", what, " ", name})};
}

Problem forbidden(std::string detail) {
  return Problem{ProblemName::kForbidden, std::move(detail)};
}

std::variant<ListPage, Problem> list_page(const ApiRequest& request) {
  constexpr std::uint64_t kMax = 500;
  ListPage page;
  page.after = query_param(request.query, "after").value_or("");
  if (const auto most = query_param(request.query, "most")) {
    const auto number = parse_u64(*most);
    if (!number || *number < 1 || *number > kMax) {
      Problem problem{ProblemName::kBadRequest,
                      cat({"most=", most->substr(0, 80), " is no number from 1 to 500"})};
      problem.members.emplace_back("parameter", "most");
      return problem;
    }
    page.most = static_cast<std::size_t>(*number);
  }
  return page;
}

}  // namespace lb
