#include "app/process/log_writer.h"

#include "net/loop/loop_pool.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(LogWriter) {
  FakeClock clock;
  LoopPool pool{0, clock};
  LogWriter writer{pool.control()};
  int written = 0;
  void post() {
    writer.post([this] { ++written; });
  }
};

TEST(LogWriter, WritesAtOnceAndTogetherWhatIsMoreThanItsPace) {
  constexpr int kAtOnce = LogWriter::kBurst / LogWriter::kPace + 1;
  for (int i = 0; i < kAtOnce; ++i) {
    post();
    pool.control().run_once(false);
  }
  LONGS_EQUAL(kAtOnce, written);
  post();
  pool.control().run_once(false);
  LONGS_EQUAL(kAtOnce, written);
  clock.advance(LogWriter::kPace);
  pool.control().run_once(true);  // its timer
  LONGS_EQUAL(kAtOnce + 1, written);
  clock.advance(LogWriter::kBurst);
  post();
  pool.control().run_once(false);
  LONGS_EQUAL(kAtOnce + 2, written);
}
