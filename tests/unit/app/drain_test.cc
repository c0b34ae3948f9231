#include "app/drain/drain.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/log_book.h"
#include "config/settings/config.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;
using lb::test::CapturedLog;

TEST_GROUP(DrainPace) {
  FakeClock clock;
  SteadyTime begun = clock.steady();
  // What goes in `seconds`, looked at four times a second.
  std::vector<std::uint64_t> gone(DrainPace & pace, std::uint64_t left, int looks) {
    std::vector<std::uint64_t> all;
    for (int i = 0; i < looks; ++i) {
      clock.advance(250ms);
      all.push_back(pace.due(clock.steady(), left));
      left -= all.back();
    }
    return all;
  }
};

TEST(DrainPace, SoManyASecond) {
  DrainPace pace(20, begun, begun + 600s);
  std::uint64_t sum = 0;
  for (const auto n : gone(pace, 1000, 40)) sum += n;
  CHECK_EQUAL(200u, sum);
}
TEST(DrainPace, LessThanOneAPollAddsUp) {
  DrainPace pace(1, begun, begun + 600s);
  const auto all = gone(pace, 100, 8);
  CHECK_EQUAL(2, std::count(all.begin(), all.end(), 1u));
  CHECK_EQUAL(6, std::count(all.begin(), all.end(), 0u));
}
TEST(DrainPace, FasterWhereTheTimeWouldNotSuffice) {
  DrainPace pace(1, begun, begun + 10s);
  const auto all = gone(pace, 1000, 40);
  std::uint64_t sum = 0;
  for (const auto n : all) sum += n;
  CHECK_EQUAL(1000u, sum);
  CHECK(all.front() >= 24 && all.front() <= 26);  // evenly, not all at the end
  CHECK(all.back() <= 30);
}
TEST(DrainPace, AllListenersAreDueWhenTheTimeIsOver) {
  DrainPace pace(1, begun, begun + 10s);
  clock.advance(11s);
  CHECK_EQUAL(77u, pace.due(clock.steady(), 77));
}
TEST(DrainPace, NeverMoreThanThereAre) {
  DrainPace pace(1e6, begun, begun + 10s);
  clock.advance(1s);
  CHECK_EQUAL(3u, pace.due(clock.steady(), 3));
}
TEST(DrainPace, NoTimeAtAllIsNoDivisionByZero) {
  DrainPace pace(1, begun, begun);
  CHECK_EQUAL(5u, pace.due(clock.steady(), 5));
}

TEST_GROUP(Drain) {
  FakeClock clock;
  Loop loop{0, clock};
  CapturedLog captured{clock};
  DrainState state;
  std::uint64_t here = 10;
  std::uint64_t closed = 0;
  int closed_all = 0, exits = 0;
  std::vector<DrainPicture> subscriber;
  Drain drain{loop, captured.log, state,
              Drain::Callbacks{[this] { return here; },
                               [this](std::uint64_t n) {
                                 closed += n;
                                 here -= n;
                               },
                               [this] {
                                 ++closed_all;
                                 here = 0;
                               },
                               [this] { ++exits; }}};

  void setup() override {
    state.on_change([this](const DrainPicture& now) { subscriber.push_back(now); });
  }
  static DrainOrder order(DrainMode mode, bool then_exit = false) {
    DrainOrder order;
    order.mode = mode;
    order.time = 60s;
    order.rate = {1, false};
    order.then_exit = then_exit;
    order.asked_by = "192.0.2.1";
    return order;
  }
  void look_after(std::chrono::milliseconds time) {
    clock.advance(time);
    drain.poll_listeners();
  }
};

