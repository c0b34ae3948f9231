// AccountUsage: what the listeners of an account's mounts have used this month (UTC), beside its
// quota: hours listened to, and bytes sent.
//
// What is listened to now is in the hours up to the present; its bytes are known when it ends.
// Thread: month_usage(): that of the audience's database; else plain values, pure functions.
// Source: doc/hosting.md.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/record_book.h"
#include "audience/sqlite.h"
#include "base/clock.h"
#include "config/config.h"

namespace lb {

struct AccountUsage {
  std::uint64_t ms = 0, bytes = 0;
  std::uint64_t hours() const noexcept { return ms / 3'600'000; }
};

// Of the accounts that have a quota of either.
struct UsageBook {
  std::string month;       // "2026-11"
  std::int64_t until = 0;  // its end, in Unix seconds
  std::map<std::string, AccountUsage, std::less<>> used;
  // Those whose hard quota is used up: their mounts take no listener until then.
  std::set<std::string, std::less<>> closed;
};

bool has_usage_quota(const AccountQuota& quota) noexcept;
bool has_usage_quotas(const RecordBook& book);
Result<UsageBook> month_usage(const Config& file, const RecordBook& book, Sqlite& database,
                              WallTime now);

// By account and "hours" or "transfer": 80 or 100 where so much of it is used.
using UsageLevels = std::map<std::pair<std::string, std::string_view>, unsigned>;
UsageLevels usage_levels(const UsageBook& usage, const RecordBook& book);
// The same as a file keeps it; "hours" and "transfer" alone are believed.
std::string usage_levels_text(const std::string& month, const UsageLevels& levels);
UsageLevels parse_usage_levels(std::string_view text, std::string& month);
// A limit that has come to a higher level.
struct UsageNotice {
  std::string account;
  std::string_view what;
  unsigned percent = 0;
};
std::vector<UsageNotice> usage_notices(const UsageLevels& before, const UsageLevels& now);

}  // namespace lb
