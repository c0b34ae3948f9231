#include "api/request/login_fields.h"

#include <utility>

#include "api/request/rights.h"
#include "base/cat.h"

namespace lb {

void take_login(BodyFields& fields, const PlanContext& context, LoginFields& login) {
  if (const auto word = fields.text("role", 20)) {
    if (const auto role = parse_role(*word))
      login.role = *role;
    else
      fields.fault("role", "viewer, operator, owner or admin is needed");
  } else if (login.role == Role::kNone && !fields.has("role")) {
    fields.fault("role", "it is needed: viewer, operator, owner or admin");
  }
  if (auto account = fields.text("account", 63)) {
    login.account = *std::move(account);
    if (!login.account.empty() && context.book.account(login.account) == nullptr)
      fields.fault("account", "there is no account " + login.account);
  } else if (login.account.empty() && !fields.has("account")) {
    login.account = context.who.account;
  }
  if (auto mounts = fields.texts("mounts", 1000, 255)) {
    for (const std::string& mount : *mounts)
      if (!mount.starts_with('/'))
        fields.fault("mounts", cat({"\"", mount, "\" does not begin with /"}));
    login.mounts = *std::move(mounts);
  }
  if (login.role == Role::kOwner && login.account.empty())
    fields.fault("account", "an owner needs an account");
}

std::optional<Problem> judge_login(const PlanContext& context, const LoginFields& login) {
  if (context.who.role == Role::kAdmin) return std::nullopt;
  if (!changes_account_of(context.who, login.account))
    return forbidden("an owner has the users and tokens of its own account only");
  if (login.role > context.who.role) return forbidden("an owner gives no rights above its own");
  if (!scope_of(context.who).covers({login.role, login.account, login.mounts}))
    return forbidden("this login has some mounts of its account only, and gives no others: " +
                     joined(context.who.mounts));
  return std::nullopt;
}

void write_login(JsonWriter& json, const LoginFields& login) {
  json.key("role").text(to_text(login.role));
  json.key("account");
  if (login.account.empty())
    json.null();
  else
    json.text(login.account);
  json.key("mounts").begin_array();
  for (const std::string& mount : login.mounts) json.text(mount);
  json.end_array();
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : " ") + text;
  return out;
}

}  // namespace lb
