#include "registry/store_writer.h"

#include <chrono>
#include <utility>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

// Keeps what it is asked; the test answers.
struct AskedRegistry final : Registry {
  void load(UniqueFunction<void(Result<RegistryContent>)>) override {}
  void watch(std::uint64_t, UniqueFunction<void(RegistryChange)>) override {}
  void commit(RegistryWrite, UniqueFunction<void(CommitAnswer)> done) override {
    asked.push_back(std::move(done));
  }
  RegistryContent content() const override { return {}; }
  void rest(UniqueFunction<void()>) override {}
  RegistryState state() const override {
    RegistryState now;
    now.up = up;
    return now;
  }
  bool up = true;
  std::vector<UniqueFunction<void(CommitAnswer)>> asked;
};

}  // namespace

TEST_GROUP(StoreWriter) {
  Loop loop{0, system_clock()};
  AskedRegistry registry;
  int to_write = 0, plans = 0, done = 0;
  StoreWriter writer{loop,
                     std::chrono::seconds(0),
                     {[this] {
                        ++plans;
                        RegistryWrite write;
                        if (to_write > 0) write.puts.emplace_back("users/anna", "{}");
                        return write;
                      },
                      [this](const CommitAnswer& answer) {
                        if (answer.result != CommitResult::kDone) return;
                        ++done;
                        --to_write;
                      }}};

  void answer(CommitResult result) {
    CommitAnswer answer;
    answer.result = result;
    auto asked = std::move(registry.asked.back());
    registry.asked.clear();
    asked(std::move(answer));
  }
};

TEST(StoreWriter, WritesOneAfterTheOtherUntilNothingIsLeft) {
  to_write = 2;
  writer.check();  // there is no store yet
  LONGS_EQUAL(0, plans);
  writer.begin(registry);
  writer.check();
  LONGS_EQUAL(1, registry.asked.size());
  answer(CommitResult::kDone);
  LONGS_EQUAL(1, registry.asked.size());
  answer(CommitResult::kDone);
  LONGS_EQUAL(0, registry.asked.size());
  LONGS_EQUAL(2, done);
  LONGS_EQUAL(3, plans);
}

TEST(StoreWriter, PlansAgainAfterAConflictAndWhenTheStoreIsBack) {
  to_write = 1;
  registry.up = false;
  writer.begin(registry);
  LONGS_EQUAL(0, plans);
  registry.up = true;
  loop.run_once(true);
  LONGS_EQUAL(1, plans);
  answer(CommitResult::kConflict);
  LONGS_EQUAL(1, plans);
  loop.run_once(true);
  LONGS_EQUAL(2, plans);
  answer(CommitResult::kDone);
  LONGS_EQUAL(1, done);
}

TEST(StoreWriter, HearsOfNothingAfterItsEnd) {
  to_write = 1;
  writer.begin(registry);
  writer.stop();
  answer(CommitResult::kDone);
  LONGS_EQUAL(0, done);
  writer.check();
  LONGS_EQUAL(1, plans);
}
