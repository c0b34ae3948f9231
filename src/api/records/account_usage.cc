#include "api/records/account_usage.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "api/records/mount_answer.h"
#include "api/request/plan.h"
#include "api/request/record_book.h"
#include "audience/report.h"
#include "audience/report_month.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::uint64_t kHourOfMs = 3'600'000;

std::chrono::sys_days month_begin(WallTime now, int months_later) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(now));
  return std::chrono::sys_days((day.year() / day.month() + std::chrono::months(months_later)) /
                               std::chrono::day(1));
}

// Returns 0, 80 or 100.  A product of bytes and 100 may exceed 64 bits, so this uses doubles.
unsigned level_of(std::uint64_t used, std::uint64_t limit) {
  if (used >= limit) return 100;
  return static_cast<double>(used) >= 0.8 * static_cast<double>(limit) ? 80 : 0;
}

std::string_view master_of_share(std::string_view name) { return name.substr(0, name.rfind('/')); }

std::string share_key(std::string_view master, std::uint64_t part) {
  return cat({"usage/", percent_encode(master, false), "/", part});
}

constexpr std::string_view kToldName = "*";
constexpr unsigned kToldParts = 32;

// The record of the events sent for a name; all masters derive the record's name from it.
std::string told_part(std::string_view name) {
  unsigned sum = 0;
  for (const char c : name) sum += static_cast<unsigned char>(c);
  return cat({kToldName, "/", std::uint64_t{sum % kToldParts}});
}

constexpr std::uint64_t kNewsPart = 1000, kShortlyPart = 100;

// A change is written if it is a thousandth of the quota, or if at most a hundredth of the quota is
// left.  Above the quota an hour is too little.
bool is_news_of(std::uint64_t before, std::uint64_t now, std::uint64_t all, std::uint64_t limit) {
  if (now <= before) return now < before;
  const std::uint64_t more = now - before, told = all - more, step = limit / kNewsPart;
  if (told >= limit) return more >= std::max(step, kHourOfMs);
  return more >= step || all >= limit - limit / kShortlyPart;
}

bool is_news(const UsageShare& before, const UsageShare& now, const UsageBook& all) {
  if (before.month != now.month) return true;
  for (const auto& [name, used] : now.used) {
    const auto was = before.used.find(name);
    if (was == before.used.end()) return true;
    const auto row = all.limits.find(name);
    const auto sum = all.used.find(name);
    if (row == all.limits.end() || sum == all.used.end()) continue;
    const MonthLimit& limit = row->second;
    if ((limit.hours &&
         is_news_of(was->second.ms, used.ms, sum->second.ms, *limit.hours * kHourOfMs)) ||
        (limit.transfer &&
         is_news_of(was->second.bytes, used.bytes, sum->second.bytes, *limit.transfer)))
      return true;
  }
  return false;
}

bool is_limited(const MountRecord& record) noexcept {
  return record.limits.listening_hours >= 0 || record.limits.transfer >= 0;
}

void add_limit(MonthLimits& limits, const MountRecord& record, const RecordBook& book) {
  const auto of = [](std::int64_t limit) {
    return limit < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(limit));
  };
  MonthLimit limit{of(record.limits.listening_hours), of(record.limits.transfer)};
  const auto* account = book.account(record.account);
  const OnQuota then = record.limits.on_quota;
  limit.suspends = then == OnQuota::kSuspend;
  limit.closes = limit.suspends || then == OnQuota::kRefuseNew ||
                 (then == OnQuota::kAccount && account != nullptr && account->value.quota.hard);
  limits.emplace(record.mount, limit);
}

// Adds the accounts that have lost a mount since the last count: when another account's record was
// made, or now, if the mount has no account.
void note_former(const AudienceReport::Mounts& kept, const AudienceReport::Mounts& accounts,
                 const AudienceReport::Since& since, WallTime now, AudienceReport::Before& before) {
  for (const auto& [id, account] : kept) {
    const auto present = accounts.find(id);
    if (present != accounts.end() && present->second == account) continue;
    const std::int64_t made = present == accounts.end() ? 0 : since.at(id);
    before[{id, made > 0 ? made : unix_ms(now)}] = account;
  }
}

// Leaves of former accounts what tells them apart: one that is gone has no name, which a later
// account may have, and of adjacent ones without a difference the last stays.
void forget_gone(const RecordBook& book, MountTenures& tenures) {
  auto& before = tenures.before;
  for (auto& [key, account] : before)
    if (book.account(account) == nullptr) account.clear();
  std::erase_if(before, [&tenures](const auto& one) {
    const auto since = tenures.since.find(one.first.first);
    return one.second.empty() && tenures.accounts.contains(one.first.first) &&
           since != tenures.since.end() && one.first.second > since->second;
  });
  for (auto at = before.begin(); at != before.end();) {
    const auto next = std::next(at);
    const bool is_same =
        next != before.end() && next->first.first == at->first.first && next->second == at->second;
    at = is_same ? before.erase(at) : next;
  }
}

