// What a logout writes into the store, and what is removed of it.
#include "api/records/ended_plans.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "api/request/request.h"
#include "auth/login/session_records.h"
#include "base/cat.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(EndedPlans) {
  static constexpr std::int64_t kNow = 1000;
  RegistryContent content;
  std::vector<EndedLogin> waiting;

  // In the store since revision: the later, the higher.
  void has(const std::string& sid, const std::string& user, std::int64_t until = 2000) {
    content.records.push_back(
        {ended_record_name(sid), ended_record(user, until), ++content.revision});
  }
  std::shared_ptr<const RecordBook> book() const {
    std::vector<std::string> complaints;
    auto made = RecordBook::make(content, complaints);
    LONGS_EQUAL(0, complaints.size());
    return made;
  }
  EndedPlan plan() const { return plan_ended(waiting, *book(), kNow); }
  // As a store that takes it; how many writes it were until nothing was left to do.
  int carry_out() {
    for (int writes = 0;; ++writes) {
      const EndedPlan next = plan();
      LONGS_EQUAL(0, next.write.compares.size());
      STRCMP_EQUAL("", registry_fault(next.write).c_str());
      waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(next.taken));
      if (next.write.puts.empty() && next.write.deletes.empty()) return writes;
      const std::set<std::string> gone(next.write.deletes.begin(), next.write.deletes.end());
      std::erase_if(content.records,
                    [&](const RegistryRecord& record) { return gone.contains(record.key); });
      ++content.revision;
      for (const auto& [key, value] : next.write.puts)
        content.records.push_back({key, value, content.revision});
    }
  }
  static std::string registry_fault(const RegistryWrite& write) {
    std::set<std::string> keys(write.deletes.begin(), write.deletes.end());
    for (const auto& [key, value] : write.puts) keys.insert(key);
    for (const std::string& key : keys)
      if (!is_registry_key(key)) return key;
    const std::size_t all = write.puts.size() + write.deletes.size();
    if (keys.size() != all) return "a key twice";
    return all > Registry::kWriteOperations ? "too many operations" : "";
  }
  bool keeps(const std::string& sid) const { return book()->ended().contains(sid); }
  std::size_t of(const std::string& user) const {
    const auto all = book();
    return static_cast<std::size_t>(
        std::count_if(all->ended().begin(), all->ended().end(),
                      [&](const auto& row) { return row.second->value.user == user; }));
  }
};

TEST(EndedPlans, ALogoutIsWrittenOnceWithItsEnd) {
  waiting = {{"a-_", "anna", 2000}, {"a-_", "anna", 2000}};
  const EndedPlan first = plan();
  LONGS_EQUAL(2, first.taken);
  LONGS_EQUAL(1, first.write.puts.size());
  STRCMP_EQUAL("ended/a-_", first.write.puts[0].first.c_str());
  STRCMP_EQUAL(R"({"user":"anna","until":2000})", first.write.puts[0].second.c_str());
  LONGS_EQUAL(1, carry_out());
  waiting = {{"a-_", "anna", 2000}};
  LONGS_EQUAL(0, carry_out());
  CHECK(waiting.empty());
}
TEST(EndedPlans, WhatIsPastIsRemovedAndNotWritten) {
  has("old", "anna", kNow);
  has("new", "anna", kNow + 1);
  waiting = {{"late", "anna", kNow}};
  LONGS_EQUAL(1, carry_out());
  CHECK(!keeps("old") && keeps("new") && !keeps("late"));
}
TEST(EndedPlans, WithNothingToDoNothingIsWritten) {
  has("a", "anna");
  LONGS_EQUAL(0, carry_out());
}
TEST(EndedPlans, OneUserHasItsBoundAndTakesNothingFromOthers) {
  has("first", "bert");
  for (int i = 0; i < 300; ++i) waiting.push_back({"a" + std::to_string(i), "anna", 2000});
  carry_out();
  LONGS_EQUAL(kMaxEndedOfUser, of("anna"));
  CHECK(keeps("first") && keeps("a299") && !keeps("a0"));
  has("newest", "bert");
  for (int i = 300; i < 5000; ++i) waiting.push_back({"a" + std::to_string(i), "anna", 2000});
  carry_out();
  LONGS_EQUAL(kMaxEndedOfUser, of("anna"));
  LONGS_EQUAL(2, of("bert"));
  CHECK(keeps("a4999"));
}
TEST(EndedPlans, OfTooManyTheOldestGo) {
  for (std::size_t i = 0; i < kMaxEndedLogins; ++i)
    has("s" + std::to_string(i), "u" + std::to_string(i));
  waiting = {{"x", "anna", 2000}, {"y", "bert", 2000}};
  const EndedPlan next = plan();
  LONGS_EQUAL(2, next.dropped);
  carry_out();
  LONGS_EQUAL(kMaxEndedLogins, book()->ended().size());
  CHECK(!keeps("s0") && !keeps("s1") && keeps("s2") && keeps("x") && keeps("y"));
}
TEST(EndedPlans, NoAccountDisplacesTheRecordsOfOthers) {
  for (int i = 0; i < 20; ++i) {
    User user;
    user.name = cat({"u", i});
    user.role = Role::kViewer;
    user.account = "acme";
    content.records.push_back(
        {record_key("users", user.name), user_json(user), ++content.revision});
  }
  for (int i = 0; i < 100; ++i) has("b" + std::to_string(i), "bert");
  // Nearly all that there may be are there already: each write is a plan over all of them.
  constexpr std::size_t kBefore = kMaxEndedOfUser * 3 / 4;
  for (int user = 0; user < 20; ++user)
    for (std::size_t i = 0; i < kMaxEndedOfUser; ++i) {
      const std::string sid = cat({"a", user, "-", i}), name = cat({"u", user});
      if (i < kBefore)
        has(sid, name);
      else
        waiting.push_back({sid, name, 2000});
    }
  carry_out();
  LONGS_EQUAL(100, of("bert"));
  LONGS_EQUAL(kMaxEndedLogins, book()->ended().size());
}
TEST(EndedPlans, WhatIsPastIsNoReasonToDropWhatIsNot) {
  for (std::size_t i = 0; i < kMaxEndedOfUser; ++i) has("p" + std::to_string(i), "anna", kNow);
  has("kept", "anna");
  waiting = {{"x", "anna", 2000}};
  LONGS_EQUAL(0, plan().dropped);
  carry_out();
  CHECK(keeps("kept") && keeps("x"));
  LONGS_EQUAL(2, book()->ended().size());
}
