#include "api/request/plan.h"

#include "api/request/record_book.h"
#include "base/cat.h"

namespace lb {

void hold_account(Planned& plan, const PlanContext& context, const std::string& account) {
  if (const auto* row = context.book.account(account))
    plan.write.put(record_key("accounts", account), account_json(row->value), row->revision);
}

Planned answered(JsonWriter& json, std::uint64_t revision) {
  Planned plan;
  plan.answer.body = json.take() + "\n";
  plan.answer.revision = revision;
  return plan;
}

Planned done(ApiDeed deed) {
  Planned plan;
  plan.answer.status = 204;
  plan.deed = std::move(deed);
  return plan;
}

Planned deleted(const std::string& key, std::uint64_t revision,
                std::vector<ApiDeed::Change> changes) {
  Planned plan = done({"delete", key, std::move(changes)});
  plan.write.remove(key, revision);
  return plan;
}

Problem not_found(std::string_view what, std::string_view name) {
  return Problem{ProblemName::kNotFound, cat({"there is no ", what, " ", name})};
}

Problem forbidden(std::string detail) {
  return Problem{ProblemName::kForbidden, std::move(detail)};
}

}  // namespace lb