// Adds a month's hours and bytes of these mounts to their accounts', and to the mounts' own.
Result<void> charge(AudienceReport& report, const AudienceReport::Mounts& mounts,
                    const MountTenures& tenures, AudienceRange month, UsageBook& usage) {
  // Mounts of one account are read as one sum, the others by quarters of an hour.
  AudienceReport::Mounts whole, parted;
  for (const auto& [id, name] : mounts) {
    if (tenures.are_parted(id, month.from))
      parted.emplace(id, name);
    else if (usage.used.contains(tenures.at(id, month.from)) || usage.used.contains(name))
      whole.emplace(id, name);
  }
  const auto add = [&usage](std::string_view name, const AudienceSum& sum) {
    if (const auto used = usage.used.find(name); used != usage.used.end())
      used->second += {static_cast<std::uint64_t>(std::max<std::int64_t>(sum.ms, 0)),
                       static_cast<std::uint64_t>(std::max<std::int64_t>(sum.bytes, 0))};
  };
  const auto read = report.periods(
      whole, month, [](std::int64_t) { return std::int64_t{0}; },
      [&](std::int64_t id, std::int64_t, const AudienceSum& sum) {
        add(tenures.at(id, month.from), sum);
        add(whole.at(id), sum);
        return true;
      });
  if (!read || parted.empty()) return read;
  return report.periods(
      parted, month, [](std::int64_t quarter) { return quarter; },
      [&](std::int64_t id, std::int64_t quarter, const AudienceSum& sum) {
        add(tenures.at(id, quarter * kQuarterMs), sum);
        if (!tenures.are_parted(id, quarter * kQuarterMs)) add(parted.at(id), sum);
        return true;
      });
}

}  // namespace

bool UsageBook::suspends(std::string_view name) const {
  const auto row = limits.find(name);
  return row != limits.end() && row->second.suspends && closed.contains(name);
}

MonthLimits month_limits(const Config& file, const RecordBook& book) {
  MonthLimits limits;
  for (const auto& [id, row] : book.accounts())
    if (const AccountQuota& quota = row->value.quota; quota.hours || quota.transfer)
      limits[id] = {quota.hours, quota.transfer, quota.hard, false};
  // A node has its masters' records, and they count.
  if (file.store.type != StoreType::kNone)
    for (const auto& [name, row] : book.mounts())
      if (is_limited(row->value) && file_section(file, name) == nullptr)
        add_limit(limits, row->value, book);
  for (const auto& [name, record] : file.book.layers.external)
    if (is_limited(*record) && !record->of_master && book.mount(name) == nullptr &&
        file_section(file, name) == nullptr)
      add_limit(limits, *record, book);
  return limits;
}

UsageBook no_usage(const Config& file, const RecordBook& book, WallTime now) {
  UsageBook usage;
  usage.month = report_month(unix_seconds(now), TimeZone(), 0).name;
  usage.until = unix_seconds(month_begin(now, 1));
  usage.limits = month_limits(file, book);
  for (const auto& [name, limit] : usage.limits) usage.used[name];
  return usage;
}

Result<UsageBook> month_usage(const Config& file, const RecordBook& book, Sqlite& database,
                              WallTime now) {
  UsageBook usage = no_usage(file, book, now);
  AudienceReport report(database, unix_ms(now));
  const auto mounts = report.mounts();
  if (!mounts) return mounts.error();
  const ApiRequest request;
  const ApiCaller who;
  const ApiWorld world;
  const PlanContext context{request, who, book, file, world, now};
  MountTenures tenures;
  auto& [accounts, since, before] = tenures;
  const AudienceReport::Mounts kept = report.kept_accounts();
  const AudienceReport::Since kept_since = report.kept_since();
  for (const auto& [id, name] : *mounts) {
    std::string account = account_of_mount(context, name, id, kept);
    if (const auto at = kept_since.find(id); account.empty() && at != kept_since.end())
      since.insert(*at);  // of an account that is gone
    if (account.empty()) continue;
    since[id] = account_since(context, name, id, kept, kept_since);
    accounts[id] = std::move(account);
  }
  const AudienceRange month{unix_ms(month_begin(now, 0)), usage.until * 1000};
  const AudienceReport::Before kept_before = report.kept_before();
  before = kept_before;
  note_former(kept, accounts, since, now, before);
  forget_gone(book, tenures);
  if (const auto done = report.keep_before(kept_before, before); !done) return done.error();
  if (const auto done = report.keep_since(kept_since, since); !done) return done.error();
  if (const auto done = report.keep_accounts(kept, accounts); !done) return done.error();
  if (const auto read = charge(report, *mounts, tenures, month, usage); !read) return read.error();
  return usage;
}

