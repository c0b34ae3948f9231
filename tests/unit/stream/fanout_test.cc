#include "stream/fanout.h"

#include <event2/event.h>

#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

struct Host final : FanoutHost {
  explicit Host(const Clock& clock) : own_loop(0, clock) {}
  Loop& loop() noexcept override { return own_loop; }
  DeliveryCall delivery_call() const noexcept override { return call; }
  void ended(std::unique_ptr<Listener> listener, Mount&, EndReason reason) override {
    ends.emplace_back(listener->id, reason);
  }
  void departed(std::unique_ptr<Listener> listener, Mount&) override {
    departures.push_back(std::move(listener));
  }
  bool one_ended(std::uint64_t id, EndReason reason) const {
    return ends.size() == 1 && ends[0] == std::pair(id, reason);
  }

  Loop own_loop;
  DeliveryCall call = DeliveryCall::kAuto;
  std::vector<std::pair<std::uint64_t, EndReason>> ends;
  std::vector<std::unique_ptr<Listener>> departures;
};

// Every look at it takes a millisecond.
struct TickingClock final : Clock {
  SteadyTime steady() const noexcept override { return now += 1ms; }
  WallTime wall() const noexcept override { return {}; }
  std::chrono::nanoseconds thread_work() const noexcept override { return 0ns; }
  mutable SteadyTime now{1000s};
};

}  // namespace

TEST_GROUP(Fanout) {
  FakeClock clock;
  Host host{clock};
  MountSettings settings;
  std::shared_ptr<Mount> mount = std::make_shared<Mount>("/m", lb::test::mount_settings(), 1);
  Writer writer;
  std::unique_ptr<Fanout> fanout;
  std::uint64_t next_id = 1;
  UniqueFd always_writable{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};

  void set_window(std::size_t burst, std::size_t queue) {
    settings.burst_bytes = writer.window.burst_bytes = burst;
    settings.queue_bytes = writer.window.queue_bytes = queue;
    mount->set_settings(lb::test::mount_settings(settings));
  }
  Fanout& open() {
    writer.publish(*mount);
    fanout = std::make_unique<Fanout>(host, mount);
    return *fanout;
  }
  Listener& join(std::unique_ptr<Transport> transport, std::uint64_t position = 0,
                 bool wait_for_mark = false) {
    auto listener = std::make_unique<Listener>(next_id++, std::move(transport), RequestFacts());
    listener->position = position;
    listener->wait_for_mark = wait_for_mark;
    Listener& joined = *listener;
    fanout->join(std::move(listener));
    return joined;
  }
  std::shared_ptr<Wire> fake(std::uint64_t position = 0, bool wait_for_mark = false) {
    auto wire = std::make_shared<Wire>();
    join(std::make_unique<FakeTransport>(wire, always_writable.get()), position, wait_for_mark);
    return wire;
  }
  void pass() {
    fanout->in_pass = true;
    fanout->begin_pass();
    CHECK(fanout->pump(SteadyTime::max()));
    fanout->in_pass = false;
    fanout->end_pass();
  }
  void publish_and_pass(bool ended = false) {
    writer.publish(*mount, ended);
    pass();
  }
  std::uint64_t low_water() const { return mount->channel().low_water(); }
};

