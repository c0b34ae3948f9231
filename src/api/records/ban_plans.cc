#include <utility>

#include "api/records/record_plans.h"
#include "api/request/answer.h"
#include "api/request/ban_fields.h"
#include "api/request/list_page.h"
#include "api/request/record_book.h"
#include "base/cat.h"

namespace lb {
namespace {

void write_ban(JsonWriter& json, const PlanContext& context, const Ban& ban,
               std::uint64_t revision) {
  const bool over = ban.until != 0 && ban.until <= unix_seconds(context.now);
  write_answer<kBanFields, kBanNow, kRevision>(json, ban, BanNow{over}, AnswerRevision{revision});
}

// Whether the ban would hit the caller, which then could not remove it.
bool shuts_out_caller(const PlanContext& context, const Ban& ban) {
  const auto address = Address::parse(context.who.ip, 0);
  return address && BanList({ban}).shuts_out(*address, unix_seconds(context.now));
}

}  // namespace

Plan list_bans(const PlanContext& context) {
  return list_rows(
      context, context.book.bans(), [](const Ban&) { return true; },
      [&](JsonWriter& json, const BookRow<Ban>& row) {
        write_ban(json, context, row.value, row.revision);
      });
}

Plan read_ban(const PlanContext& context) {
  const std::string& id = context.request.names.at(0);
  const auto* row = context.book.ban(id);
  if (row == nullptr) return not_found("ban", id);
  JsonWriter json;
  write_ban(json, context, row->value, row->revision);
  return answered(json, row->revision);
}

Plan create_ban(const PlanContext& context) {
  std::vector<JsonFault> faults;
  ObjectReader body(context.request.json, Form::kNew, faults);
  Ban ban;
  ban.id = new_id(context.world.random);
  ban.by = context.who.name;
  body.take(kBanFields, ban).finish();
  if (ban.until != 0 && ban.until <= unix_seconds(context.now))
    body.wrong("until", "the time is in the past");
  if (faults.empty() && shuts_out_everybody(ban)) body.wrong("match", kEverybodyOut);
  if (faults.empty() && shuts_out_caller(context, ban))
    body.wrong("match",
               cat({"it would shut out ", context.who.ip, ", the address of this request"}));
  if (!faults.empty()) return invalid(std::move(faults));
  Planned plan;
  const std::string key = record_key("bans", ban.id);
  plan.write.put(key, ban_json(ban), 0);
  JsonWriter json;
  write_ban(json, context, ban, 0);
  plan.answer = {201, json.take() + "\n", 0, "/api/v1/" + key};
  plan.deed = ApiDeed{"create", key, {{std::string(ban_word(ban.kind)), "", ban.value}}};
  return plan;
}

Plan delete_ban(const PlanContext& context) {
  const std::string& id = context.request.names.at(0);
  const auto* row = context.book.ban(id);
  if (row == nullptr) return not_found("ban", id);
  if (auto problem = judge_if_match(context.request, row->revision)) return *std::move(problem);
  return deleted(record_key("bans", id), row->revision,
                 {{std::string(ban_word(row->value.kind)), row->value.value, ""}});
}

}  // namespace lb
