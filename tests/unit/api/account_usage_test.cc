// What accounts have used this month, at which share of a quota one is told, and what closes them.
#include "api/records/account_usage.h"

#include <string>

#include "api/request/record_book.h"
#include "audience/database.h"
#include "audience/merge.h"
#include "audience/report.h"
#include "config/mounts/mount_record.h"
#include "config/settings/config.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kFirst = 1'793'491'200'000;  // 2026-11-01 00:00 UTC, in ms
constexpr std::int64_t kHour = 3'600'000;

std::string mount(const std::string& name, const std::string& account,
                  const RecordLimits& limits = {}) {
  MountRecord record;
  record.mount = name;
  record.account = account;
  record.limits = limits;
  return mount_record_xml(record);
}

}  // namespace

TEST_GROUP(AccountUsage) {
  std::unique_ptr<Sqlite> database = *open_audience_database(":memory:");
  AudienceMerge merge{*database, std::chrono::seconds(60)};
  Config config;
  std::uint64_t number = 0;
  RecordLimits limits_of_b, limits_of_f;

  void setup() override { config.store.type = StoreType::kFiles; }

  std::shared_ptr<const RecordBook> book(const std::string& quota) {
    RegistryContent content;
    content.revision = 9;
    content.records = {
        {"accounts/acme", R"({"name":"Acme","quota":)" + quota + "}", 3},
        {"accounts/free", R"({"name":"Free"})", 4},
        {"mounts/%2Fa", mount("/a", "acme"), 5},
        {"mounts/%2Fb", mount("/b", "acme", limits_of_b), 6},
        {"mounts/%2Ff", mount("/f", "free", limits_of_f), 7},
    };
    std::vector<std::string> complaints;
    auto made = RecordBook::make(content, complaints);
    if (!complaints.empty()) FAIL(complaints.front().c_str());
    return made;
  }
  // heard_ms of 0: it goes on.
  void listens(const std::string& mount, std::int64_t at, std::int64_t heard_ms,
               std::uint64_t bytes = 1'000'000) {
    ListeningBegun row;
    row.at_ms = at;
    row.who = 100 + number;
    row.mount = mount;
    const std::uint64_t begun = ++number;
    std::vector<JournalRow> rows{{begun, row}};
    if (heard_ms > 0)
      rows.push_back({++number, ListeningEnded{begun, at + heard_ms, bytes, false}});
    CHECK(merge.take("n1", {"epoch", rows}).has_value());
  }
  UsageBook usage(const std::string& quota, std::int64_t now = kFirst + 240 * kHour) {
    auto made =
        month_usage(config, *book(quota), *database, WallTime(std::chrono::milliseconds(now)));
    if (!made) FAIL(made.error().what.c_str());
    return with_shares(*made, *book(quota), "m1");
  }
  // The same where others have counted too: m2 and m3, in this order.
  std::shared_ptr<const RecordBook> shared(const std::string& quota,
                                           const std::vector<RegistryRecord>& records) {
    std::vector<std::string> complaints;
    RegistryChange change;
    change.set = records;
    change.revision = 20;
    auto made = book(quota)->after(change, complaints);
    if (!complaints.empty()) FAIL(complaints.front().c_str());
    return made;
  }
};

