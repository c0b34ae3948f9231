#include "api/account_usage.h"

#include <algorithm>
#include <chrono>

#include "api/mount_answer.h"
#include "api/plan.h"
#include "api/report_order.h"
#include "audience/report.h"
#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::uint64_t kHourOfMs = 3'600'000;

std::chrono::sys_days month_begin(WallTime now, int months_later) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(now));
  return std::chrono::sys_days((day.year() / day.month() + std::chrono::months(months_later)) /
                               std::chrono::day(1));
}

// 0, 80 or 100.  In doubles: bytes times a hundred may have more than 64 bits.
unsigned level_of(std::uint64_t used, std::uint64_t limit) {
  if (used >= limit) return 100;
  return static_cast<double>(used) >= 0.8 * static_cast<double>(limit) ? 80 : 0;
}

}  // namespace

bool has_usage_quota(const AccountQuota& quota) noexcept {
  return quota.hours.has_value() || quota.transfer.has_value();
}

bool has_usage_quotas(const RecordBook& book) {
  return std::any_of(book.accounts().begin(), book.accounts().end(),
                     [](const auto& row) { return has_usage_quota(row.second->value.quota); });
}

Result<UsageBook> month_usage(const Config& file, const RecordBook& book, Sqlite& database,
                              WallTime now) {
  UsageBook usage;
  usage.month = report_month(unix_seconds(now), TimeZone(), 0).name;
  usage.until = unix_seconds(month_begin(now, 1));
  for (const auto& [id, row] : book.accounts())
    if (has_usage_quota(row->value.quota)) usage.used[id];
  AudienceReport report(database, unix_ms(now));
  const auto mounts = report.mounts();
  if (!mounts) return mounts.error();
  const ApiRequest request;
  const ApiCaller who;
  const ApiWorld world;
  const PlanContext context{request, who, book, file, world, now};
  AudienceReport::Mounts limited;
  std::map<std::int64_t, std::string> accounts;
  for (const auto& [id, name] : *mounts) {
    std::string account = account_of_mount(context, name);
    if (!usage.used.contains(account)) continue;
    limited.emplace(id, name);
    accounts[id] = std::move(account);
  }
  const std::int64_t from = unix_ms(month_begin(now, 0));
  const auto sums = report.periods(limited, {from, usage.until * 1000},
                                   [](std::int64_t) { return std::int64_t{0}; });
  if (!sums) return sums.error();
  for (const auto& [of, sum] : *sums) {
    AccountUsage& used = usage.used[accounts[of.first]];
    used.ms += static_cast<std::uint64_t>(std::max<std::int64_t>(sum.ms, 0));
    used.bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(sum.bytes, 0));
  }
  for (const auto& [of, level] : usage_levels(usage, book))
    if (level == 100 && book.account(of.first)->value.quota.hard) usage.closed.insert(of.first);
  return usage;
}

UsageLevels usage_levels(const UsageBook& usage, const RecordBook& book) {
  UsageLevels levels;
  for (const auto& [id, used] : usage.used) {
    const auto* row = book.account(id);
    if (row == nullptr) continue;
    const AccountQuota& quota = row->value.quota;
    if (quota.hours) levels[{id, "hours"}] = level_of(used.ms, *quota.hours * kHourOfMs);
    if (quota.transfer) levels[{id, "transfer"}] = level_of(used.bytes, *quota.transfer);
  }
  return levels;
}

std::vector<UsageNotice> usage_notices(const UsageLevels& before, const UsageLevels& now) {
  std::vector<UsageNotice> notices;
  for (const auto& [of, level] : now) {
    const auto was = before.find(of);
    if (level > (was == before.end() ? 0 : was->second))
      notices.push_back({of.first, of.second, level});
  }
  return notices;
}

// "2026-11", then "80 hours acme" a line.
std::string usage_levels_text(const std::string& month, const UsageLevels& levels) {
  std::string text = month + "\n";
  for (const auto& [of, level] : levels)
    if (level > 0) text += cat({level, " ", of.second, " ", of.first, "\n"});
  return text;
}

UsageLevels parse_usage_levels(std::string_view text, std::string& month) {
  UsageLevels levels;
  month.clear();
  for (const std::string_view line : split(text, '\n')) {
    if (month.empty()) {
      month = line;
      continue;
    }
    const auto parts = split(line, ' ');
    if (parts.size() != 3) continue;
    const auto level = parse_u64(parts[0]);
    for (const std::string_view what : {std::string_view("hours"), std::string_view("transfer")})
      if (level && *level <= 100 && parts[1] == what)
        levels[{std::string(parts[2]), what}] = static_cast<unsigned>(*level);
  }
  return levels;
}

}  // namespace lb