TEST(Drain, ServesUntilItIsToldOtherwise) {
  CHECK(!state.draining());
  CHECK(state.picture()->mode == DrainMode::kOff);
  CHECK(!drain.cancel());
}
TEST(Drain, SoftClosesNoListener) {
  drain.begin(order(DrainMode::kSoft));
  CHECK(state.draining());
  look_after(59s);
  look_after(10s);
  CHECK_EQUAL(0u, closed);
  CHECK_EQUAL(0, exits);
  CHECK(captured.says("draining (soft), asked by 192.0.2.1: 10 listeners have 60 s\n"));
  CHECK(captured.says("drain time is over: 10 listeners are left"));
}
TEST(Drain, TheEndOfItsTimeIsSaidOnce) {
  drain.begin(order(DrainMode::kSoft));
  look_after(61s);
  look_after(1s);
  const std::string log = captured.errors();
  CHECK_EQUAL(log.find("drain time is over"), log.rfind("drain time is over"));
}
TEST(Drain, MoveClosesSomeAtEveryPoll) {
  drain.begin(order(DrainMode::kMove));
  CHECK_EQUAL(0u, closed);
  look_after(2s);
  CHECK_EQUAL(2u, closed);
  look_after(58s);
  CHECK_EQUAL(10u, closed);
  CHECK_EQUAL(0, exits);
}
TEST(Drain, AShareIsOfTheListenersAtTheBeginning) {
  here = 200;
  DrainOrder half = order(DrainMode::kMove);
  half.rate = {0.5, true};
  drain.begin(half);
  look_after(1s);
  CHECK_EQUAL(100u, closed);
  look_after(1s);
  CHECK_EQUAL(200u, closed);
}
TEST(Drain, HardClosesAllAtOnce) {
  drain.begin(order(DrainMode::kHard));
  CHECK_EQUAL(1, closed_all);
  CHECK(state.picture()->empty);
  CHECK_EQUAL(0, exits);
}
TEST(Drain, EndsTheProcessWhenTheLastListenerHasGone) {
  drain.begin(order(DrainMode::kSoft, true));
  look_after(1s);
  CHECK_EQUAL(0, exits);
  here = 0;
  look_after(1s);
  CHECK_EQUAL(1, exits);
  CHECK(captured.says("drained: no listener is left"));
}
TEST(Drain, EndsTheProcessWhenItsTimeIsOver) {
  drain.begin(order(DrainMode::kSoft, true));
  look_after(60s);
  CHECK_EQUAL(1, exits);
  CHECK(captured.says("drain time is over: 10 listeners end"));
}
TEST(Drain, AnEmptyNodeEndsAtOnce) {
  here = 0;
  drain.begin(order(DrainMode::kMove, true));
  CHECK_EQUAL(1, exits);
}
TEST(Drain, CanBeCalledOff) {
  drain.begin(order(DrainMode::kMove));
  CHECK(drain.cancel());
  CHECK(!state.draining());
  CHECK_EQUAL(2u, subscriber.size());
  CHECK(subscriber[1].mode == DrainMode::kOff);
  CHECK(captured.says("no longer draining"));
}
TEST(Drain, CannotBeCancelledOnceTheProcessIsToEnd) {
  drain.begin(order(DrainMode::kSoft, true));
  CHECK(!drain.cancel());
  CHECK(state.draining());
}
TEST(Drain, ThatIsUnderWayMayEndTheProcessAfterAll) {
  drain.begin(order(DrainMode::kMove));
  look_after(1s);
  drain.exit_at_its_end();
  CHECK_EQUAL(0, exits);
  CHECK(state.picture()->mode == DrainMode::kMove && state.picture()->then_exit);
  CHECK(subscriber.back().then_exit);
  look_after(59s);
  CHECK_EQUAL(1, exits);
}
TEST(Drain, APastDeadlineEndsTheProcessAtOnce) {
  drain.begin(order(DrainMode::kSoft));
  look_after(61s);
  drain.exit_at_its_end();
  CHECK_EQUAL(1, exits);
}
TEST(Drain, ANewOrderTakesThePlaceOfTheOldOne) {
  drain.begin(order(DrainMode::kSoft));
  clock.advance(50s);
  drain.begin(order(DrainMode::kMove));
  CHECK(state.picture()->mode == DrainMode::kMove);
  CHECK(state.picture()->until == clock.steady() + 60s);
  look_after(1s);
  CHECK_EQUAL(1u, closed);
}
TEST(Drain, NotifiesItsSubscribersOfEveryChange) {
  drain.begin(order(DrainMode::kSoft));
  CHECK_EQUAL(1u, subscriber.size());
  here = 0;
  look_after(1s);
  CHECK_EQUAL(2u, subscriber.size());
  CHECK(subscriber[1].empty);
  here = 1;  // was being judged when it began
  look_after(1s);
  CHECK_EQUAL(3u, subscriber.size());
  CHECK(!subscriber[2].empty);
}

TEST_GROUP(DrainWords){};

TEST(DrainWords, NamesAreReadAsTheyAreWritten) {
  for (const DrainMode mode : {DrainMode::kSoft, DrainMode::kMove, DrainMode::kHard})
    CHECK(parse_drain_mode(to_text(mode)) == mode);
  CHECK(!parse_drain_mode("off").has_value());
  CHECK(!parse_drain_mode("").has_value());
}
TEST(DrainWords, TheConfigurationGivesTheDrainOfTerm) {
  ClusterSettings cluster;
  CHECK(configured_drain(cluster).mode == DrainMode::kOff);
  cluster.drain_mode = DrainMode::kMove;
  cluster.drain_time = 90s;
  cluster.drain_rate = "7";
  DrainOrder order = configured_drain(cluster);
  CHECK(order.mode == DrainMode::kMove && order.time == 90s && order.then_exit);
  DOUBLES_EQUAL(7, order.rate.per_second(1000), 0.001);
  cluster.drain_rate = "quick";
  // Evenly over the time.
  DOUBLES_EQUAL(0, configured_drain(cluster).rate.per_second(1000), 0.001);
}