TEST(AccountUsage, TheMonthHasTheSumOfTheAccountsMounts) {
  listens("/a", kFirst - kHour, 2 * kHour, 2'000'000);  // half of it in October
  listens("/b", kFirst + 5 * kHour, 3 * kHour, 3'000'000);
  listens("/f", kFirst + 5 * kHour, 9 * kHour);
  listens("/unknown", kFirst + 5 * kHour, 9 * kHour);
  const UsageBook now = usage(R"({"hours":5})");
  STRCMP_EQUAL("2026-11", now.month.c_str());
  LONGS_EQUAL(kFirst / 1000 + 30 * 86'400, now.until);
  LONGS_EQUAL(1, now.used.size());
  LONGS_EQUAL(4 * kHour, now.used.find("acme")->second.ms);
  LONGS_EQUAL(4'000'000, now.used.find("acme")->second.bytes);
  const UsageBook october = usage(R"({"hours":5})", kFirst - 1);
  STRCMP_EQUAL("2026-10", october.month.c_str());
  LONGS_EQUAL(kHour, october.used.find("acme")->second.ms);
  LONGS_EQUAL(0, usage(R"({"hours":5})", kFirst + 31 * 24 * kHour).used.find("acme")->second.ms);
  LONGS_EQUAL(0, usage("{}").used.size());
}
TEST(AccountUsage, WhatIsListenedToNowCounts) {
  listens("/a", kFirst + kHour, 0);
  LONGS_EQUAL(2 * kHour, usage(R"({"hours":5})", kFirst + 3 * kHour).used.find("acme")->second.ms);
}
TEST(AccountUsage, AHardQuotaThatIsUsedUpClosesTheAccount) {
  listens("/a", kFirst, 4 * kHour, 4'000'000);
  CHECK(usage(R"({"hours":5,"hard":true})").closed.empty());
  CHECK(usage(R"({"hours":4})").closed.empty());
  CHECK(usage(R"({"hours":4,"hard":true})").closed.contains("acme"));
  CHECK(usage(R"({"hours":0,"hard":true})").closed.contains("acme"));
  CHECK(usage(R"({"transfer":4000000,"hours":5,"hard":true})").closed.contains("acme"));
  CHECK(usage(R"({"transfer":4000001,"hours":5,"hard":true})").closed.empty());
}
TEST(AccountUsage, EachLimitIsToldAtEightyAndAtAHundredPercent) {
  UsageLevels told;
  const auto notices = [&](const std::string& quota) {
    std::string text;
    const UsageLevels now = usage_levels(usage(quota));
    for (const UsageNotice& notice : usage_notices(told, now))
      text += std::string(notice.what) + " " + std::to_string(notice.percent) + ";";
    told = now;
    return text;
  };
  const std::string quota = R"({"hours":10,"transfer":20000000})";
  listens("/a", kFirst, 8 * kHour - 1, 1'000'000);
  STRCMP_EQUAL("", notices(quota).c_str());
  listens("/a", kFirst + 20 * kHour, 10'000, 1'000'000);
  STRCMP_EQUAL("hours 80;", notices(quota).c_str());
  STRCMP_EQUAL("", notices(quota).c_str());
  listens("/b", kFirst + 30 * kHour, 3 * kHour, 18'000'000);
  STRCMP_EQUAL("hours 100;transfer 100;", notices(quota).c_str());
  STRCMP_EQUAL("", notices(R"({"hours":100})").c_str());           // raised, …
  STRCMP_EQUAL("hours 100;", notices(R"({"hours":11})").c_str());  // … and lowered
  // Far more than 64 bits are needed for none of it.
  STRCMP_EQUAL("", notices(R"({"hours":1000000000,"transfer":1000000000000000})").c_str());
}

TEST(AccountUsage, WhatOtherMastersCountedIsAdded) {
  listens("/a", kFirst, 4 * kHour, 4'000'000);
  const std::string quota = R"({"hours":5,"hard":true})";
  const UsageBook own = *month_usage(config, *book(quota), *database,
                                     WallTime(std::chrono::milliseconds(kFirst + 9 * kHour)));
  const auto share = [](const std::string& month, std::int64_t ms) {
    return usage_share_json(
        {month, {{"acme", {static_cast<std::uint64_t>(ms), 7}}, {"gone", {1, 1}}}});
  };
  const auto now = shared(quota, {{"usage/m1/0", share("2026-11", 3 * kHour), 10},
                                  {"usage/m2/0", share("2026-11", kHour - 1), 11},
                                  {"usage/m3/0", share("2026-10", 9 * kHour), 12}});
  const UsageBook sum = with_shares(own, *now, "m1");
  LONGS_EQUAL(5 * kHour - 1, sum.used.find("acme")->second.ms);
  LONGS_EQUAL(4'000'007, sum.used.find("acme")->second.bytes);
  CHECK(sum.closed.empty());
  // With one more it is used up.
  const auto later = shared(quota, {{"usage/m2/0", share("2026-11", kHour), 13}});
  CHECK(with_shares(own, *later, "m1").closed.contains("acme"));
  // What is written is what this server has; of another month than the last one that of others
  // goes.
  const RegistryWrite write = plan_usage_shares(own, *now, "m1");
  LONGS_EQUAL(1, write.puts.size());
  STRCMP_EQUAL("usage/m1/0", write.puts[0].first.c_str());
  LONGS_EQUAL(10, write.compares[0].revision);
  STRCMP_EQUAL(R"({"month":"2026-11","used":{"acme":{"ms":14400000,"bytes":4000000}}})",
               write.puts[0].second.c_str());
  LONGS_EQUAL(1, write.deletes.size());
  STRCMP_EQUAL("usage/m3/0", write.deletes[0].c_str());
}
TEST(AccountUsage, OnlyNewsAreWrittenForOthers) {
  const auto written = [this](const std::string& quota, std::int64_t before, std::int64_t now) {
    UsageBook own = no_usage(config, *book(quota), WallTime(std::chrono::milliseconds(kFirst)));
    own.used["acme"].ms = static_cast<std::uint64_t>(before);
    const RegistryWrite first = plan_usage_shares(own, *book(quota), "m/1");
    LONGS_EQUAL(1, first.puts.size());
    const auto kept = shared(quota, {{first.puts[0].first, first.puts[0].second, 5}});
    own.used["acme"].ms = static_cast<std::uint64_t>(now);
    return !plan_usage_shares(own, *kept, "m/1").puts.empty();
  };
  const std::string quota = R"({"hours":1000})";
  CHECK_FALSE(written(quota, kHour, kHour));
  CHECK_FALSE(written(quota, kHour, 2 * kHour - 1));
  CHECK(written(quota, kHour, 2 * kHour));
  CHECK(written(quota, 995 * kHour, 995 * kHour + 1));    // shortly before the end of it
  CHECK(written(quota, 1000 * kHour - 1, 1000 * kHour));  // and at the end
  CHECK_FALSE(written(quota, 1100 * kHour, 1100 * kHour + 1));
  CHECK(written(quota, 1100 * kHour, 900 * kHour));  // rows were deleted
  CHECK_FALSE(written(R"({"hours":0})", kHour, kHour + 1));
  CHECK(written(R"({"hours":0})", kHour, 2 * kHour));
}
// Whoever writes it down first; the other one finds it in the record that it would have written.
TEST(AccountUsage, OfSeveralMastersOneTells) {
  const auto claim = [this](const RecordBook& records, std::vector<UsageNotice>& claims,
                            const std::string& month = "2026-11") {
    RegistryWrite write;
    UsageBook month_now;
    month_now.month = month;
    month_now.limits = month_limits(config, records);
    plan_usage_claims(claims, month_now, records, write);
    CHECK_EQUAL(write.puts.size(), write.compares.size());
    return write;
  };
  const std::string quota = R"({"hours":5,"transfer":9})";
  const auto before = book(quota);
  const std::vector<UsageNotice> both{{"acme", "hours", 80}, {"acme", "transfer", 100}};
  std::vector<UsageNotice> first = both, second = both;
  const RegistryWrite one = claim(*before, first), other = claim(*before, second);
  LONGS_EQUAL(1, one.puts.size());
  STRCMP_EQUAL(one.puts[0].first.c_str(), other.puts[0].first.c_str());
  CHECK(is_registry_key(one.puts[0].first));
  LONGS_EQUAL(0, one.compares[0].revision);  // so one of both writes fails
  CHECK(first == both);
  const auto after = shared(quota, {{one.puts[0].first, one.puts[0].second, 21}});
  LONGS_EQUAL(0, claim(*after, second).puts.size());
  CHECK(second.empty());
  // Nor does it count as used.
  LONGS_EQUAL(0, with_shares(no_usage(config, *after, WallTime(std::chrono::milliseconds(kFirst))),
                             *after, "m1")
                     .used.find("acme")
                     ->second.ms);
  // A higher level, another limit and another month are told again; an account that is gone is not.
  std::vector<UsageNotice> higher{{"acme", "hours", 100}, {"gone", "hours", 100}};
  const RegistryWrite more = claim(*after, higher);
  LONGS_EQUAL(21, more.compares[0].revision);
  LONGS_EQUAL(1, higher.size());
  const auto told = parse_usage_share(more.puts[0].second);
  LONGS_EQUAL(100, told->told.at({"acme", "hours"}).percent);
  LONGS_EQUAL(9, told->told.at({"acme", "transfer"}).limit);
  std::vector<UsageNotice> again{{"acme", "hours", 80}};
  const auto raised =
      shared(R"({"hours":6,"transfer":9})", {{one.puts[0].first, one.puts[0].second, 21}});
  LONGS_EQUAL(1, claim(*raised, again).puts.size());
  again = both;
  LONGS_EQUAL(1, claim(*after, again, "2026-12").puts.size());
  const WallTime later(std::chrono::milliseconds(kFirst + 40 * 24 * kHour));
  LONGS_EQUAL(0, plan_usage_shares(no_usage(config, *after, later), *after, "m1").deletes.size());
  LONGS_EQUAL(2, again.size());
}
TEST(AccountUsage, AShareThatIsNoneIsLeftOut) {
  for (const std::string text :
       {"", "{}", R"({"month":"2026"})", R"({"month":"2026-11","used":{"a":{"ms":-1,"bytes":0}}})",
        R"({"month":"2026-11","used":{"a":7}})",
        R"({"month":"2026-11","used":{"a":{"ms":18446744073709551615,"bytes":0}}})"})
    CHECK_FALSE(parse_usage_share(text).has_value());
  LONGS_EQUAL(0, parse_usage_share(R"({"month":"2026-11"})")->used.size());
}

// A month of listenings that end, go on over midnight and over its ends, in any order of two nodes.
TEST(AccountUsage, AMonthIsTheSumOfItsSessions) {
  const auto records = book(R"({"hours":1000000})");
  std::uint64_t state = 7;
  const auto below = [&state](std::uint64_t most) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % most;
  };
  const std::int64_t month = 30 * 24 * kHour;
  std::uint64_t ms = 0, bytes = 0;
  for (int n = 0; n < 5'000; ++n) {
    const std::int64_t at = kFirst - 6 * kHour +
                            static_cast<std::int64_t>(below(month / 1000 + 12 * 3600)) * 1000 +
                            n % 1000;
    const auto heard = static_cast<std::int64_t>(5'000 + below(4 * kHour));
    const std::uint64_t got = static_cast<std::uint64_t>(heard) * 16;
    const bool ours = n % 3 != 0;
    listens(ours ? (n % 2 == 0 ? "/a" : "/b") : "/f", at, heard, got);
    const std::int64_t inside = std::min(at + heard, kFirst + month) - std::max(at, kFirst);
    if (!ours || inside <= 0) continue;
    ms += static_cast<std::uint64_t>(inside);
    bytes += got * static_cast<std::uint64_t>(inside) / static_cast<std::uint64_t>(heard);
  }
  const auto usage = month_usage(config, *records, *database,
                                 WallTime(std::chrono::milliseconds(kFirst + month - 1)));
  CHECK(usage.has_value());
  const MonthUsage& used = usage->used.find("acme")->second;
  DOUBLES_EQUAL(static_cast<double>(ms), static_cast<double>(used.ms),
                0.001 * static_cast<double>(ms));
  DOUBLES_EQUAL(static_cast<double>(bytes), static_cast<double>(used.bytes),
                0.001 * static_cast<double>(bytes));
}

TEST(AccountUsage, AMountWithALimitIsCountedBesideItsAccount) {
  limits_of_b.listening_hours = 3;
  limits_of_b.transfer = 3'000'000;
  limits_of_f.listening_hours = 100;
  listens("/a", kFirst, 2 * kHour, 2'000'000);
  listens("/b", kFirst + 5 * kHour, 3 * kHour, 1'000'000);
  listens("/f", kFirst + 5 * kHour, kHour);
  const UsageBook now = usage(R"({"hours":10})");
  CHECK_EQUAL(3u, now.used.size());  // and none of the account without a quota
  CHECK_EQUAL(5u, now.used.at("acme").hours());
  CHECK_EQUAL(3u, now.used.at("/b").hours());
  CHECK_EQUAL(1'000'000u, now.used.at("/b").bytes);
  CHECK_EQUAL(1u, now.used.at("/f").hours());
  const UsageLevels levels = usage_levels(now);
  CHECK_EQUAL(100u, levels.at({"/b", "hours"}));
  CHECK_EQUAL(0u, levels.at({"/b", "transfer"}));
  CHECK_EQUAL(0u, levels.at({"acme", "hours"}));
  CHECK(now.closed.empty());  // its account's quota is not hard
  CHECK_EQUAL(2u, usage("{}").used.size());
}
TEST(AccountUsage, AMountsLimitClosesTheMountAsItOrItsAccountSays) {
  limits_of_b.listening_hours = 3;
  listens("/b", kFirst, 3 * kHour);
  const std::string hard = R"({"hours":100,"hard":true})", soft = R"({"hours":100})";
  const auto closed = [&](OnQuota then, const std::string& quota) {
    limits_of_b.on_quota = then;
    const UsageBook now = usage(quota);
    std::string text;
    for (const std::string& name : now.closed) text += name + (now.suspends(name) ? "!" : "");
    return text;
  };
  STRCMP_EQUAL("/b", closed(OnQuota::kAccount, hard).c_str());
  STRCMP_EQUAL("", closed(OnQuota::kAccount, soft).c_str());
  STRCMP_EQUAL("", closed(OnQuota::kEventsOnly, hard).c_str());
  STRCMP_EQUAL("/b", closed(OnQuota::kRefuseNew, soft).c_str());
  STRCMP_EQUAL("/b!", closed(OnQuota::kSuspend, soft).c_str());
  limits_of_b.listening_hours = 4;
  STRCMP_EQUAL("", closed(OnQuota::kSuspend, soft).c_str());
  limits_of_b.listening_hours = 0;
  STRCMP_EQUAL("/b", closed(OnQuota::kRefuseNew, soft).c_str());
}
TEST(AccountUsage, LimitsThatAnotherServerCountsAreLeftToIt) {
  limits_of_b.listening_hours = 0;
  CHECK_EQUAL(1u, month_limits(config, *book("{}")).size());
  // The file hides the record.
  Config with_section = config;
  MountSettings section;
  section.name = "/b";
  with_section.mounts.push_back(section);
  CHECK(month_limits(with_section, *book("{}")).empty());
  // A node has the records of its masters.
  config.store.type = StoreType::kNone;
  CHECK(month_limits(config, *book("{}")).empty());
}
TEST(AccountUsage, AMountOfABackendIsCountedAtTheServerThatAsksTheBackend) {
  MountRecord record;
  record.limits.transfer = 1'000'000;
  record.limits.on_quota = OnQuota::kRefuseNew;
  const auto put = [&](const std::string& name, bool of_master) {
    record.mount = name;
    record.of_master = of_master;
    config.book.layers.external.set(name, std::make_shared<const MountRecord>(record));
  };
  put("/e", false);
  put("/m", true);
  put("/b", false);  // the store's record hides it
  listens("/e", kFirst, kHour, 1'000'000);
  listens("/m", kFirst, kHour, 1'000'000);
  const UsageBook now = usage("{}");
  CHECK_EQUAL(1u, now.limits.size());
  CHECK_EQUAL(1'000'000u, now.used.at("/e").bytes);
  CHECK(now.closed.contains("/e"));
}
TEST(AccountUsage, MastersShareTheUseOfAMount) {
  limits_of_b.listening_hours = 5;
  limits_of_b.on_quota = OnQuota::kRefuseNew;
  listens("/b", kFirst, 4 * kHour);
  const UsageBook own = *month_usage(config, *book("{}"), *database,
                                     WallTime(std::chrono::milliseconds(kFirst + 9 * kHour)));
  const auto records = shared(
      "{}", {{"usage/m2/0", usage_share_json({"2026-11", {{"/b", {1 * kHour, 7}}}, {}}), 11}});
  CHECK(with_shares(own, *records, "m1").closed.contains("/b"));
  const RegistryWrite write = plan_usage_shares(own, *records, "m1");
  CHECK_EQUAL(1u, write.puts.size());
  CHECK_EQUAL(4u, parse_usage_share(write.puts[0].second)->used.at("/b").hours());
  UsageBook month_now = own;
  std::vector<UsageNotice> claims{{"/b", "hours", 100}, {"/gone", "hours", 100}};
  RegistryWrite claimed;
  plan_usage_claims(claims, month_now, *records, claimed);
  CHECK_EQUAL(1u, claims.size());
  CHECK_EQUAL(1u, claimed.puts.size());
}

TEST(AccountUsage, AMountThatIsDeletedStaysInTheUseOfItsAccount) {
  const auto before = book(R"({"hours":100})");
  listens("/a", kFirst, kHour);
  listens("/f", kFirst, kHour);
  const WallTime now(std::chrono::milliseconds(kFirst + 5 * kHour));
  const auto hours_of = [&](const RecordBook& records) {
    const auto usage = month_usage(config, records, *database, now);
    if (!usage) FAIL(usage.error().what.c_str());
    const auto used = usage->used.find("acme");
    return used == usage->used.end() ? ~std::uint64_t{0} : used->second.hours();
  };
  CHECK_EQUAL(1u, hours_of(*before));
  std::vector<std::string> complaints;
  RegistryChange change;
  change.revision = 10;
  change.deleted = {"mounts/%2Fa"};
  const auto without = before->after(change, complaints);
  CHECK_EQUAL(1u, hours_of(*without));
  CHECK_EQUAL(1u, hours_of(*without));
  change.deleted = {"accounts/acme"};
  static_cast<void>(hours_of(*without->after(change, complaints)));
  CHECK_EQUAL(0u, hours_of(*without));  // an account that is made anew has no past
  CHECK_EQUAL(1u, hours_of(*before));
  change.deleted = {};
  change.set = {{"mounts/%2Fa", mount("/a", "free"), 10}};
  // Another account has it now: the hour before remains that of the former one.
  CHECK_EQUAL(1u, hours_of(*without->after(change, complaints)));
}

TEST(AccountUsage, AnHourIsThatOfTheAccountThatHadTheMount) {
  listens("/a", kFirst, 2 * kHour);
  std::vector<std::string> complaints;
  const WallTime now(std::chrono::milliseconds(kFirst + 9 * kHour));
  auto records = book(R"({"hours":100})");
  const auto hours = [&](const std::string& account) {
    const auto usage = month_usage(config, *records, *database, now);
    if (!usage) FAIL(usage.error().what.c_str());
    const auto used = usage->used.find(account);
    return used == usage->used.end() ? ~std::uint64_t{0} : used->second.hours();
  };
  const auto made_by = [&](const std::string& account, std::int64_t at_ms) {
    MountRecord record;
    record.mount = "/a";
    record.account = account;
    record.made = at_ms / 1000;
    RegistryChange change;
    change.revision = records->revision() + 1;
    change.set = {{"accounts/free", R"({"name":"Free","quota":{"hours":9}})", change.revision},
                  {"mounts/%2Fa", mount_record_xml(record), change.revision}};
    records = records->after(change, complaints);
  };
  CHECK_EQUAL(2u, hours("acme"));
  made_by("free", kFirst + 4 * kHour);
  listens("/a", kFirst + 4 * kHour, 3 * kHour);
  CHECK_EQUAL(2u, hours("acme"));
  CHECK_EQUAL(3u, hours("free"));
  made_by("acme", kFirst + 8 * kHour);
  CHECK_EQUAL(2u, hours("acme"));
  CHECK_EQUAL(3u, hours("free"));
  listens("/a", kFirst + 8 * kHour, kHour);
  CHECK_EQUAL(3u, hours("acme"));
  CHECK_EQUAL(3u, hours("free"));
}

TEST(AccountUsage, WhoHadAMountIsKeptBeyondTheMonth) {
  listens("/a", kFirst, kHour);
  auto records = book(R"({"hours":100})");
  std::vector<std::string> complaints;
  const auto count = [&](std::int64_t hour) {
    const auto usage = month_usage(config, *records, *database,
                                   WallTime(std::chrono::milliseconds(kFirst + hour * kHour)));
    CHECK(usage.has_value());
  };
  const auto change = [&](decltype(RegistryChange::set) set, std::vector<std::string> deleted) {
    RegistryChange next;
    next.revision = records->revision() + 1;
    next.set = std::move(set);
    next.deleted = std::move(deleted);
    records = records->after(next, complaints);
  };
  count(2);
  MountRecord record;
  record.mount = "/a";
  record.account = "free";
  record.made = (kFirst + 3 * kHour) / 1000;
  change({{"mounts/%2Fa", mount_record_xml(record), 10}}, {});
  count(4);
  AudienceReport report(*database, kFirst);
  const auto before = report.kept_before();
  CHECK_EQUAL(1u, before.size());
  CHECK_EQUAL(kFirst + 3 * kHour, before.begin()->first.second);
  STRCMP_EQUAL("acme", before.begin()->second.c_str());
  count(24 * 40);
  CHECK(before == report.kept_before());
  // The time of an account that is gone stays without one, also if its name comes back.
  change({}, {"accounts/acme"});
  count(24 * 41);
  CHECK_EQUAL(1u, report.kept_before().size());
  STRCMP_EQUAL("", report.kept_before().begin()->second.c_str());
}
TEST(AccountUsage, SinceWhenAMountIsOfItsAccountIsKept) {
  listens("/a", kFirst, kHour);
  MountRecord record;
  record.mount = "/a";
  record.made = kFirst / 1000;
  std::vector<std::string> complaints;
  const WallTime now(std::chrono::milliseconds(kFirst + 5 * kHour));
  AudienceReport report(*database, kFirst + 5 * kHour);
  auto records = book(R"({"hours":100})");
  const auto change = [&](decltype(RegistryChange::set) set, std::vector<std::string> deleted) {
    RegistryChange next;
    next.revision = 10;
    next.set = std::move(set);
    next.deleted = std::move(deleted);
    records = records->after(next, complaints);
    CHECK(month_usage(config, *records, *database, now).has_value());
    const auto since = report.kept_since();
    CHECK_EQUAL(1u, since.size());
    return since.begin()->second;
  };
  const auto made_by = [&](const std::string& account) {
    record.account = account;
    record.made += 60;
    return change({{"mounts/%2Fa", mount_record_xml(record), 10}}, {});
  };
  // What was heard before any account had the name is not another one's.
  CHECK_EQUAL(0, made_by("acme"));
  CHECK_EQUAL(0, change({}, {"mounts/%2Fa"}));
  CHECK_EQUAL(0, made_by("acme"));
  const std::int64_t of_free = made_by("free");
  CHECK_EQUAL(record.made * 1000, of_free);
  CHECK_EQUAL(of_free, change({}, {"mounts/%2Fa"}));
  CHECK_EQUAL(of_free, made_by("free"));
  // Nor does one that is gone leave it to the next.
  CHECK_EQUAL(of_free, change({}, {"mounts/%2Fa", "accounts/free"}));
  const std::int64_t of_acme = made_by("acme");
  CHECK_EQUAL(record.made * 1000, of_acme);
  const auto number_of_a = report.kept_since().begin()->first;
  CHECK(report.was_heard_before(number_of_a, of_acme));
  CHECK(!report.was_heard_before(number_of_a, kFirst));
}
TEST(AccountUsage, WhatWasToldComesBackFromItsFile) {
  const UsageLevels told{{{"acme", "hours"}, 80},
                         {{"acme", "transfer"}, 0},
                         {{"b.c", "transfer"}, 100},
                         {{"/a radio%\xc3\xbc.mp3", "hours"}, 100}};
  std::string month;
  const UsageLevels kept = parse_usage_levels(usage_levels_text("2026-11", told), month);
  STRCMP_EQUAL("2026-11", month.c_str());
  CHECK_EQUAL(3u, kept.size());
  CHECK_EQUAL(100u, kept.at({"/a radio%\xc3\xbc.mp3", "hours"}));
  CHECK_EQUAL(80u, kept.at({"acme", "hours"}));
  CHECK(usage_notices(kept, told).empty());
  CHECK(parse_usage_levels("2026-11\n101 hours x\n80 else y\n80 hours\n\n\xff", month).empty());
}
