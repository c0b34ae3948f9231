// AccountUsage: what the listeners of an account's mounts have used this month (UTC), beside its
// quota: hours listened to, and bytes sent.
//
// What is listened to now is in the hours up to the present; its bytes are known when it ends.
// Thread: month_usage(): that of the audience's database; else plain values, pure functions.
// Source: doc/hosting.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/request/usage_share.h"
#include "base/clock.h"
#include "base/result.h"

namespace lb {

struct AccountQuota;
struct Config;
class RecordBook;
struct RegistryWrite;
class Sqlite;

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
// Of the database of this server.
Result<UsageBook> month_usage(const Config& file, const RecordBook& book, Sqlite& database,
                              WallTime now);
// Nothing used, as where there is no database.
UsageBook no_usage(const RecordBook& book, WallTime now);

// -- several masters with one store: each writes down what its database has ----------------------
// What this server has counted, with what the others have.
UsageBook with_shares(UsageBook own, const RecordBook& book, std::string_view self);
// Writes what this server has counted where that is news: a thousandth of a quota, or each change
// shortly before it is used up.  Of masters that are gone, records of earlier months go.
RegistryWrite plan_usage_shares(const UsageBook& own, const RecordBook& book,
                                std::string_view self);

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
  bool operator==(const UsageNotice&) const = default;
};
std::vector<UsageNotice> usage_notices(const UsageLevels& before, const UsageLevels& now);

// Of several masters one tells: the one whose write of usage/* is done, since each write compares
// what was told before.  What another one has told already leaves `claims`; where the write has no
// room they wait.
void plan_usage_claims(std::vector<UsageNotice>& claims, const std::string& month,
                       const RecordBook& book, RegistryWrite& write);

}  // namespace lb
