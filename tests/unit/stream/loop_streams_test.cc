#include "stream/listener/loop_streams.h"

#include "stream/streams_fixture.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(LoopStreams, StreamsFixture){};

TEST(LoopStreams, AJoinerGetsHeadHeadersBurstAndThenWhatComes) {
  const auto live = on_air("/a");
  live->writer.headers("HEADERS").units(10, 100);
  publish(*live);
  auto wire = std::make_shared<Wire>();
  auto listener = make(1, std::make_unique<FakeTransport>(wire, always_writable.get()), *live);
  listener->preamble->head = "200 ";
  streams.join(std::move(listener), live->mount, 250);
  CHECK(wire->sent == "200 HEADERS" + pattern_text(700, 1000, 1));
  live->writer.units(2, 100);
  publish(*live);
  CHECK(wire->sent == "200 HEADERS" + pattern_text(700, 1200, 1));
  LONGS_EQUAL(1, live->mount->listener_connections.load());
  LONGS_EQUAL(1, counters.listener_connections.load());
  LONGS_EQUAL(1, live->mount->listener_peak.load());
  LONGS_EQUAL(1, streams.listeners());
  CHECK(captured.says("listener count on /a now 1"));
}
TEST(LoopStreams, AServerThatComesBeforeTheFirstByteIsToldTheAddressAllTheSame) {
  const auto live = on_air("/a");
  auto wire = std::make_shared<Wire>();
  auto relay = make(1, std::make_unique<FakeTransport>(wire, always_writable.get()), *live);
  relay->preamble->head = "200\r\n\r\n";
  streams.join(std::move(relay), live->mount, 250, StreamAsk{});
  settle();
  CHECK(wire->sent.empty());
  LONGS_EQUAL(1, streams.listeners());
  StreamSpan span;
  span.id = {0x1122334455667788, 1};
  live->writer.log->begin_source(0, span);
  publish(*live);  // as a source does that has sent nothing yet
  STRCMP_CONTAINS("200\r\nX-LB-Stream: 11223344556677880000000000000001.0;", wire->sent.c_str());
  const std::size_t head = wire->sent.size();
  live->writer.bytes(100);
  publish(*live);
  CHECK(wire->sent.substr(head) == pattern_text(0, 100, 1));
}
TEST(LoopStreams, AServerThatWaitsForTheFirstByteEndsWithTheMount) {
  const auto live = on_air("/a");
  auto wire = std::make_shared<Wire>();
  auto relay = make(1, std::make_unique<FakeTransport>(wire, always_writable.get()), *live);
  streams.join(std::move(relay), live->mount, 250, StreamAsk{});
  streams.end_all(live->mount.get(), EndReason::kSourceEnded);
  LONGS_EQUAL(0, streams.listeners());
}
TEST(LoopStreams, AJoinerGetsTheNewestWhereNoListenerWas) {
  const auto live = on_air("/a");
  live->writer.bytes(100);
  publish(*live);
  listen(*live);
  streams.kill(*live->mount, 1);
  live->writer.bytes(100);
  live->writer.publish(*live->mount);  // no loop is woken here
  CHECK(listen(*live, 2)->sent == pattern_text(0, 200, 1));
}
TEST(LoopStreams, AJoinerWithoutAPreambleIsServedToo) {
  const auto live = on_air("/a");
  live->writer.bytes(100);
  publish(*live);
  auto wire = std::make_shared<Wire>();
  auto listener = make(1, std::make_unique<FakeTransport>(wire, always_writable.get()), *live);
  listener->preamble.reset();
  streams.join(std::move(listener), live->mount, 40);
  CHECK(wire->sent == pattern_text(60, 100, 1));
}
TEST(LoopStreams, WithoutABurstAJoinerStaysThoughTheWindowIsEmpty) {
  MountSettings settings;
  settings.burst_bytes = 0;
  const auto live = on_air("/a", settings);
  live->writer.bytes(1000);
  publish(*live);
  const auto wire = listen(*live, 1, 0);
  CHECK(wire->sent.empty());
  for (int i = 0; i < 3; ++i) {
    live->writer.bytes(100);
    publish(*live);
  }
  CHECK(wire->sent == pattern_text(1000, 1300, 1));
}
TEST(LoopStreams, WaitsForTheUnitOfAStreamWithHeaders) {
  const auto live = on_air("/a");
  live->writer.headers("HEADERS").bytes(100);
  publish(*live);
  const auto wire = listen(*live);
  CHECK(wire->sent == "HEADERS");
  live->writer.bytes(100).sync().bytes(10);
  publish(*live);
  CHECK(wire->sent == "HEADERS" + pattern_text(200, 210, 1));
}

