// Slow listeners: the window of the log, dropping and skipping.
#include "stream/fanout_fixture.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(FanoutWindow, FanoutFixture){};

TEST(FanoutWindow, TheLowWaterIsWhereTheSlowestBlockedListenerStands) {
  set_window(100, 50'000);
  writer.bytes(1000);
  open();
  LONGS_EQUAL(0, low_water());  // nothing is trimmed before the first joiner has its place
  pass();
  CHECK(low_water() == Channel::kNoReader);
  const auto slow = fake(950), slower = fake(940), fast = fake();
  slow->otherwise = slower->otherwise = Wire::kAgain;
  writer.bytes(1000);
  publish_and_pass();
  LONGS_EQUAL(1000, low_water());
  slower->otherwise = Wire::kEverything;
  host.own_loop.run_once(false);
  writer.bytes(1000);
  publish_and_pass();
  LONGS_EQUAL(1000, low_water());  // `slow` is still there
  LONGS_EQUAL(1000, fanout->view().begin);
  slow->otherwise = Wire::kEverything;
  host.own_loop.run_once(false);
  pass();
  LONGS_EQUAL(3000, low_water());
  CHECK(host.ends.empty());
}
TEST(FanoutWindow, AJoinerThatBlocksAtOnceKeepsItsPlaceBeforeTheFirstPass) {
  set_window(1000, 50'000);
  writer.bytes(5000);
  open();
  auto wire = std::make_shared<Wire>();
  wire->script = {100};
  wire->otherwise = Wire::kAgain;
  join(std::make_unique<FakeTransport>(wire, always_writable.get()), 4000);
  LONGS_EQUAL(4000, low_water());
  writer.bytes(2000);  // much more than the joiner has got, much less than the queue
  publish_and_pass();
  CHECK(host.ends.empty());
  wire->otherwise = Wire::kEverything;
  host.own_loop.run_once(false);
  CHECK(wire->sent == pattern_text(4000, 7000));
}
TEST(FanoutWindow, AJoinerDoesNotRaiseTheLowWaterOfASlowerOne) {
  set_window(1000, 50'000);
  writer.bytes(5000);
  open();
  for (const std::uint64_t position : {4000u, 4500u}) {
    auto wire = std::make_shared<Wire>();
    wire->otherwise = Wire::kAgain;
    join(std::make_unique<FakeTransport>(wire, always_writable.get()), position);
    LONGS_EQUAL(4000, low_water());
  }
  fake(4000);  // is through at once
  LONGS_EQUAL(4000, low_water());
}

TEST(FanoutWindow, AListenerThatFallsBehindTheWindowIsDropped) {
  set_window(1000, 5000);
  writer.bytes(1000);
  open();
  const auto wire = fake(), other = fake();
  wire->otherwise = Wire::kAgain;
  writer.bytes(1000);
  publish_and_pass();
  writer.bytes(4000);
  publish_and_pass();  // 1000…6000 is still in the queue
  CHECK(host.ends.empty());
  writer.bytes(1);
  publish_and_pass();
  CHECK(host.one_ended(1, EndReason::kLagged));
  LONGS_EQUAL(1, mount->slow_listeners.load());
  CHECK(wire->closed);
  LONGS_EQUAL(1, fanout->listeners());
  LONGS_EQUAL(6001, other->sent.size());
}
TEST(FanoutWindow, AListenerThatIsDueAndBehindTheWindowIsDropped) {
  set_window(100, 100);
  writer.bytes(1000);
  open();
  fake(1000);
  writer.bytes(1000);
  publish_and_pass();
  CHECK(host.one_ended(1, EndReason::kLagged));
}
TEST(FanoutWindow, AWritableSocketComesTooLateWhenTheWindowHasPassed) {
  set_window(100, 1000);
  writer.bytes(1000);
  open();
  // More than one budget, so that it waits for its socket while it is due.
  fanout->in_pass = false;
  const auto wire = fake(1000);
  writer.bytes(5000);
  writer.publish(*mount);
  fanout->begin_pass();
  fanout->for_each([](Listener& listener) { listener.on_socket(EV_WRITE); });
  CHECK(host.one_ended(1, EndReason::kLagged));
}

TEST(FanoutWindow, WithSkippingAListenerFarBehindLeavesAtTheEndOfItsUnit) {
  settings.lag_policy = LagPolicy::kSkip;
  set_window(100, 4000);
  writer.units(10, 100);
  open();
  const auto wire = fake(900);
  wire->script = {50};
  wire->otherwise = Wire::kAgain;
  writer.units(1, 100);
  publish_and_pass();  // blocked at 1050
  writer.units(29, 100);
  publish_and_pass();
  LONGS_EQUAL(0, mount->slow_listeners.load());
  writer.units(1, 100);
  publish_and_pass();  // 3050 behind: more than three quarters
  LONGS_EQUAL(1, mount->slow_listeners.load());
  publish_and_pass();
  LONGS_EQUAL(1, mount->slow_listeners.load());
  wire->otherwise = Wire::kEverything;
  host.own_loop.run_once(false);
  LONGS_EQUAL(1, host.departures.size());
  const Listener& listener = *host.departures[0];
  LONGS_EQUAL(1100, listener.position);
  CHECK(wire->sent == pattern_text(900, 1100));
  CHECK(listener.continuation->next == mount);
  CHECK(listener.continuation->mode == EnterMode::kLive);
  CHECK(host.ends.empty());
}
TEST(FanoutWindow, WithSkippingAStreamWithoutMarksDropsLikeAnyOther) {
  settings.lag_policy = LagPolicy::kSkip;
  set_window(100, 4000);
  writer.bytes(1000);
  open();
  const auto wire = fake();
  wire->otherwise = Wire::kAgain;
  for (int i = 0; i < 40; ++i) {
    writer.bytes(100);
    publish_and_pass();
  }
  CHECK(host.ends.empty());
  writer.bytes(1);
  publish_and_pass();
  CHECK(host.one_ended(1, EndReason::kLagged));
}
TEST(FanoutWindow, WithSkippingAListenerBeforeTheFirstMarkLeavesThere) {
  settings.lag_policy = LagPolicy::kSkip;
  set_window(100, 4000);
  writer.bytes(1000);
  open();
  const auto wire = fake();
  wire->otherwise = Wire::kAgain;
  writer.bytes(500).units(26, 100);
  publish_and_pass();
  LONGS_EQUAL(1, mount->slow_listeners.load());
  wire->otherwise = Wire::kEverything;
  host.own_loop.run_once(false);
  LONGS_EQUAL(1500, host.departures.at(0)->position);
}

// All delayed bytes come at once.
TEST(FanoutWindow, WithSkippingThePauseOfASourceTakesNothingFromListeners) {
  settings.lag_policy = LagPolicy::kSkip;
  set_window(100, 4000);
  writer.units(10, 100);
  open();
  const auto ready = fake(1000), filling = fake(1000);
  writer.now += 2s;
  writer.units(36, 100);
  filling->script = {100};
  filling->otherwise = Wire::kAgain;
  publish_and_pass();
  publish_and_pass();  // 3500 behind, more than three quarters
  LONGS_EQUAL(0, mount->slow_listeners.load());
  filling->otherwise = Wire::kEverything;
  host.own_loop.run_once(false);
  CHECK(ready->sent == pattern_text(1000, 4600));
  CHECK(filling->sent == pattern_text(1000, 4600));
  LONGS_EQUAL(0, host.departures.size());
}
TEST(FanoutWindow, WithSkippingAListenerThatWasReadyAndTakesEverythingIsNotSlow) {
  settings.lag_policy = LagPolicy::kSkip;
  set_window(100, 4000);
  writer.units(10, 100);
  open();
  const auto wire = fake(1000);
  writer.units(36, 100);  // in one read, after less than a pause
  publish_and_pass();
  LONGS_EQUAL(0, mount->slow_listeners.load());
  CHECK(wire->sent == pattern_text(1000, 4600));
}
TEST(FanoutWindow, WithSkippingOneWhoStaysBehindAfterAPauseSkipsWhileTheWindowHasItsUnit) {
  settings.lag_policy = LagPolicy::kSkip;
  set_window(100, 4000);
  writer.units(10, 100);
  open();
  const auto wire = fake(1000);
  writer.now += 2s;
  writer.units(50, 100);
  wire->script = {150};
  wire->otherwise = Wire::kAgain;
  publish_and_pass();
  for (int i = 0; i < 5; ++i) {
    writer.now += 900ms;
    writer.units(1, 100);
    publish_and_pass();
  }
  LONGS_EQUAL(0, mount->slow_listeners.load());
  writer.now += 900ms;
  writer.units(1, 100);
  publish_and_pass();
  LONGS_EQUAL(1, mount->slow_listeners.load());
  wire->otherwise = Wire::kEverything;
  host.own_loop.run_once(false);
  LONGS_EQUAL(1200, host.departures.at(0)->position);
  CHECK(wire->sent == pattern_text(1000, 1200));
  CHECK(host.ends.empty());
}

TEST(FanoutWindow, AListenerThatJoinsInTheMiddleOfAPassDoesNotLeaveTheOthersBehind) {
  set_window(0, 5000);
  writer.bytes(1000);
  open();
  const auto first = fake(1000);
  pass();
  writer.bytes(100).publish(*mount);
  fanout->in_pass = true;
  fanout->begin_pass();
  CHECK(fanout->pump(SteadyTime::max()));  // serves it up to 1100
  writer.bytes(100).publish(*mount);
  fanout->refresh();  // between two slices a listener comes
  const auto second = fake(1200);
  fanout->in_pass = false;
  fanout->end_pass();
  writer.bytes(100).publish(*mount);
  writer.bytes(100).publish(*mount);
  pass();
  CHECK(host.ends.empty());
  CHECK(first->sent == pattern_text(1000, 1400));
  CHECK(second->sent == pattern_text(1200, 1400));
}
