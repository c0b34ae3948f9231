#include "app/operate/plan_turns.h"

#include <vector>

#include "api/api_bench.h"
#include "app/operate/plan_memory.h"
#include "app/operate/record_job.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(PlanTurns) {
  PlanTurns turns;
  std::vector<std::string> begun;

  void plan(const std::string& lane, const std::string& name, bool first = false) {
    turns.plan(lane, first, [this, name] { begun.push_back(name); });
  }
  std::string names() {
    std::string out;
    for (const std::string& name : begun) out += name;
    begun.clear();
    return out;
  }
};

TEST(PlanTurns, ACustomerWaitsBehindItselfOnly) {
  for (int i = 0; i < 1000; ++i) CHECK_EQUAL(i < 32, turns.room().enter("acme"));
  CHECK(turns.room().enter("bolt"));
  turns.room().leave("acme");
  CHECK(turns.room().enter("acme"));
  CHECK(!turns.room().enter("acme"));
}
TEST(PlanTurns, AdministratorsHaveRoomThatNoCustomerTakes) {
  std::size_t customers = 0;
  for (int account = 0; account < 100; ++account)
    for (int i = 0; i < 100; ++i)
      customers += turns.room().enter("a" + std::to_string(account)) ? 1 : 0;
  LONGS_EQUAL(192, customers);
  for (std::size_t i = 0; i < 64; ++i) CHECK(turns.room().enter(""));
  CHECK(!turns.room().enter(""));
  turns.room().leave("a0");
  CHECK(turns.room().enter(""));
}
TEST(PlanTurns, OneOfALanePlansAtATime) {
  for (const char* name : {"1", "2", "3"}) plan("acme", name);
  plan("bolt", "b");
  plan("", "r");
  plan("", "s");
  STRCMP_EQUAL("1brs", names().c_str());
  plan("acme", "0", true);
  turns.planned("");
  turns.planned("bolt");
  STRCMP_EQUAL("", names().c_str());
  for (int i = 0; i < 4; ++i) turns.planned("acme");
  STRCMP_EQUAL("023", names().c_str());
  plan("acme", "4");
  STRCMP_EQUAL("4", names().c_str());
}
TEST(PlanTurns, AnswersOfACustomerAreRememberedUpToABound) {
  SteadyTime now{std::chrono::hours(100)};
  CHECK(turns.remembers("acme", now));
  for (int i = 0; i < 1000; ++i) {
    if (turns.remembers("acme", now)) turns.remembered("acme", 100'000, now);
    turns.remembered("", 100'000, now);
  }
  CHECK(!turns.remembers("acme", now));
  CHECK(turns.remembers("bolt", now));
  CHECK(turns.remembers("", now));
  now += std::chrono::hours(24);
  int more = 0;
  for (; turns.remembers("acme", now); ++more) turns.remembered("acme", 100'000, now);
  CHECK(more >= 160 && more <= 168);
}
TEST(PlanTurns, LinesHaveAdministratorsFirstAndTheLanesByTurns) {
  std::deque<std::shared_ptr<RecordJob>> line;
  for (const char* lane : {"a", "a", "a", "b", "", "b", "c", ""}) {
    auto job = std::make_shared<RecordJob>();
    job->lane = lane;
    put_in_line(line, std::move(job));
  }
  std::string lanes;
  for (const auto& job : line) lanes += job->lane.empty() ? "-" : job->lane;
  STRCMP_EQUAL("--abcaba", lanes.c_str());
}
TEST(PlanTurns, LanesAreAccountsAndLoginsWithoutOne) {
  ApiBench api;
  STRCMP_EQUAL("", lane_of(api.admin).c_str());
  STRCMP_EQUAL("acme", lane_of(api.owner).c_str());
  ApiCaller source = api.operator_, other = source;
  other.mounts = {"/other"};
  CHECK(lane_of(source) != lane_of(other));
  CHECK(!lane_of(api.viewer).empty());
}
TEST(PlanTurns, ALaterPlanOfARequestHashesAndDrawsNothingAnew) {
  int hashes = 0, draws = 0;
  PlanMemory memory;
  std::string first;
  for (int attempt = 0; attempt < 3; ++attempt) {
    ApiWorld world;
    world.random = [&](std::size_t bytes) {
      return std::string(bytes, static_cast<char>('a' + draws++));
    };
    world.hash = [&](HashMethod, const std::string& password) {
      ++hashes;
      return std::optional(password + "#");
    };
    world.matches = [](const std::string& hash, const std::string& password) {
      return hash == password + "#";
    };
    memory.serve(world);
    const std::string drawn = world.random(3) + world.random(5);
    if (first.empty()) first = drawn;
    STRCMP_EQUAL(first.c_str(), drawn.c_str());
    STRCMP_EQUAL("one#", world.hash(HashMethod::kSha512, "one")->c_str());
    STRCMP_EQUAL("two#", world.hash(HashMethod::kSha512, "two")->c_str());
    CHECK(world.matches("one#", "one"));
    CHECK(!world.matches("one#", "two"));
  }
  LONGS_EQUAL(2, hashes);
  LONGS_EQUAL(2, draws);
}