TEST(LoopStreams, InACrowdTheCountIsSaidTenTimesASecond) {
  const auto live = on_air("/a");
  publish(*live);
  for (std::uint64_t id = 1; id <= 5; ++id) listen(*live, id);
  CHECK(captured.says("listener count on /a now 1"));
  CHECK(!captured.says("listener count on /a now 2"));
  clock.advance(100ms);
  listen(*live, 6);
  CHECK(captured.says("listener count on /a now 6"));
  listen(*live, 7);
  publish(*live);  // a pass logs the count that was left over
  CHECK(captured.says("listener count on /a now 7"));
}
TEST(LoopStreams, SeveralViewsMakeOnePass) {
  const auto live = on_air("/a");
  live->writer.bytes(100);
  publish(*live);
  const auto wire = listen(*live);
  const std::size_t calls = wire->calls.size();
  clock.advance(1s);
  for (int i = 0; i < 5; ++i) {
    live->writer.bytes(10).publish(*live->mount);
    streams.wake(live->mount);
  }
  settle();
  LONGS_EQUAL(calls + 1, wire->calls.size());
  CHECK(wire->sent == pattern_text(0, 150, 1));
}
TEST(LoopStreams, AMountWithoutListenersHereIsNotWoken) {
  const auto live = on_air("/a");
  streams.wake(live->mount);
  settle();
  LONGS_EQUAL(0, live->writer.publish(*live->mount));
}
TEST(LoopStreams, TheNextPassWaitsForThePulse) {
  const auto live = on_air("/a");
  publish(*live);
  const auto wire = listen(*live);
  live->writer.bytes(10);
  publish(*live);
  LONGS_EQUAL(10, wire->sent.size());
  live->writer.bytes(10).publish(*live->mount);
  streams.wake(live->mount);  // no time has passed: five milliseconds are missing
  settle();
  LONGS_EQUAL(10, wire->sent.size());
  while (wire->sent.size() == 10) loop.run_once(true);
  LONGS_EQUAL(20, wire->sent.size());
}
TEST(LoopStreams, ThePauseIsAtMostAQuarterOfTheBurstAndMaxPulse) {
  struct Row {
    std::uint64_t bytes_per_second;
    std::chrono::milliseconds cap;
  };
  // 16384 bytes of burst: a second at 16384 bytes/s.
  for (const Row& row : {Row{0, 400ms}, Row{1000, 400ms}, Row{16'384, 250ms}, Row{32'768, 125ms},
                         Row{1'000'000'000, 5ms}}) {
    MountSettings settings;
    settings.burst_bytes = 16'384;
    settings.max_pulse = 400ms;
    const auto live = on_air("/a", settings);
    live->mount->bytes_per_second = row.bytes_per_second;
    publish(*live);
    const auto wire = listen(*live);
    wire->on_write = [this] { clock.work(10s); };
    for (int i = 0; i < 20; ++i) {
      live->writer.bytes(1);
      publish(*live);
    }
    LONGS_EQUAL(20, wire->sent.size());
    const auto wake_after = [&](std::chrono::milliseconds time) {
      live->writer.bytes(1);
      clock.advance(time);
      live->writer.publish(*live->mount);
      streams.wake(live->mount);
      settle();
    };
    wake_after(row.cap - 1ms);
    LONGS_EQUAL(20, wire->sent.size());
    while (wire->sent.size() == 20) loop.run_once(true);  // the millisecond that was missing
    LONGS_EQUAL(21, wire->sent.size());
    wake_after(row.cap);
    LONGS_EQUAL(22, wire->sent.size());
    clock.advance(1s);
    streams.end_all(nullptr, EndReason::kShutdown);
    settle();
  }
}
TEST(LoopStreams, APassIsCutIntoSlicesAndOthersGetTheLoopBetween) {
  TickingClock ticking;
  Loop slow(0, ticking);
  LoopStreams sliced(slow, LoopStreams::Shared{mounts, counters, captured.log, {}});
  const auto a = on_air("/a"), b = on_air("/b");
  std::vector<std::shared_ptr<Wire>> wires;
  for (std::uint64_t id = 1; id <= 200; ++id) {
    wires.push_back(std::make_shared<Wire>());
    OnAir& live = id <= 150 ? *a : *b;
    sliced.join(
        make(id, std::make_unique<FakeTransport>(wires.back(), always_writable.get()), live),
        live.mount, 0);
  }
  for (OnAir* live : {a.get(), b.get()}) {
    live->writer.bytes(100).publish(*live->mount);
    sliced.wake(live->mount);
  }
  const auto served = [&wires] {
    return std::count_if(wires.begin(), wires.end(),
                         [](const auto& w) { return !w->sent.empty(); });
  };
  slow.run_once(false);
  LONGS_EQUAL(80, served());  // five looks at the clock, one every sixteen listeners
  bool between = false;
  slow.post([&between] { between = true; });
  sliced.wake(a->mount);  // waits for the pass after this one
  CHECK(sliced.kill(*a->mount, 150));
  slow.run_once(false);
  CHECK(between);
  CHECK(served() > 80);
  CHECK(served() < 199);
  for (int i = 0; i < 10; ++i) slow.run_once(false);
  LONGS_EQUAL(199, served());
  CHECK(wires[149]->closed);
  LONGS_EQUAL(199 * 100, a->mount->bytes_sent + b->mount->bytes_sent);
}

TEST(LoopStreams, AListenerThatFallsTooFarBehindIsNamedInTheLog) {
  MountSettings settings;
  settings.burst_bytes = settings.queue_bytes = 1000;
  const auto live = on_air("/a", settings);
  publish(*live);
  const auto wire = listen(*live, 12);
  wire->otherwise = Wire::kAgain;
  live->writer.bytes(100);
  publish(*live);
  live->writer.bytes(1001);
  publish(*live);
  CHECK(wire->closed);
  CHECK(captured.says(
      "INFO source/source Client 12 (192.0.2.7) has fallen too far behind, removing"));
  LONGS_EQUAL(1, live->mount->slow_listeners.load());
  LONGS_EQUAL(1, counters.lagged.load());
}
TEST(LoopStreams, WithSkippingALaggingListenerGoesOnAtTheNewestUnit) {
  patient = true;
  MountSettings settings;
  settings.burst_bytes = 100;
  settings.queue_bytes = 4000;
  settings.lag_policy = LagPolicy::kSkip;
  const auto live = on_air("/a", settings);
  publish(*live);
  const auto wire = listen(*live, 1, 0);
  wire->script = {50};
  wire->otherwise = Wire::kAgain;
  live->writer.units(1, 100);
  publish(*live);
  for (int i = 0; i < 35; ++i) {
    live->writer.units(1, 100);
    publish(*live);
  }
  wire->otherwise = Wire::kEverything;
  settle();
  live->writer.units(1, 100);
  publish(*live);
  CHECK(wire->sent == pattern_text(0, 100, 1) + pattern_text(3500, 3700, 1));
  LONGS_EQUAL(1, live->mount->slow_listeners.load());
  LONGS_EQUAL(1, live->mount->gate().inside());
}
TEST(LoopStreams, TheWindowReachesBackToABlockedListener) {
  MountSettings settings;
  settings.burst_bytes = 100;
  settings.queue_bytes = 100'000;
  const auto live = on_air("/a", settings);
  publish(*live);
  const auto wire = listen(*live, 1, 0);
  wire->otherwise = Wire::kAgain;
  for (int i = 0; i < 50; ++i) {
    live->writer.bytes(1000);
    publish(*live);
  }
  LONGS_EQUAL(0, live->mount->channel().newest()->begin);
  wire->otherwise = Wire::kEverything;
  settle();
  CHECK(wire->sent == pattern_text(0, 50'000, 1));
  live->writer.bytes(1000);
  publish(*live, *live);
  LONGS_EQUAL(50'900, live->mount->channel().newest()->begin);
}
TEST(LoopStreams, MaxDurationEndsAListener) {
  const auto live = on_air("/a");
  publish(*live);
  auto wire = std::make_shared<Wire>();
  auto listener = make(1, std::make_unique<FakeTransport>(wire, always_writable.get()), *live);
  listener->until = clock.steady() + 10s;
  streams.join(std::move(listener), live->mount, 0);
  publish(*live);
  CHECK(!wire->closed);
  clock.advance(9s);
  publish(*live);
  CHECK(wire->closed);
  CHECK(captured.accesses().find(" 11\n") != std::string::npos);
}
// No pass comes any more that would find it behind the window.
TEST(LoopStreams, AListenerThatTakesNothingOfAStreamThatIsOverIsEnded) {
  const auto live = on_air("/a");
  publish(*live);
  const auto stands = listen(*live, 1), slow = listen(*live, 2);
  stands->otherwise = slow->otherwise = Wire::kAgain;
  live->writer.bytes(100);
  publish(*live);
  clock.advance(10min);
  end(*live);
  const auto look = [this] {  // at what is due by now, without waiting for the timer
    streams.end_overdue();
    settle();
  };
  look();
  clock.advance(29s);
  slow->script = {10};
  settle();
  look();
  CHECK(!stands->closed);
  clock.advance(1s);
  look();
  CHECK(stands->closed);
  CHECK(captured.says("Client 1 (192.0.2.7) has fallen too far behind, removing"));
  CHECK(!slow->closed);
  LONGS_EQUAL(1, live->mount->slow_listeners.load());
  slow->otherwise = Wire::kEverything;
  settle();
  CHECK(slow->sent == pattern_text(0, 100, 1));
  CHECK(slow->closed);
}

TEST(LoopStreams, KillsOneListenerByItsId) {
  const auto a = on_air("/a"), b = on_air("/b");
  publish(*a);
  const auto first = listen(*a, 1), second = listen(*a, 2);
  CHECK(!streams.kill(*a->mount, 3));
  CHECK(!streams.kill(*b->mount, 1));
  CHECK(streams.kill(*a->mount, 2));
  CHECK(second->closed);
  CHECK(!first->closed);
  CHECK(!streams.kill(*a->mount, 2));
}
TEST(LoopStreams, KillsOneListenerWhereverItListens) {
  const auto a = on_air("/a", falling_back_to("/b")), b = on_air("/b");
  publish(*b, *a);
  const auto moved = listen(*a, 1), draining = listen(*a, 2);
  draining->otherwise = Wire::kAgain;
  a->writer.bytes(100);
  end(*a);
  CHECK(ids(*b) == std::vector<std::uint64_t>{1});
  CHECK(!streams.kill(3));
  CHECK(!streams.kill(1, true));  // its client has not closed its side
  CHECK(streams.kill(1) && moved->closed);
  CHECK(streams.kill(2) && draining->closed);  // of a mount that is in no table
  CHECK(!streams.kill(1) && !streams.kill(2));
  LONGS_EQUAL(0, streams.listeners());
}
TEST(LoopStreams, EndsTheListenersOfOneMountOrOfAll) {
  const auto a = on_air("/a"), b = on_air("/b"), c = on_air("/c");
  const auto at_a = listen(*a, 1), at_b = listen(*b, 2), at_c = listen(*c, 3);
  streams.end_all(a->mount.get(), EndReason::kSourceEnded);
  CHECK(at_a->closed);
  CHECK(!at_b->closed);
  streams.end_all(nullptr, EndReason::kShutdown);
  CHECK(at_b->closed);
  CHECK(at_c->closed);
  LONGS_EQUAL(0, streams.listeners());
}
TEST(LoopStreams, EndsTheLongestConnectedListeners) {
  const auto a = on_air("/a"), b = on_air("/b");
  std::vector<std::shared_ptr<Wire>> wires;
  for (std::uint64_t id = 1; id <= 6; ++id) {
    wires.push_back(listen(id % 2 == 0 ? *a : *b, id));
    if (id % 2 == 0) clock.advance(std::chrono::seconds(1));  // two at a time
  }
  LONGS_EQUAL(0, streams.end_oldest(0, EndReason::kMoved));
  LONGS_EQUAL(3, streams.end_oldest(3, EndReason::kMoved));
  for (std::size_t i = 0; i < 6; ++i) CHECK_EQUAL(i < 3, wires[i]->closed);
  LONGS_EQUAL(3, streams.end_oldest(100, EndReason::kMoved));
  LONGS_EQUAL(0, streams.listeners());
  LONGS_EQUAL(0, streams.end_oldest(1, EndReason::kMoved));
}
TEST(LoopStreams, ServersThatRelayAreNotSentAway) {
  const auto a = on_air("/a");
  const auto person = listen(*a, 2);
  auto server = std::make_shared<Wire>();
  auto relay = make(1, std::make_unique<FakeTransport>(server, always_writable.get()), *a);
  a->mount->relay_gate().enter();
  relay->relay_pass = GatePass(&a->mount->relay_gate());
  streams.join(std::move(relay), a->mount, 0);
  LONGS_EQUAL(2, streams.listeners());
  LONGS_EQUAL(1, streams.audience());
  LONGS_EQUAL(1, streams.end_oldest(100, EndReason::kMoved));
  CHECK(!server->closed);
  CHECK(person->closed);
  LONGS_EQUAL(0, streams.audience());
}
TEST(LoopStreams, CountsWhatItHasSentOverAllMounts) {
  const auto a = on_air("/a"), b = on_air("/b");
  const auto first = listen(*a, 1), second = listen(*b, 2);
  a->writer.bytes(100);
  b->writer.bytes(70);
  publish(*a, *b);
  LONGS_EQUAL(170, streams.bytes_sent());
}
TEST(LoopStreams, ListsWhatItKnowsOfItsListeners) {
  const auto a = on_air("/a"), b = on_air("/b");
  publish(*a);
  const auto wire = listen(*a, 5);
  a->writer.bytes(100);
  wire->script = {30, Wire::kAgain};
  wire->otherwise = Wire::kAgain;
  clock.advance(6s);
  publish(*a);
  const auto rows = streams.list(*a->mount);
  LONGS_EQUAL(1, rows.size());
  LONGS_EQUAL(5, rows[0].id);
  STRCMP_EQUAL("192.0.2.7", rows[0].address.c_str());
  STRCMP_EQUAL("Player/1", rows[0].agent.c_str());
  STRCMP_EQUAL("http://ref/", rows[0].referer.c_str());
  STRCMP_EQUAL("anna", rows[0].user.c_str());
  LONGS_EQUAL(7, rows[0].seconds);
  LONGS_EQUAL(70, rows[0].lag_bytes);
  LONGS_EQUAL(30, rows[0].bytes_sent);
  CHECK(streams.list(*b->mount).empty());
}
TEST(LoopStreams, UsesTheCallThatIsConfigured) {
  const auto live = on_air("/a");
  publish(*live);
  const auto wire = listen(*live);
  for (const auto& [call, file] :
       {std::pair(DeliveryCall::kSendfile, true), {DeliveryCall::kWritev, false}}) {
    streams.set_delivery(call);
    live->writer.bytes(10);
    publish(*live);
    CHECK_EQUAL(file, wire->calls.back().file);
  }
}
TEST(LoopStreams, AQuietLogIsNotAskedToCount) {
  CapturedLog quiet(clock, LogLevel::kError);
  LoopStreams other(loop, LoopStreams::Shared{mounts, counters, quiet.log, {}});
  const auto live = on_air("/a");
  auto wire = std::make_shared<Wire>();
  other.join(make(1, std::make_unique<FakeTransport>(wire, always_writable.get()), *live),
             live->mount, 0);
  other.end_all(nullptr, EndReason::kShutdown);
  CHECK(quiet.errors().empty());
  CHECK(!quiet.accesses().empty());
}

// A mount that is over, with its window of up to queue-size, must not stay in memory.
TEST(LoopStreams, ForgetsAMountWhenTheLastListenerOfAnEndedSourceHasGone) {
  patient = true;
  std::weak_ptr<Mount> mount;
  const auto gone_after = [&](std::function<void(OnAir&, Wire&)> what) {
    const auto live = on_air("/a");
    live->writer.bytes(100);
    publish(*live);
    const auto wire = listen(*live);
    what(*live, *wire);
    settle();
    mount = live->mount;
  };
  gone_after([this](OnAir& live, Wire&) { end(live); });
  CHECK(mount.expired());
  gone_after([this](OnAir& live, Wire& wire) {
    wire.otherwise = Wire::kAgain;
    live.writer.bytes(100);
    publish(live);
    end(live);
    wire.otherwise = Wire::kEverything;  // drains what is left long after the end
    clock.advance(1s);
    settle();
    CHECK(wire.closed);
  });
  CHECK(mount.expired());
  gone_after([this](OnAir& live, Wire& wire) {
    wire.otherwise = Wire::kAgain;
    live.writer.bytes(100);
    publish(live);
    end(live);
    clock.advance(1s);
    streams.kill(*live.mount, 1);
  });
  CHECK(mount.expired());
  gone_after([this](OnAir& live, Wire&) {
    end(live);
    clock.advance(1s);
    listen(live, 2);  // came between the end and the table
  });
  CHECK(mount.expired());
}
TEST(LoopStreams, ForgetsAMountFromWhichAllListenersHaveMoved) {
  patient = true;
  std::weak_ptr<Mount> mount;
  const auto b = on_air("/b");
  publish(*b);
  {
    const auto a = on_air("/a");
    publish(*a);
    listen(*a);
    clock.advance(1s);
    streams.move(*a->mount, b->mount);
    settle();
    mount = a->mount;
    mounts.erase("/a");
  }
  CHECK(mount.expired());
}
