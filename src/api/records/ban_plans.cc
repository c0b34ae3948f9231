#include "api/records/ban_plans.h"

#include <utility>

#include "api/request/fields.h"
#include "base/cat.h"

namespace lb {
namespace {

void write_ban(JsonWriter& json, const PlanContext& context, const Ban& ban,
               std::uint64_t revision) {
  json.begin_object();
  json.key("id").text(ban.id);
  json.key("match").begin_object().key(ban_word(ban.kind)).text(ban.value).end_object();
  json.key("mounts").begin_array();
  for (const std::string& mount : ban.mounts) json.text(mount);
  json.end_array();
  json.key("until");
  if (ban.until == 0)
    json.null();
  else
    json.number(ban.until);
  json.key("over").boolean(ban.until != 0 && ban.until <= unix_seconds(context.now));
  json.key("reason").text(ban.reason);
  json.key("by").text(ban.by);
  json.key("kick").boolean(ban.kick);
  if (revision != 0) json.key("revision").text(std::to_string(revision));
  json.end_object();
}

void take_match(BodyFields& fields, std::vector<ProblemFault>& faults, Ban& ban) {
  const Json given = fields.take("match");
  BodyFields match(given, faults, fields.pointer("match"));
  std::size_t words = 0;
  for (const BanKind kind :
       {BanKind::kAddress, BanKind::kNetwork, BanKind::kUser, BanKind::kCountry}) {
    const auto value = match.text(ban_word(kind), 255);
    if (!value) continue;
    ++words;
    ban.kind = kind;
    ban.value = *value;
    if (auto fault = ban_fault(kind, ban.value); !fault.empty())
      match.fault(ban_word(kind), std::move(fault));
  }
  match.finish();
  if (words != 1 && faults.empty())
    fields.fault("match", "one of address, network, user and country is needed");
}

// Whether the caller could not undo it.
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
  Planned plan;
  plan.answer.body = json.take() + "\n";
  plan.answer.revision = row->revision;
  return plan;
}

Plan create_ban(const PlanContext& context) {
  std::vector<ProblemFault> faults;
  BodyFields fields(context.request.json, faults);
  Ban ban;
  ban.id = new_id(context.world.random);
  ban.by = context.who.name;
  take_match(fields, faults, ban);
  if (auto mounts = fields.texts("mounts", 64, 255)) ban.mounts = *std::move(mounts);
  for (const std::string& mount : ban.mounts)
    if (!mount.starts_with('/'))
      fields.fault("mounts", cat({"\"", mount, "\" does not begin with /"}));
  ban.until = static_cast<std::int64_t>(fields.number("until", 0, 1'000'000'000'000).value_or(0));
  if (ban.until != 0 && ban.until <= unix_seconds(context.now))
    fields.fault("until", "the time is over");
  ban.reason = fields.text("reason", 500).value_or("");
  ban.kick = fields.boolean("kick").value_or(true);
  if (faults.empty() && shuts_out_everybody(ban)) fields.fault("match", std::string(kEverybodyOut));
  if (faults.empty() && shuts_out_caller(context, ban))
    fields.fault("match", cat({"it would shut out ", context.who.ip, ", which asks for it"}));
  fields.finish();
  if (!faults.empty()) return invalid(std::move(faults));
  Planned plan;
  const std::string key = record_key("bans", ban.id);
  put_record(plan, key, ban_json(ban), 0);
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
  Planned plan;
  const std::string key = record_key("bans", id);
  delete_record(plan, key, row->revision);
  plan.answer.status = 204;
  plan.deed =
      ApiDeed{"delete", key, {{std::string(ban_word(row->value.kind)), row->value.value, ""}}};
  return plan;
}

}  // namespace lb
