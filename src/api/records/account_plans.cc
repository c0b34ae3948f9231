#include <string_view>
#include <utility>
#include <variant>

#include "api/records/account_usage.h"
#include "api/records/record_plans.h"
#include "api/request/account_fields.h"
#include "api/request/answer.h"
#include "api/request/list_page.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/strings.h"

namespace lb {
namespace {

// A write to a store has 64 operations, and each deleted record takes two.
constexpr std::size_t kDeletedAtOnce = 24;

// The bytes of recordings of the account's mounts at this server.
std::uint64_t recorded_bytes(const PlanContext& context, std::string_view account) {
  std::uint64_t bytes = 0;
  for (const auto& [name, row] : context.book.mounts())
    if (row->value.account == account) bytes += context.world.recorded_bytes(name);
  return bytes;
}

// Whether ?mounts= has this word.  Another one must not be ignored.
std::variant<bool, Problem> asks_mounts(const PlanContext& context, std::string_view word) {
  const auto given = query_param(context.request.query, "mounts");
  if (given && *given != word)
    return wrong_parameter("mounts", cat({"mounts=", given->substr(0, 80), " is not ", word}));
  return given.has_value();
}

void write_account(JsonWriter& json, const PlanContext& context, const Account& account,
                   std::uint64_t revision) {
  const QuotaUse use = quota_use(context.book, account.id);
  AccountNow now{{use.listeners, use.bitrate, use.mounts, use.storage, {}, {}},
                 recorded_bytes(context, account.id)};
  if (const MonthUsage* const usage = month_usage_of(context, account.id)) {
    now.used.hours = usage->hours();
    now.used.transfer = usage->bytes;
  }
  write_answer<kAccountFields, kAccountNow, kRevision>(json, account, now,
                                                       AnswerRevision{revision});
}

std::string account_body(const PlanContext& context, const Account& account,
                         std::uint64_t revision) {
  JsonWriter json;
  write_account(json, context, account, revision);
  return json.take() + "\n";
}

// The value as text: "5", "none", "1" for true.
std::string shown(const Field<AccountQuota, ObjectReader>& row, const AccountQuota& quota) {
  JsonWriter json;
  json.begin_object();
  row.write(json, row, quota, Form::kAnswer);
  json.end_object();
  const Json value = Json::parse(json.take())->at(row.name);
  if (value.is_null()) return "none";
  return std::to_string(value.boolean() ? std::uint64_t{*value.boolean()} : *value.u64());
}

std::vector<ApiDeed::Change> account_changes(const Account& before, const Account& after) {
  std::vector<ApiDeed::Change> changes;
  const auto note = [&changes](std::string field, std::string old, std::string now) {
    if (old != now) changes.push_back({std::move(field), std::move(old), std::move(now)});
  };
  note("name", before.name, after.name);
  note("state", before.suspended ? "suspended" : "active",
       after.suspended ? "suspended" : "active");
  for (const auto& row : kQuotaFields)
    note(cat({"quota/", row.name}), shown(row, before.quota), shown(row, after.quota));
  return changes;
}

template <class T>
void delete_those_of(Planned& plan, const RecordBook::Rows<T>& rows, std::string_view family,
                     const std::string& account) {
  for (const auto& [name, row] : rows) {
    if (row->value.account != account) continue;
    if (plan.write.deletes.size() >= kDeletedAtOnce) {
      plan.again = true;
      return;
    }
    plan.write.remove(record_key(family, name), row->revision);
  }
}

template <class T>
std::size_t count_of(const RecordBook::Rows<T>& rows, const std::string& account) {
  std::size_t count = 0;
  for (const auto& [name, row] : rows) count += row->value.account == account ? 1 : 0;
  return count;
}

}  // namespace

QuotaUse quota_use(const RecordBook& book, std::string_view account, std::string_view without) {
  QuotaUse use = book.quota_use(account);
  const auto* row = book.mount(without);
  if (row == nullptr || row->value.account != account) return use;
  use.count(quota_use(row->value), false);
  return use;
}

Plan list_accounts(const PlanContext& context) {
  return list_rows(
      context, context.book.accounts(),
      [&](const Account& account) { return sees_account(context.who, account.id); },
      [&](JsonWriter& json, const BookRow<Account>& row) {
        write_account(json, context, row.value, row.revision);
      });
}

Plan read_account(const PlanContext& context) {
  const std::string& id = context.request.names.at(0);
  const auto* row = context.book.account(id);
  // A login without access gets the same answer as for a missing account.
  if (row == nullptr || !sees_account(context.who, id)) return not_found("account", id);
  JsonWriter json;
  write_account(json, context, row->value, row->revision);
  return answered(json, row->revision);
}

Plan create_account(const PlanContext& context) {
  std::vector<JsonFault> faults;
  ObjectReader body(context.request.json, Form::kNew, faults);
  Account account;
  body.take(kAccountFields, account).finish();
  if (!body.has("name")) account.name = account.id;
  if (!faults.empty()) return invalid(std::move(faults));
  const std::string key = record_key("accounts", account.id);
  if (context.book.revision_of(key) != 0)
    return Problem{ProblemName::kExists, cat({"account ", account.id, " exists already"})};
  // Records left behind by an earlier version or a manual edit must not get rights in the new
  // account.  A store restored from its nodes' copies has mounts but no accounts.
  const std::size_t mounts = count_of(context.book.mounts(), account.id);
  const std::size_t stations = count_of(context.book.stations(), account.id);
  const std::size_t logins =
      count_of(context.book.users(), account.id) + count_of(context.book.tokens(), account.id);
  const auto keeps = asks_mounts(context, "keep");
  if (const auto* problem = std::get_if<Problem>(&keeps)) return *problem;
  if (logins > 0 || (mounts + stations > 0 && !std::get<bool>(keeps)))
    return Problem{ProblemName::kNotEmpty,
                   cat({"there is no account ", account.id, ", but ", mounts, " mounts, ", stations,
                        " stations and ", logins,
                        " users and tokens name it; they have to be deleted, or given to another "
                        "account, first; ?mounts=keep leaves it the mounts and stations"})};
  // With mounts that were kept, it is the account that had them.
  if (mounts + stations == 0) account.made_ms = unix_ms(context.now);
  Planned plan;
  plan.write.put(key, account_json(account), 0);
  plan.answer = {201, account_body(context, account, 0), 0, "/api/v1/accounts/" + account.id};
  plan.deed = ApiDeed{"create", key, account_changes(Account(), account), account.id};
  return plan;
}

Plan change_account(const PlanContext& context) {
  const std::string& id = context.request.names.at(0);
  const auto* row = context.book.account(id);
  if (row == nullptr) return not_found("account", id);
  if (auto problem = judge_if_match(context.request, row->revision)) return *std::move(problem);
  std::vector<JsonFault> faults;
  Account account = row->value;
  ObjectReader(context.request.json, Form::kChange, faults).take(kAccountFields, account).finish();
  if (!faults.empty()) return invalid(std::move(faults));
  Planned plan;
  const std::uint64_t revision = account == row->value ? row->revision : 0;
  plan.answer = {200, account_body(context, account, revision), revision, {}};
  if (revision != 0) return plan;
  const std::string key = record_key("accounts", id);
  plan.write.put(key, account_json(account), row->revision);
  plan.deed = ApiDeed{"change", key, account_changes(row->value, account)};
  return plan;
}

Plan delete_account(const PlanContext& context) {
  const std::string& id = context.request.names.at(0);
  const auto* row = context.book.account(id);
  if (row == nullptr) return not_found("account", id);
  if (auto problem = judge_if_match(context.request, row->revision)) return *std::move(problem);
  const auto all = asks_mounts(context, "delete");
  if (const auto* problem = std::get_if<Problem>(&all)) return *problem;
  const std::size_t mounts = count_of(context.book.mounts(), id);
  const std::size_t logins =
      count_of(context.book.users(), id) + count_of(context.book.tokens(), id);
  if (!std::get<bool>(all) && mounts + logins > 0)
    return Problem{ProblemName::kNotEmpty,
                   cat({"account ", id, " has ", mounts, " mounts and ", logins,
                        " users and tokens; ?mounts=delete deletes them with it"})};
  Planned plan;
  delete_those_of(plan, context.book.stations(), "stations", id);
  delete_those_of(plan, context.book.mounts(), "mounts", id);
  delete_those_of(plan, context.book.users(), "users", id);
  delete_those_of(plan, context.book.tokens(), "tokens", id);
  plan.answer.status = 204;
  if (plan.again) {
    // The plan runs again if another request has added a record to the account meanwhile.
    hold_account(plan, context, id);
    return plan;
  }
  const std::string key = record_key("accounts", id);
  plan.write.remove(key, row->revision);
  plan.deed = ApiDeed{"delete", key, {}};
  return plan;
}

}  // namespace lb
