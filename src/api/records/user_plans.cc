#include <algorithm>
#include <utility>

#include "api/records/record_plans.h"
#include "api/request/answer.h"
#include "api/request/list_page.h"
#include "api/request/password_fields.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"
#include "auth/login/user_fields.h"
#include "auth/password/password_hash.h"
#include "base/cat.h"
#include "base/strings.h"
#include "config/settings/config.h"

namespace lb {
namespace {

// password: a generated one, shown once.
void write_user(JsonWriter& json, const User& user, std::uint64_t revision,
                std::string password = {}) {
  write_answer<kUserFields, kShownPassword, kRevision>(
      json, user, ShownPassword{!user.hash.empty(), std::move(password)}, AnswerRevision{revision});
}

std::string user_body(const User& user, std::uint64_t revision, std::string password = {}) {
  JsonWriter json;
  write_user(json, user, revision, std::move(password));
  return json.take() + "\n";
}

bool is_own(const PlanContext& context, std::string_view name) {
  return context.who.name == name && context.who.via != "token";
}

bool sees_user(const ApiCaller& caller, const User& user) {
  return caller.role == Role::kAdmin || user.name == caller.name ||
         (caller.role == Role::kOwner && sees_account(caller, user.account));
}

// Null if the user does not exist or the caller must not see it.
const BookRow<User>* seen_user(const PlanContext& context) {
  const auto* row = context.book.user(context.request.names.at(0));
  return row != nullptr && sees_user(context.who, row->value) ? row : nullptr;
}

Problem no_user(const PlanContext& context) {
  const std::string& name = context.request.names.at(0);
  if (name == context.file.authentication.admin_user && context.who.role == Role::kAdmin)
    return Problem{ProblemName::kInFile, cat({"user ", name, " is <admin-user> of the file"})};
  return not_found("user", name);
}

std::string given_or_new(const PlanContext& context, std::optional<std::string>& given) {
  return given ? *std::move(given) : new_password(context.world.random);
}

// A random password cannot be guessed, so a fast hash is enough.
std::optional<std::string> hashed(const PlanContext& context, const std::string& password,
                                  bool generated) {
  return context.world.hash(generated ? HashMethod::kSha512 : best_hash_method(), password);
}

Problem no_hash() {
  return Problem{ProblemName::kOverloaded, "the password cannot be hashed on this machine"};
}

// Names that the server itself gives to logins of mounts, relays and nodes.
bool is_server_name(const Config& file, std::string_view name) {
  return name == "source" || name == file.authentication.relay_user ||
         std::any_of(file.cluster.nodes.begin(), file.cluster.nodes.end(),
                     [name](const ClusterNode& node) { return node.id == name; });
}

std::vector<ApiDeed::Change> user_changes(const User& before, const User& after) {
  std::vector<ApiDeed::Change> changes;
  const auto note = [&changes](std::string field, std::string old, std::string now) {
    if (old != now) changes.push_back({std::move(field), std::move(old), std::move(now)});
  };
  note("role", std::string(to_text(before.role)), std::string(to_text(after.role)));
  note("account", before.account, after.account);
  note("mounts", listed(before.mounts), listed(after.mounts));
  note("disabled", before.disabled ? "true" : "false", after.disabled ? "true" : "false");
  note("addresses", before.addresses ? "true" : "false", after.addresses ? "true" : "false");
  if (before.hash != after.hash) changes.push_back({"password", "***", "***"});
  return changes;
}

// The time is above each epoch that was ever used, also by an earlier user of this name or before
// the store was restored from a backup: sessions of those stay ended.
void end_sessions_of(User& user, const PlanContext& context) {
  user.epoch = std::max(user.epoch + 1, static_cast<std::uint64_t>(unix_ms(context.now)));
}

}  // namespace

Plan list_users(const PlanContext& context) {
  return list_rows(
      context, context.book.users(), [&](const User& user) { return sees_user(context.who, user); },
      [](JsonWriter& json, const BookRow<User>& row) {
        write_user(json, row.value, row.revision);
      });
}

Plan read_user(const PlanContext& context) {
  const auto* row = seen_user(context);
  if (row == nullptr) return no_user(context);
  JsonWriter json;
  write_user(json, row->value, row->revision);
  return answered(json, row->revision);
}

Plan create_user(const PlanContext& context) {
  std::vector<JsonFault> faults;
  ObjectReader body(context.request.json, Form::kNew, faults);
  User user;
  GivenPassword given;
  body.take(kUserFields, user).take(kPasswordFields, given).finish();
  complete_rights(body, context, user);
  if (context.who.role != Role::kAdmin && is_server_name(context.file, user.name))
    body.wrong("name", "only an administrator gives this name, which encoders or nodes have too");
  const bool generated = !given.password;
  const std::string password = given_or_new(context, given.password);
  if (!faults.empty()) return invalid(std::move(faults));
  if (auto problem = judge_login(context, user)) return *std::move(problem);
  if (user.name == context.file.authentication.admin_user)
    return Problem{ProblemName::kInFile, cat({"user ", user.name, " is <admin-user> of the file"})};
  const std::string key = record_key("users", user.name);
  if (context.book.revision_of(key) != 0)
    return Problem{ProblemName::kExists, cat({"user ", user.name, " exists already"})};
  if (auto problem = judge_space(context, user, nullptr)) return *std::move(problem);
  auto hash = hashed(context, password, generated);
  if (!hash) return no_hash();
  user.hash = *std::move(hash);
  user.epoch = 0;
  end_sessions_of(user, context);  // of an earlier user of this name
  Planned plan;
  plan.write.put(key, user_json(user), 0);
  if (!user.account.empty()) hold_account(plan, context, user.account);
  plan.answer = {201, user_body(user, 0, generated ? password : ""), 0, "/api/v1/" + key};
  plan.deed = ApiDeed{"create", key, user_changes(User(), user), user.account};
  return plan;
}

Plan change_user(const PlanContext& context) {
  const auto* row = seen_user(context);
  if (row == nullptr) return no_user(context);
  if (auto problem = judge_login(context, row->value)) return *std::move(problem);
  if (auto problem = judge_if_match(context.request, row->revision)) return *std::move(problem);
  std::vector<JsonFault> faults;
  ObjectReader body(context.request.json, Form::kChange, faults);
  User user = row->value;
  body.take(kUserFields, user).finish();
  complete_rights(body, context, user);
  if (!faults.empty()) return invalid(std::move(faults));
  if (auto problem = judge_login(context, user)) return *std::move(problem);
  if (auto problem = judge_space(context, user, &row->value)) return *std::move(problem);
  Planned plan;
  const std::uint64_t revision = user == row->value ? row->revision : 0;
  plan.answer = {200, user_body(user, revision), revision, {}};
  if (revision != 0) return plan;
  end_sessions_of(user, context);  // they have the old rights
  const std::string key = record_key("users", user.name);
  plan.write.put(key, user_json(user), row->revision);
  const bool grows =
      user.account != row->value.account || user.mounts.size() > row->value.mounts.size();
  if (!user.account.empty() && grows) hold_account(plan, context, user.account);
  plan.deed = ApiDeed{"change", key, user_changes(row->value, user)};
  return plan;
}

Plan delete_user(const PlanContext& context) {
  const auto* row = seen_user(context);
  if (row == nullptr) return no_user(context);
  if (auto problem = judge_login(context, row->value)) return *std::move(problem);
  if (auto problem = judge_if_match(context.request, row->revision)) return *std::move(problem);
  return deleted(record_key("users", row->value.name), row->revision);
}

Plan set_user_password(const PlanContext& context) {
  const auto* row = seen_user(context);
  if (row == nullptr) return no_user(context);
  const bool own = is_own(context, row->value.name);
  if (!own)
    if (auto problem = judge_login(context, row->value)) return *std::move(problem);
  if (auto problem = judge_if_match(context.request, row->revision)) return *std::move(problem);
  std::vector<JsonFault> faults;
  GivenPassword given;
  ObjectReader(context.request.json, Form::kChange, faults).take(kPasswordFields, given).finish();
  const bool generated = !given.password;
  const std::string password = given_or_new(context, given.password);
  if (!faults.empty()) return invalid(std::move(faults));
  if (own && (!given.old || !context.world.matches(row->value.hash, *given.old)))
    return forbidden("the old password is needed, and \"old\" is wrong");
  User user = row->value;
  auto hash = hashed(context, password, generated);
  if (!hash) return no_hash();
  user.hash = *std::move(hash);
  end_sessions_of(user, context);
  Planned plan;
  const std::string key = record_key("users", user.name);
  plan.write.put(key, user_json(user), row->revision);
  plan.answer = {200, user_body(user, 0, generated ? password : ""), 0, {}};
  plan.deed = ApiDeed{"password", key, {}};
  return plan;
}

Plan end_user_sessions(const PlanContext& context) {
  const auto* row = seen_user(context);
  if (row == nullptr) return no_user(context);
  if (!is_own(context, row->value.name))
    if (auto problem = judge_login(context, row->value)) return *std::move(problem);
  if (auto problem = judge_if_match(context.request, row->revision)) return *std::move(problem);
  User user = row->value;
  end_sessions_of(user, context);
  const std::string key = record_key("users", user.name);
  Planned plan = done({"log out everywhere", key, {}});
  plan.write.put(key, user_json(user), row->revision);
  return plan;
}

}  // namespace lb