const MonthUsage* month_usage_of(const PlanContext& context, std::string_view name) {
  if (!context.world.usage) return nullptr;
  const auto at = context.world.usage->used.find(name);
  return at == context.world.usage->used.end() ? nullptr : &at->second;
}

UsageBook with_shares(UsageBook own, const RecordBook& book, std::string_view self) {
  for (const auto& [name, row] : book.usages()) {
    if (master_of_share(name) == self || row->value.month != own.month) continue;
    for (const auto& [of, used] : row->value.used)
      if (const auto at = own.used.find(of); at != own.used.end()) at->second += used;
  }
  for (const auto& [of, level] : usage_levels(own))
    if (level == 100 && own.limits.at(of.first).closes) own.closed.insert(of.first);
  return own;
}

RegistryWrite plan_usage_shares(const UsageBook& own, const RecordBook& book,
                                std::string_view self) {
  RegistryWrite write;
  const UsageBook all = with_shares(own, book, self);
  std::vector<UsageShare> parts;
  for (const auto& [of, used] : own.used) {
    if (used == MonthUsage()) continue;
    if (parts.empty() || parts.back().used.size() == UsageShare::kNamesOfPart)
      parts.push_back({own.month, {}});
    parts.back().used[of] = used;
  }
  const auto room = [&write] { return write.compares.size() < Registry::kWriteOperations; };
  for (std::size_t i = 0; i < parts.size() && room(); ++i) {
    const std::string name = cat({self, "/", i});
    const auto before = book.usages().find(name);
    if (before != book.usages().end() && !is_news(before->second->value, parts[i], all)) continue;
    const std::string key = share_key(self, i);
    write.put(key, usage_share_json(parts[i]), book.revision_of(key));
  }
  for (const auto& [name, row] : book.usages()) {
    const std::string_view master = master_of_share(name);
    const auto part = parse_u64(name.substr(std::min(name.size(), master.size() + 1)));
    if (!room() || master == kToldName ||  // the next report overwrites it
        (master == self ? part && *part < parts.size() : !part || row->value.month >= own.month))
      continue;
    const std::string key = part ? share_key(master, *part) : record_key("usage", name);
    if (book.revision_of(key) == 0) continue;
    write.remove(key, book.revision_of(key));
  }
  return write;
}

void plan_usage_claims(std::vector<UsageNotice>& claims, const UsageBook& usage,
                       const RecordBook& book, RegistryWrite& write) {
  const std::string& month = usage.month;
  std::map<std::string, UsageShare> parts;
  std::erase_if(claims, [&](const UsageNotice& claim) {
    const auto row = usage.limits.find(claim.name);
    if (row == usage.limits.end()) return true;
    const auto& limit = claim.what == "hours" ? row->second.hours : row->second.transfer;
    if (!limit) return true;
    const std::string part = told_part(claim.name);
    auto at = parts.find(part);
    if (at == parts.end()) {
      at = parts.emplace(part, UsageShare{month, {}, {}}).first;
      const auto before = book.usages().find(part);
      if (before != book.usages().end() && before->second->value.month == month)
        at->second = before->second->value;
    }
    UsageShare::Told& told = at->second.told[{claim.name, std::string(claim.what)}];
    if (told.limit == *limit && told.percent >= claim.percent) return true;
    told = {claim.percent, *limit};
    return false;
  });
  if (write.compares.size() + parts.size() > Registry::kWriteOperations) return;
  for (const auto& [part, share] : parts) {
    const auto before = book.usages().find(part);
    if (before != book.usages().end() && before->second->value.month == month &&
        before->second->value.told == share.told)
      continue;
    const std::string key =
        cat({"usage/", percent_encode(kToldName, false), part.substr(kToldName.size())});
    write.put(key, usage_share_json(share), book.revision_of(key));
  }
}

UsageLevels usage_levels(const UsageBook& usage) {
  UsageLevels levels;
  for (const auto& [name, limit] : usage.limits) {
    const auto used = usage.used.find(name);
    if (used == usage.used.end()) continue;
    if (limit.hours) levels[{name, "hours"}] = level_of(used->second.ms, *limit.hours * kHourOfMs);
    if (limit.transfer) levels[{name, "transfer"}] = level_of(used->second.bytes, *limit.transfer);
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

// The month in the first line, then a line "80 hours acme" for each level; names are escaped.
std::string usage_levels_text(const std::string& month, const UsageLevels& levels) {
  std::string text = month + "\n";
  for (const auto& [of, level] : levels)
    if (level > 0) text += cat({level, " ", of.second, " ", percent_encode(of.first, true), "\n"});
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
    const auto name = percent_decode(parts[2], false);
    if (!level || *level > 100 || !name) continue;
    for (const std::string_view what : {std::string_view("hours"), std::string_view("transfer")})
      if (parts[1] == what) levels[{*name, what}] = static_cast<unsigned>(*level);
  }
  return levels;
}

}  // namespace lb
