#include "stream/listener/fanout.h"

#include "stream/fanout_fixture.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(Fanout, FanoutFixture){};

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
  CHECK(low_water() == Channel::kNoReader);
  CHECK(host.ends.empty());
}
// Nothing else shows that it has gone, and its mount may wait for a minute.
TEST(Fanout, OneThatHungUpAtASilentMountEndsTwoSecondsLater) {
  writer.bytes(1000);
  open();
  auto wire = std::make_shared<Wire>();
  Listener& listener = join(std::make_unique<FakeTransport>(wire, always_writable.get()));
  CHECK_FALSE(fanout->end_hung_up());
  wire->read_status = IoStatus::kEof;
  clock.advance(10s);
  fanout->on_socket(listener, EV_READ);
  LONGS_EQUAL(1, host.hang_ups);
  clock.advance(1999ms);
  CHECK(fanout->end_hung_up());
  LONGS_EQUAL(1, fanout->listeners());
  clock.advance(1ms);
  CHECK_FALSE(fanout->end_hung_up());
  CHECK(host.one_ended(1, EndReason::kClientGone));
}
TEST(Fanout, OneThatHungUpEndsAfterOnePassIfItsConnectionIsBroken) {
  writer.bytes(1000);
  open();
  auto gone_wire = std::make_shared<Wire>(), half_wire = std::make_shared<Wire>();
  Listener& gone = join(std::make_unique<FakeTransport>(gone_wire, always_writable.get()));
  Listener& half = join(std::make_unique<FakeTransport>(half_wire, always_writable.get()));
  gone_wire->read_status = half_wire->read_status = IoStatus::kEof;
  fanout->on_socket(gone, EV_READ);
  fanout->on_socket(half, EV_READ);
  writer.bytes(500);
  publish_and_pass();
  gone_wire->read_status = IoStatus::kError;  // the answer to those bytes
  clock.advance(2s);
  CHECK_FALSE(fanout->end_hung_up());
  CHECK(host.one_ended(1, EndReason::kClientGone));
  writer.bytes(500);
  publish_and_pass();
  CHECK(half_wire->sent == pattern_text(0, 2000));
}
TEST(Fanout, WhereThePassesGoOnTheyTellWhoHasHungUp) {
  writer.bytes(1000);
  open();
  auto wire = std::make_shared<Wire>();
  Listener& listener = join(std::make_unique<FakeTransport>(wire, always_writable.get()));
  wire->read_status = IoStatus::kEof;
  fanout->on_socket(listener, EV_READ);
  for (int i = 0; i < 4; ++i) {
    CHECK(fanout->end_hung_up());
    writer.bytes(500);
    publish_and_pass();
  }
  CHECK_FALSE(fanout->end_hung_up());
  LONGS_EQUAL(1, fanout->listeners());
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
TEST(Fanout, MaxDurationEndsPlayingAndBlockedListeners) {
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

TEST(Fanout, AListenerThatHasHeardAllOfAnEndedStreamDeparts) {
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
TEST(Fanout, AListenerThatJoinsAnEndedStreamHearsItsRestAndDeparts) {
  writer.bytes(1000);
  writer.publish(*mount, true);
  fanout = std::make_unique<Fanout>(host, mount);
  const auto wire = fake(300);
  CHECK(wire->sent == pattern_text(300, 1000));
  LONGS_EQUAL(1, host.departures.size());
}
TEST(Fanout, AListenerThatMovesOnDepartsAtTheEndOfTheUnit) {
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

TEST(Fanout, AListenerThatWaitsForAUnitGetsHeadersAndThenTheUnit) {
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
TEST(Fanout, AListenerThatWaitsForAUnitIgnoresOlderOnes) {
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
TEST(Fanout, AListenerThatWaitsForAUnitFallsBehindNoWindow) {
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
TEST(Fanout, AListenerThatWaitsForAUnitDepartsWhenTheStreamEnds) {
  writer.headers("HEAD").bytes(1000);
  open();
  fake(1000, true);
  writer.bytes(100);
  publish_and_pass(true);
  LONGS_EQUAL(1, host.departures.size());
}
TEST(Fanout, AListenerThatWaitsForAUnitMayMoveOn) {
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

TEST(Fanout, AListenerThatLacksMuchHasTheNextTurnWhenAllOthersHadTheirs) {
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
TEST(Fanout, AJoinerThatLacksMuchComesAgainWithoutAPass) {
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
TEST(Fanout, AReadOfTheClockAfterTheLastListenerEndsThePass) {
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
TEST(Fanout, BytesFromAListenerAreDiscarded) {
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
