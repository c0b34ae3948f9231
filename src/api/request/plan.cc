#include "api/request/plan.h"

#include "base/cat.h"
#include "base/strings.h"

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

bool PageWriter::begin_row(std::string_view name) {
  is_full_ = shown_ == most_;
  if (is_full_) return false;
  last_ = name;
  ++shown_;
  return true;
}

void PageWriter::end_rows(bool is_more) {
  json_.end_array();
  if ((is_full_ || is_more) && shown_ > 0) json_.key("next").text(last_);
  has_ended_ = true;
}

Planned PageWriter::answer(std::uint64_t revision) {
  if (!has_ended_) end_rows();
  return answered(json_.end_object(), revision);
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
    if (!number || *number < 1 || *number > kMax)
      return wrong_parameter("most",
                             cat({"most=", most->substr(0, 80), " is no number from 1 to 500"}));
    page.most = static_cast<std::size_t>(*number);
  }
  return page;
}

}  // namespace lb
