// MonthUsage: the use of mounts this month (UTC) for monthly limits, of accounts and of single
// mounts: hours listened to, and bytes sent.
//
// Names of mounts begin with '/', ids of accounts do not, so one map has both.
// Open listenings count hours up to the present; their bytes are known at the end.
// Thread: month_usage(): that of the audience's database; else plain values, pure functions.
// Source: doc/hosting.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/request/usage_share.h"
#include "base/clock.h"
#include "base/result.h"

namespace lb {

struct Config;
struct PlanContext;
class RecordBook;
struct RegistryWrite;
class Sqlite;

// The monthly limits of an account's mounts, or of one mount.
struct MonthLimit {
  std::optional<std::uint64_t> hours, transfer;
  // At 100 percent: new listeners are refused; and the mount is suspended.
  bool closes = false, suspends = false;
};
using MonthLimits = std::map<std::string, MonthLimit, std::less<>>;
inline bool is_mount_name(std::string_view name) noexcept { return name.starts_with('/'); }

// Only names with such a limit.
struct UsageBook {
  std::string month;       // "2026-11"
  std::int64_t until = 0;  // its end, in Unix seconds
  MonthLimits limits;
  std::map<std::string, MonthUsage, std::less<>> used;
  // Used up, so mounts take no listener until then.
  std::set<std::string, std::less<>> closed;

  bool suspends(std::string_view name) const;
};

// Of the records of this server's store and external configuration; on a node of a cluster its
// masters count.
MonthLimits month_limits(const Config& file, const RecordBook& book);
// From this server's database.
Result<UsageBook> month_usage(const Config& file, const RecordBook& book, Sqlite& database,
                              WallTime now);
// No use, as without a database.
UsageBook no_usage(const Config& file, const RecordBook& book, WallTime now);
// The use that is shown; null: it is not known.
const MonthUsage* month_usage_of(const PlanContext& context, std::string_view name);

// -- several masters with one store: each records its own database's use ------------------------
// This server's use plus that of the others.
UsageBook with_shares(UsageBook own, const RecordBook& book, std::string_view self);
// Writes this server's use after relevant changes: a thousandth of a quota, or each change shortly
// before it is used up.  Removes records of earlier months of masters that are gone.
RegistryWrite plan_usage_shares(const UsageBook& own, const RecordBook& book,
                                std::string_view self);

// By name and "hours" or "transfer": 80 or 100 percent used.
using UsageLevels = std::map<std::pair<std::string, std::string_view>, unsigned>;
UsageLevels usage_levels(const UsageBook& usage);
// The same as a file's text; other names than "hours" and "transfer" are ignored.
std::string usage_levels_text(const std::string& month, const UsageLevels& levels);
UsageLevels parse_usage_levels(std::string_view text, std::string& month);
// A limit that has reached a higher level.
struct UsageNotice {
  std::string name;
  std::string_view what;
  unsigned percent = 0;
  bool operator==(const UsageNotice&) const = default;
};
std::vector<UsageNotice> usage_notices(const UsageLevels& before, const UsageLevels& now);

// One of several masters reports a notice: the one whose write of usage/* succeeds, because each
// write compares earlier reports.  Notices that another master has reported leave `claims`; without
// space in the write they wait.
void plan_usage_claims(std::vector<UsageNotice>& claims, const UsageBook& usage,
                       const RecordBook& book, RegistryWrite& write);

}  // namespace lb
