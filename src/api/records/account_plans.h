// The plans of /api/v1/accounts.
// Thread: pure functions.
#pragma once

#include "api/request/plan.h"

namespace lb {

struct QuotaUse;

// What the mounts of an account have of its quota, but for one, "" for none.
QuotaUse quota_use(const RecordBook& book, std::string_view account, std::string_view without = {});

Plan list_accounts(const PlanContext& context);
Plan read_account(const PlanContext& context);
Plan create_account(const PlanContext& context);
Plan change_account(const PlanContext& context);
// ?mounts=delete: with its mounts, users and tokens.
Plan delete_account(const PlanContext& context);

}  // namespace lb
