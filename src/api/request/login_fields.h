// What users and tokens have in common: a role, an account and mounts, and which login may give
// them.
// Thread: pure functions.
#pragma once

#include <string>
#include <vector>

#include "api/request/fields.h"
#include "api/request/plan.h"

namespace lb {

struct LoginFields {
  Role role = Role::kNone;
  std::string account;
  std::vector<std::string> mounts;
};

// Takes role, account and mounts into `login`, which holds what was before.
void take_login(BodyFields& fields, const PlanContext& context, LoginFields& login);
// The caller may give these rights; else why not.
std::optional<Problem> judge_login(const PlanContext& context, const LoginFields& login);
void write_login(JsonWriter& json, const LoginFields& login);
// "/acme/a /acme/b", for the audit log.
std::string joined(const std::vector<std::string>& texts);

}  // namespace lb
