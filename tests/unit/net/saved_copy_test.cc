#include "net/loop/saved_copy.h"

#include <chrono>
#include <optional>
#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(SavedCopy) {
  Loop loop{0, system_clock()};
  int value = 0, taken = 0, troubles = 0;
  std::string file;
  bool full = false, nowhere = false;
  std::optional<SavedCopy> copy;

  void setup() override {
    copy.emplace(loop, loop,
                 SavedCopy::Callbacks{[this]() -> SavedCopy::Write {
                                        if (nowhere) return nullptr;
                                        ++taken;
                                        return [this, text = std::to_string(value)] {
                                          if (full) return Result<void>(Error::io("full"));
                                          file = text;
                                          return Result<void>();
                                        };
                                      },
                                      [this](const std::string&) { ++troubles; }});
  }
  template <class Fact>
  void run_until_true(Fact fact) {
    bool late = false;
    Timer limit(loop, [&late] { late = true; });
    limit.after(std::chrono::seconds(120));
    while (!fact() && !late) loop.run_once(true);
    CHECK(!late);
  }
  void run_until(const std::string& text) {
    run_until_true([&] { return file == text; });
  }
};

TEST(SavedCopy, ManyChangesAreWrittenOnceAndTheLastOneIsInTheFile) {
  for (value = 1; value < 9; ++value) copy->changed();
  run_until("9");
  LONGS_EQUAL(1, taken);
  value = 10;
  copy->changed();
  run_until("10");
  LONGS_EQUAL(2, taken);
}

TEST(SavedCopy, ItsEndHasWhatChangedWritten) {
  copy->changed();
  run_until("0");
  value = 2;
  copy->changed();
  copy.reset();
  run_until("2");
}

TEST(SavedCopy, TroubleIsReported) {
  full = true;
  copy->changed();
  run_until_true([&] { return troubles > 0; });
  STRCMP_EQUAL("", file.c_str());
}

TEST(SavedCopy, AFailedWriteIsRepeatedUntilThereIsSpace) {
  full = true;
  value = 5;
  copy->changed();
  run_until_true([&] { return troubles > 0; });
  full = false;  // and nothing else changes
  run_until("5");
  LONGS_EQUAL(1, troubles);
}

TEST(SavedCopy, ThereMayBeNowhereToWrite) {
  nowhere = true;
  copy->changed();
  copy->stop();
  LONGS_EQUAL(0, taken);
  copy->changed();  // it has ended
  loop.run_once(false);
  LONGS_EQUAL(0, taken);
}
