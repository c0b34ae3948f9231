// The plans of /api/v1/tokens (user_plans.h).
#include <utility>

#include "api/records/record_plans.h"
#include "api/request/answer.h"
#include "api/request/list_page.h"
#include "api/request/password_fields.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"
#include "auth/login/user_fields.h"

namespace lb {
namespace {

bool sees_token(const ApiCaller& caller, const ApiToken& token) {
  return caller.role == Role::kAdmin || changes_account_of(caller, token.account);
}

void write_token(JsonWriter& json, const ApiToken& token, std::uint64_t revision,
                 const std::string& made = {}) {
  write_answer<kTokenFields, kMadeToken, kRevision>(json, token, MadeToken{made},
                                                    AnswerRevision{revision});
}

}  // namespace

Plan list_tokens(const PlanContext& context) {
  return list_rows(
      context, context.book.tokens(),
      [&](const ApiToken& token) { return sees_token(context.who, token); },
      [](JsonWriter& json, const BookRow<ApiToken>& row) {
        write_token(json, row.value, row.revision);
      });
}

Plan create_token(const PlanContext& context) {
  std::vector<JsonFault> faults;
  ObjectReader body(context.request.json, Form::kNew, faults);
  ApiToken token;
  token.id = new_id(context.world.random);
  body.take(kTokenFields, token).finish();
  complete_rights(body, context, token);
  if (token.expires != 0 && token.expires <= unix_seconds(context.now))
    body.wrong("expires", "the time is in the past");
  if (!faults.empty()) return invalid(std::move(faults));
  if (auto problem = judge_login(context, token)) return *std::move(problem);
  if (auto problem = judge_space(context, token)) return *std::move(problem);
  const std::string secret = new_token(context.world.random);
  token.digest = token_digest(secret);
  Planned plan;
  const std::string key = record_key("tokens", token.id);
  plan.write.put(key, token_json(token), 0);
  if (!token.account.empty()) hold_account(plan, context, token.account);
  JsonWriter json;
  write_token(json, token, 0, secret);
  plan.answer = {201, json.take() + "\n", 0, "/api/v1/" + key};
  plan.deed = ApiDeed{"create",
                      key,
                      {{"role", "", std::string(to_text(token.role))},
                       {"account", "", token.account},
                       {"token", "", "***"}},
                      token.account};
  return plan;
}

Plan delete_token(const PlanContext& context) {
  const std::string& id = context.request.names.at(0);
  const auto* row = context.book.token(id);
  if (row == nullptr || !sees_token(context.who, row->value)) return not_found("token", id);
  if (auto problem = judge_login(context, row->value)) return *std::move(problem);
  if (auto problem = judge_if_match(context.request, row->revision)) return *std::move(problem);
  return deleted(record_key("tokens", id), row->revision);
}

}  // namespace lb