TEST(Fanout, AListenerIsServedAtOnceAndThenEveryPass) {
  writer.bytes(1000);
  open();
  const auto wire = fake(400);
  CHECK(wire->sent == pattern_text(400, 1000));
  LONGS_EQUAL(1, fanout->listeners());
  writer.bytes(500);
  publish_and_pass();
  writer.bytes(500);
  publish_and_pass();
  CHECK(wire->sent == pattern_text(400, 2000));
  LONGS_EQUAL(1600, mount->bytes_sent.load());
}
TEST(Fanout, ItsLoopIsWokenForTheNextView) {
  open();
  LONGS_EQUAL(1, writer.publish(*mount));
  pass();
  LONGS_EQUAL(1, writer.publish(*mount));
  fanout.reset();
  LONGS_EQUAL(0, writer.publish(*mount));
}
TEST(Fanout, GoneFanoutsEndTheirConnectionsAndForgetTheirLowWater) {
  writer.bytes(1000);
  open();
  const auto idle = fake(), blocked = fake(1000);
  blocked->otherwise = Wire::kAgain;
  writer.bytes(100);
  publish_and_pass();
  LONGS_EQUAL(1000, low_water());
  writer.publish(*mount);
  fanout->begin_pass();  // idle is due now
  fanout.reset();
  CHECK(idle->closed);
  CHECK(blocked->closed);
  CHECK(low_water() == Channel::kNobody);
  CHECK(host.ends.empty());
}
TEST(Fanout, ShowsListenersOfAllItsLists) {
  writer.bytes(1000);
  open();
  fake();
  fake();
  const auto blocked = fake(1000);
  blocked->otherwise = Wire::kAgain;
  writer.bytes(10);
  publish_and_pass();
  fake();
  fanout->begin_pass();
  fake();
  std::vector<std::uint64_t> ids;
  fanout->for_each([&ids](Listener& listener) { ids.push_back(listener.id); });
  std::sort(ids.begin(), ids.end());
  CHECK(ids == (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
  CHECK(&fanout->mount() == mount.get());
  CHECK(fanout->mount_ptr() == mount);
}

TEST(Fanout, ABlockedListenerGoesOnWhenItsSocketIsWritable) {
  writer.bytes(60'000);
  open();
  host.call = DeliveryCall::kWritev;  // sendfile's pages do not fill a local socket
  SocketPair pair(4096);
  Listener& listener = join(pair.transport());
  CHECK(listener.blocked);
  CHECK(listener.position < 60'000);
  std::string all;
  for (int i = 0; i < 1000 && all.size() < 60'000; ++i) {
    all += pair.received();
    host.own_loop.run_once(false);
  }
  CHECK(all == pattern_text(0, 60'000));
  CHECK(!listener.blocked);
  LONGS_EQUAL(EV_READ, listener.watch.wanted());
  writer.bytes(10);
  publish_and_pass();
  CHECK(pair.received() == pattern_text(60'000, 60'010));
}
TEST(Fanout, ABlockedListenerDoesNotHoldTheOthers) {
  writer.bytes(1000);
  open();
  const auto slow = fake(), fast = fake();
  slow->otherwise = Wire::kAgain;
  for (int i = 0; i < 5; ++i) {
    writer.bytes(100);
    publish_and_pass();
  }
  LONGS_EQUAL(1000, slow->sent.size());
  LONGS_EQUAL(2, slow->calls.size());  // not tried again by passes
  LONGS_EQUAL(1500, fast->sent.size());
}
TEST(Fanout, TheLowWaterIsWhereTheSlowestBlockedListenerStands) {
  set_window(100, 50'000);
  writer.bytes(1000);
  open();
  CHECK(low_water() == Channel::kNobody);
  pass();
  CHECK(low_water() == Channel::kNobody);
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
TEST(Fanout, AJoinerWhoBlocksAtOnceKeepsItsPlaceBeforeTheFirstPass) {
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
TEST(Fanout, AJoinerDoesNotRaiseTheLowWaterOfASlowerOne) {
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

TEST(Fanout, WhoFallsBehindTheWindowIsDropped) {
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
TEST(Fanout, WhoIsDueAndBehindTheWindowIsDropped) {
  set_window(100, 100);
  writer.bytes(1000);
  open();
  fake(1000);
  writer.bytes(1000);
  publish_and_pass();
  CHECK(host.one_ended(1, EndReason::kLagged));
}
TEST(Fanout, AWritableSocketComesTooLateWhenTheWindowHasPassed) {
  set_window(100, 1000);
  writer.bytes(1000);
  open();
  // More than one budget, so that it waits for its socket as one who is due.
  fanout->in_pass = false;
  const auto wire = fake(1000);
  writer.bytes(5000);
  writer.publish(*mount);
  fanout->begin_pass();
  fanout->for_each([](Listener& listener) { listener.on_socket(EV_WRITE); });
  CHECK(host.one_ended(1, EndReason::kLagged));
}

TEST(Fanout, WithSkippingWhoIsFarBehindLeavesAtTheEndOfItsUnit) {
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
TEST(Fanout, WithSkippingAStreamWithoutMarksDropsLikeAnyOther) {
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
TEST(Fanout, WithSkippingWhoIsBeforeTheFirstMarkLeavesThere) {
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

TEST(Fanout, MaxDurationEndsThoseWhoArePlayingAndThoseWhoAreBlocked) {
  writer.bytes(100);
  open();
  const auto playing = fake(), blocked = fake(100);
  blocked->otherwise = Wire::kAgain;
  fanout->for_each([this](Listener& listener) { listener.until = clock.steady() + 10s; });
  writer.bytes(100);
  publish_and_pass();
  clock.advance(9999ms);
  publish_and_pass();
  CHECK(host.ends.empty());
  clock.advance(1ms);
  publish_and_pass();
  LONGS_EQUAL(2, host.ends.size());
  for (const auto& [id, reason] : host.ends) CHECK(reason == EndReason::kLimit);
  LONGS_EQUAL(0, fanout->listeners());
}
TEST(Fanout, FinishingAListenerClosesIt) {
  open();
  const auto wire = fake();
  fanout->for_each([this](Listener& listener) { fanout->finish(listener, EndReason::kKilled); });
  CHECK(host.one_ended(1, EndReason::kKilled));
  CHECK(wire->closed);
  LONGS_EQUAL(0, fanout->listeners());
}

TEST(Fanout, WhoHasHeardAllOfAnEndedStreamDeparts) {
  writer.bytes(1000);
  open();
  const auto idle = fake(), blocked = fake(1000);
  blocked->otherwise = Wire::kAgain;
  writer.bytes(100);
  publish_and_pass();
  writer.bytes(100);
  publish_and_pass(true);
  LONGS_EQUAL(1, host.departures.size());
  LONGS_EQUAL(1, host.departures[0]->id);
  CHECK(host.departures[0]->fanout == nullptr);
  CHECK(idle->sent == pattern_text(0, 1200));
  blocked->otherwise = Wire::kEverything;
  host.own_loop.run_once(false);
  LONGS_EQUAL(2, host.departures.size());
  CHECK(blocked->sent == pattern_text(1000, 1200));
}
TEST(Fanout, WhoJoinsAnEndedStreamHearsItsRestAndDeparts) {
  writer.bytes(1000);
  writer.publish(*mount, true);
  fanout = std::make_unique<Fanout>(host, mount);
  const auto wire = fake(300);
  CHECK(wire->sent == pattern_text(300, 1000));
  LONGS_EQUAL(1, host.departures.size());
}
TEST(Fanout, WhoMovesOnDepartsAtTheEndOfTheUnit) {
  writer.bytes(1000);
  open();
  const auto wire = fake();
  fanout->for_each([this](Listener& listener) {
    listener.continuation =
        std::make_unique<Continuation>(Continuation{1300, mount, EnterMode::kLive});
  });
  writer.bytes(250);
  publish_and_pass();
  CHECK(host.departures.empty());
  writer.bytes(250);
  publish_and_pass();
  LONGS_EQUAL(1, host.departures.size());
  CHECK(wire->sent == pattern_text(0, 1300));
}

TEST(Fanout, WhoWaitsForAUnitGetsHeadersAndThenTheUnit) {
  writer.headers("HEAD").bytes(1000);
  open();
  auto wire = std::make_shared<Wire>();
  auto listener = std::make_unique<Listener>(
      1, std::make_unique<FakeTransport>(wire, always_writable.get()), RequestFacts());
  listener->position = 1000;
  listener->wait_for_mark = true;
  listener->preamble =
      std::make_unique<Preamble>(Preamble{"200 ", fanout->view().headers_at(0), 0});
  fanout->join(std::move(listener));
  CHECK(wire->sent == "200 HEAD");
  writer.bytes(500);
  publish_and_pass();
  LONGS_EQUAL(1, wire->calls.size());
  writer.sync();  // exactly at the end: nothing of it is there yet
  publish_and_pass();
  writer.bytes(100);
  publish_and_pass();
  CHECK(wire->sent == "200 HEAD" + pattern_text(1500, 1600));
  writer.bytes(100);
  publish_and_pass();
  CHECK(wire->sent == "200 HEAD" + pattern_text(1500, 1700));
}
TEST(Fanout, WhoWaitsForAUnitDoesNotLookAtOlderOnes) {
  writer.headers("HEAD").sync().bytes(1000);
  open();
  const auto wire = fake(1000, true);
  writer.bytes(100);
  publish_and_pass();
  CHECK(wire->sent.empty());
  writer.bytes(50).sync().bytes(50);
  publish_and_pass();
  CHECK(wire->sent == pattern_text(1150, 1200));
}
TEST(Fanout, WhoWaitsForAUnitFallsBehindNoWindow) {
  set_window(100, 1000);
  writer.headers("HEAD").bytes(1000);
  open();
  fake(1000, true);
  for (int i = 0; i < 10; ++i) {
    writer.bytes(900);
    publish_and_pass();
  }
  CHECK(host.ends.empty());
}
TEST(Fanout, WhoWaitsForAUnitDepartsWhenTheStreamEnds) {
  writer.headers("HEAD").bytes(1000);
  open();
  fake(1000, true);
  writer.bytes(100);
  publish_and_pass(true);
  LONGS_EQUAL(1, host.departures.size());
}
TEST(Fanout, WhoWaitsForAUnitMayMoveOn) {
  writer.headers("HEAD").bytes(1000);
  open();
  fake(1000, true);
  fanout->for_each([this](Listener& listener) {
    listener.continuation =
        std::make_unique<Continuation>(Continuation{1000, mount, EnterMode::kLive});
  });
  publish_and_pass();
  LONGS_EQUAL(1, host.departures.size());
}

TEST(Fanout, WhoLacksMuchHasTheNextTurnWhenAllOthersHadTheirs) {
  set_window(200'000, 512'000);
  open();
  const auto first = fake(), second = fake();
  std::vector<std::uint64_t> order;
  writer.bytes(150'000);
  publish_and_pass();
  LONGS_EQUAL(150'000, first->sent.size());
  LONGS_EQUAL(150'000, second->sent.size());
  CHECK(first->sent == pattern_text(0, 150'000));
  LONGS_EQUAL(65'536, first->calls[0].asked);
  LONGS_EQUAL(3, first->calls.size());
}
TEST(Fanout, AJoinerWhoLacksMuchComesAgainWithoutAPass) {
  set_window(200'000, 512'000);
  writer.bytes(150'000);
  open();
  const auto wire = fake();
  LONGS_EQUAL(65'536, wire->sent.size());
  for (int i = 0; i < 3; ++i) host.own_loop.run_once(false);
  CHECK(wire->sent == pattern_text(0, 150'000));
  fanout->for_each([](Listener& listener) { LONGS_EQUAL(EV_READ, listener.watch.wanted()); });
}
TEST(Fanout, APassIsCutIntoSlices) {
  TickingClock ticking;
  Host slow(ticking);
  {
    writer.publish(*mount);
    Fanout many(slow, mount);
    std::vector<std::shared_ptr<Wire>> wires;
    for (std::uint64_t id = 1; id <= 100; ++id) {
      wires.push_back(std::make_shared<Wire>());
      many.join(std::make_unique<Listener>(
          id, std::make_unique<FakeTransport>(wires.back(), always_writable.get()),
          RequestFacts()));
    }
    const auto served = [&wires] {
      return std::count_if(wires.begin(), wires.end(),
                           [](const auto& w) { return !w->sent.empty(); });
    };
    writer.bytes(100);
    writer.publish(*mount);
    many.begin_pass();
    CHECK(!many.pump(ticking.now + 3ms));  // it looks every sixteen listeners
    LONGS_EQUAL(48, served());
    CHECK(!many.pump(ticking.now));
    LONGS_EQUAL(64, served());
    CHECK(many.pump(ticking.now + 1h));
    LONGS_EQUAL(100, served());
    many.end_pass();
    LONGS_EQUAL(10'000, mount->bytes_sent.load());
  }
}
TEST(Fanout, ALookAtTheClockAfterTheLastListenerEndsThePass) {
  TickingClock ticking;
  Host slow(ticking);
  writer.publish(*mount);
  Fanout many(slow, mount);
  for (std::uint64_t id = 1; id <= 16; ++id)
    many.join(std::make_unique<Listener>(
        id, std::make_unique<FakeTransport>(std::make_shared<Wire>(), always_writable.get()),
        RequestFacts()));
  many.begin_pass();
  CHECK(many.pump(ticking.now));
}

TEST(Fanout, ABrokenConnectionEndsItsListener) {
  writer.bytes(100);
  open();
  const auto wire = fake();
  wire->otherwise = Wire::kBroken;
  writer.bytes(100);
  publish_and_pass();
  CHECK(host.one_ended(1, EndReason::kClientGone));
}
TEST(Fanout, WhatAListenerSaysIsThrownAway) {
  open();
  SocketPair pair;
  join(pair.transport());
  pair.send(std::string(5000, 'x'));
  for (int i = 0; i < 4; ++i) host.own_loop.run_once(false);
  writer.bytes(10);
  publish_and_pass();
  LONGS_EQUAL(10, pair.received().size());
  LONGS_EQUAL(1, fanout->listeners());
}
TEST(Fanout, AHalfClosedClientStillListens) {
  open();
  SocketPair pair;
  const Listener& listener = join(pair.transport());
  pair.finish_sending();
  host.own_loop.run_once(false);
  LONGS_EQUAL(0, listener.watch.wanted());
  writer.bytes(10);
  publish_and_pass();
  LONGS_EQUAL(10, pair.received().size());
}
TEST(Fanout, AClosedClientShowsAtTheNextBytes) {
  open();
  SocketPair pair;
  join(pair.transport());
  pair.close();
  host.own_loop.run_once(false);
  writer.bytes(10);
  publish_and_pass();
  CHECK(host.one_ended(1, EndReason::kClientGone));
}
TEST(Fanout, AnErrorWhileReadingEndsTheListener) {
  open();
  const auto wire = fake();
  wire->read_status = IoStatus::kError;
  fanout->for_each([](Listener& listener) { listener.on_socket(EV_READ | EV_WRITE); });
  CHECK(host.one_ended(1, EndReason::kClientGone));
}
