// The plans of /api/v1/accounts.
// Thread: pure functions.
#pragma once

#include "api/plan.h"

namespace lb {

// What the mounts of an account have of its quota.
struct QuotaUse {
  std::uint64_t mounts = 0, listeners = 0, bitrate = 0, storage = 0;
};
// without: a mount that is not counted, "" for none.
QuotaUse quota_use(const RecordBook& book, std::string_view account, std::string_view without = {});

Plan list_accounts(const PlanContext& context);
Plan read_account(const PlanContext& context);
Plan create_account(const PlanContext& context);
Plan change_account(const PlanContext& context);
// ?mounts=delete: with its mounts, users and tokens.
Plan delete_account(const PlanContext& context);

}  // namespace lb
