#include "stream/loop_streams.h"

#include <map>

#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

// A mount and who writes it.
struct OnAir {
  OnAir(const std::string& name, MountSettings settings, std::uint64_t seed,
        const std::string& type)
      : mount(std::make_shared<Mount>(name, lb::test::mount_settings(settings), 1)), writer(seed) {
    auto facts = std::make_shared<SourceFacts>();
    facts->content_type = type;
    mount->set_facts(facts);
    writer.window = {settings.burst_bytes, settings.queue_bytes};
  }
  std::shared_ptr<Mount> mount;
  Writer writer;
};

// Every look at it takes a millisecond.
struct TickingClock final : Clock {
  SteadyTime steady() const noexcept override { return now += 1ms; }
  WallTime wall() const noexcept override { return {}; }
  std::chrono::nanoseconds thread_work() const noexcept override { return 0ns; }
  mutable SteadyTime now{1000s};
};

}  // namespace

TEST_GROUP(LoopStreams) {
  FakeClock clock;
  Loop loop{0, clock};
  LogBook book{clock};
  MountTable mounts;
  ServerCounters counters;
  std::map<std::string, std::string, std::less<>> fallbacks;
  UniqueFd always_writable{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  LoopStreams streams{
      loop, LoopStreams::Shared{mounts, counters, book.log, [this](std::string_view name) {
                                  const auto at = fallbacks.find(name);
                                  return at == fallbacks.end() ? "" : at->second;
                                }}};
  std::uint64_t next_seed = 1;
  bool patient = false;  // passes follow each other: somebody moves

  std::unique_ptr<OnAir> on_air(const std::string& name, MountSettings settings = {},
                                const std::string& type = "audio/mpeg") {
    auto made = std::make_unique<OnAir>(name, std::move(settings), next_seed++, type);
    mounts.put(made->mount);
    return made;
  }
  void settle() {
    for (int i = 0; i < 8; ++i) loop.run_once(false);
    if (!patient) return;
    // A pass that waits for the pulse was asked for earlier and waits a shorter time.
    bool over = false;
    Timer timer(loop, [&over] { over = true; });
    timer.after(6ms);
    while (!over) loop.run_once(true);
  }
  void publish(OnAir & live, bool ended = false) {
    clock.advance(1s);  // the pulse allows
    if (live.writer.publish(*live.mount, ended) != 0) streams.wake(live.mount);
    settle();
  }
  // What happens when a source leaves.
  void end(OnAir & live) {
    mounts.erase(live.mount->name());
    publish(live, true);
  }
  std::unique_ptr<Listener> make(std::uint64_t id, std::unique_ptr<Transport> transport,
                                 OnAir & live, std::uint32_t metaint = 0) {
    auto listener = std::make_unique<Listener>(
        id, std::move(transport),
        RequestFacts("GET /a HTTP/1.0", "http://ref/", "Player/1", "anna"));
    listener->home = std::make_shared<const std::string>(live.mount->name());
    listener->joined = clock.steady();
    listener->icy.metaint = listener->icy.until_block = metaint;
    listener->preamble = std::make_unique<Preamble>();
    live.mount->gate().enter();
    listener->mount_pass = GatePass(&live.mount->gate());
    return listener;
  }
  std::shared_ptr<Wire> listen(OnAir & live, std::uint64_t id = 1, std::size_t burst = 65536,
                               std::uint32_t metaint = 0) {
    auto wire = std::make_shared<Wire>();
    streams.join(
        make(id, std::make_unique<FakeTransport>(wire, always_writable.get()), live, metaint),
        live.mount, burst);
    return wire;
  }
  std::vector<std::uint64_t> ids(const OnAir& live) const {
    std::vector<std::uint64_t> all;
    for (const ListenerState& state : streams.list(*live.mount)) all.push_back(state.id);
    std::sort(all.begin(), all.end());
    return all;
  }
};

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
  CHECK(book.says("listener count on /a now 1"));
}
TEST(LoopStreams, AJoinerGetsTheNewestWhereNobodyHasListened) {
  const auto live = on_air("/a");
  live->writer.bytes(100);
  publish(*live);
  listen(*live);
  streams.kill(*live->mount, 1);
  live->writer.bytes(100);
  live->writer.publish(*live->mount);  // nobody is woken here
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
  LoopStreams sliced(slow, LoopStreams::Shared{mounts, counters, book.log, {}});
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

TEST(LoopStreams, WithoutAFallbackListenersEndWithTheirSource) {
  const auto live = on_air("/a");
  live->writer.bytes(100);
  publish(*live);
  const auto wire = listen(*live, 7);
  live->writer.bytes(50);
  clock.advance(4s);
  end(*live);
  CHECK(wire->sent == pattern_text(0, 150, 1));
  CHECK(wire->closed);
  LONGS_EQUAL(0, streams.listeners());
  LONGS_EQUAL(0, live->mount->gate().inside());
  CHECK(book.accesses().find("192.0.2.7 - anna [") == 0);
  CHECK(book.accesses().find("\"GET /a HTTP/1.0\" 200 150 \"http://ref/\" \"Player/1\" 5\n") !=
        std::string::npos);
  CHECK(book.says("listener count on /a now 0"));
}
TEST(LoopStreams, ListenersPlayOnAtTheFallback) {
  patient = true;
  MountSettings settings;
  settings.fallback_mount = "/b";
  const auto a = on_air("/a", settings), b = on_air("/b");
  b->writer.units(5, 100).bytes(30);
  publish(*b);
  publish(*a);
  const auto wire = listen(*a);
  a->writer.bytes(100);
  end(*a);
  CHECK(wire->sent == pattern_text(0, 100, 1) + pattern_text(400, 530, 2));  // the newest unit
  LONGS_EQUAL(0, a->mount->gate().inside());
  LONGS_EQUAL(1, b->mount->gate().inside());
  LONGS_EQUAL(1, b->mount->listener_peak.load());
  LONGS_EQUAL(0, b->mount->listener_connections.load());
  b->writer.bytes(20);
  publish(*b);
  CHECK(wire->sent == pattern_text(0, 100, 1) + pattern_text(400, 550, 2));
  CHECK(book.accesses().empty());
}
TEST(LoopStreams, AFallbackWithHeadersSendsThemFirst) {
  patient = true;
  MountSettings settings;
  settings.fallback_mount = "/b";
  const auto a = on_air("/a", settings), b = on_air("/b");
  b->writer.headers("HEADERS").units(5, 100);
  publish(*b);
  publish(*a);
  const auto wire = listen(*a);
  end(*a);
  CHECK(wire->sent == "HEADERS" + pattern_text(400, 500, 2));
}
TEST(LoopStreams, TheChainOfFallbacksPassesMountsThatAreNotThere) {
  MountSettings settings;
  settings.fallback_mount = "/gone";
  fallbacks = {{"/gone", "/ended"}, {"/ended", "/c"}};
  const auto a = on_air("/a", settings), ended = on_air("/ended"), c = on_air("/c");
  ended->writer.publish(*ended->mount, true);
  publish(*c);
  publish(*a);
  listen(*a, 3);
  end(*a);
  CHECK(ids(*c) == std::vector<std::uint64_t>{3});
}
TEST(LoopStreams, AChainOfFallbacksThatIsALoopEnds) {
  MountSettings settings;
  settings.fallback_mount = "/x";
  fallbacks = {{"/x", "/y"}, {"/y", "/x"}};
  const auto a = on_air("/a", settings);
  publish(*a);
  const auto wire = listen(*a);
  end(*a);
  CHECK(wire->closed);
}
TEST(LoopStreams, AMountThatIsItsOwnFallbackEnds) {
  MountSettings settings;
  settings.fallback_mount = "/a";
  fallbacks = {{"/a", "/a"}};
  const auto a = on_air("/a", settings);
  publish(*a);
  const auto wire = listen(*a);
  publish(*a, true);  // still in the table
  CHECK(wire->closed);
}
TEST(LoopStreams, AFallbackOfAnotherFormatIsNone) {
  MountSettings settings;
  settings.fallback_mount = "/b";
  const auto a = on_air("/a", settings), b = on_air("/b", {}, "application/ogg");
  publish(*b);
  publish(*a);
  const auto wire = listen(*a);
  end(*a);
  CHECK(wire->closed);
  LONGS_EQUAL(0, b->mount->gate().inside());
}
TEST(LoopStreams, ListenersComeHomeWhenTheirSourceReturnsAndOthersStay) {
  patient = true;
  MountSettings settings;
  settings.fallback_mount = "/b";
  const auto a = on_air("/a", settings), b = on_air("/b");
  b->writer.units(5, 100);
  publish(*b);
  publish(*a);
  const auto wire = listen(*a, 1), direct = listen(*b, 2);
  a->writer.bytes(100);
  end(*a);
  CHECK(ids(*b) == (std::vector<std::uint64_t>{1, 2}));
  const auto again = on_air("/a", settings);
  again->writer.log->begin_source();
  publish(*again);
  clock.advance(1s);
  streams.bring_home(again->mount);
  settle();
  CHECK(ids(*b) == std::vector<std::uint64_t>{2});
  CHECK(ids(*again) == std::vector<std::uint64_t>{1});
  again->writer.bytes(60);
  publish(*again);
  b->writer.bytes(10);
  publish(*b);
  CHECK(wire->sent == pattern_text(0, 100, 1) + pattern_text(400, 500, 2) + pattern_text(0, 60, 3));
  CHECK(direct->sent == pattern_text(0, 510, 2));
  LONGS_EQUAL(1, again->mount->gate().inside());
  LONGS_EQUAL(1, b->mount->gate().inside());
}
TEST(LoopStreams, WhoStillDrainsTheOldStreamComesHomeToo) {
  patient = true;
  const auto old = on_air("/a");
  publish(*old);
  const auto wire = listen(*old);
  wire->script = {50};
  wire->otherwise = Wire::kAgain;
  old->writer.units(5, 100);
  publish(*old);
  end(*old);
  const auto again = on_air("/a");
  again->writer.log->begin_source();
  again->writer.bytes(30);
  publish(*again);
  streams.bring_home(again->mount);
  settle();
  LONGS_EQUAL(0, streams.list(*again->mount).size());
  wire->otherwise = Wire::kEverything;
  settle();
  CHECK(wire->sent == pattern_text(0, 100, 1) + pattern_text(0, 30, 2));
  CHECK(ids(*again) == std::vector<std::uint64_t>{1});
}
TEST(LoopStreams, ComesHomeAtTheSeamOrLiveWhenThatHasPassed) {
  patient = true;
  MountSettings home;
  home.burst_bytes = home.queue_bytes = 300;
  const auto b = on_air("/b");
  const auto a = on_air("/a", home);
  publish(*b);
  const auto wire = listen(*b);
  // The listener was asked for at /a.
  streams.kill(*b->mount, 1);
  auto guest = make(2, std::make_unique<FakeTransport>(wire, always_writable.get()), *a);
  guest->mount_pass.leave();
  streams.join(std::move(guest), b->mount, 0);
  a->writer.units(10, 100);
  publish(*a);
  streams.bring_home(a->mount);
  settle();
  CHECK(wire->sent == pattern_text(900, 1000, 2));
}

TEST(LoopStreams, MovingLeavesAtTheEndOfTheUnitAndEntersAtTheNewest) {
  patient = true;
  const auto a = on_air("/a"), b = on_air("/b");
  b->writer.units(7, 100);
  publish(*b);
  publish(*a);
  const auto wire = listen(*a);
  a->writer.units(2, 100);
  publish(*a);
  wire->script = {250};  // stands in the middle of a unit
  wire->otherwise = Wire::kAgain;
  a->writer.units(4, 100);
  publish(*a);
  LONGS_EQUAL(450, wire->sent.size());
  LONGS_EQUAL(1, streams.move(*a->mount, b->mount));
  settle();
  LONGS_EQUAL(450, wire->sent.size());
  wire->otherwise = Wire::kEverything;
  settle();
  CHECK(wire->sent == pattern_text(0, 500, 1) + pattern_text(600, 700, 2));
  CHECK(ids(*b) == std::vector<std::uint64_t>{1});
  LONGS_EQUAL(0, streams.move(*a->mount, b->mount));
}
TEST(LoopStreams, WhoHasHeardEverythingMovesWithoutWaitingForMore) {
  patient = true;
  const auto a = on_air("/a"), b = on_air("/b");
  publish(*b);
  a->writer.units(3, 100);
  publish(*a);
  listen(*a, 1);
  listen(*a, 2);
  clock.advance(1s);
  LONGS_EQUAL(2, streams.move(*a->mount, b->mount));
  settle();
  CHECK(ids(*b) == (std::vector<std::uint64_t>{1, 2}));
}
TEST(LoopStreams, AMoveKeepsTheIcyPhaseAndTellsTheTitleAgain) {
  patient = true;
  const auto a = on_air("/a"), b = on_air("/b");
  a->writer.title("at a").bytes(100);
  b->writer.title("at b").bytes(100);
  publish(*a);
  publish(*b);
  const auto wire = listen(*a, 1, 65536, 64);
  a->writer.bytes(150);
  publish(*a);
  clock.advance(1s);
  streams.move(*a->mount, b->mount);
  settle();
  for (int i = 0; i < 5; ++i) {
    b->writer.bytes(90);
    publish(*b);
  }
  clock.advance(1s);
  streams.move(*b->mount, a->mount);
  settle();
  a->writer.bytes(200);
  publish(*a);
  std::string audio;
  std::vector<std::string> titles;
  for (std::size_t at = 0; at < wire->sent.size();) {
    audio += wire->sent.substr(at, 64);
    at += 64;
    if (at >= wire->sent.size()) break;
    const std::size_t size = 1 + 16 * static_cast<unsigned char>(wire->sent[at]);
    titles.push_back(size == 1 ? "" : wire->sent.substr(at + 1, size - 1).c_str());
    at += size;
  }
  CHECK(audio == pattern_text(0, 250, 1) + pattern_text(100, 550, 2) + pattern_text(250, 450, 1));
  CHECK(titles ==
        (std::vector<std::string>{"StreamTitle='at a';", "", "", "StreamTitle='at b';", "", "", "",
                                  "", "", "", "StreamTitle='at a';", "", "", ""}));
}
TEST(LoopStreams, ATitleThatIsHalfSentIsFinishedBeforeTheMove) {
  patient = true;
  const auto a = on_air("/a"), b = on_air("/b");
  a->writer.title("at a").bytes(100);
  b->writer.title("at b").bytes(100);
  publish(*a);
  publish(*b);
  auto wire = std::make_shared<Wire>();
  wire->stops = {70};
  streams.join(make(1, std::make_unique<FakeTransport>(wire, always_writable.get()), *a, 64),
               a->mount, 65536);
  LONGS_EQUAL(70, wire->sent.size());
  clock.advance(1s);
  streams.move(*a->mount, b->mount);
  settle();
  b->writer.bytes(100);
  publish(*b);
  const std::string block_a = make_icy_metadata("at a", "", "", "").icy_block;
  const std::string block_b = make_icy_metadata("at b", "", "", "").icy_block;
  CHECK(wire->sent == pattern_text(0, 64, 1) + block_a + pattern_text(64, 100, 1) +
                          pattern_text(100, 128, 2) + block_b + pattern_text(128, 192, 2) +
                          std::string(1, '\0') + pattern_text(192, 200, 2));
}
TEST(LoopStreams, MovingToAMountThatHasEndedGoesOnToItsFallback) {
  patient = true;
  MountSettings settings;
  settings.fallback_mount = "/c";
  const auto a = on_air("/a"), b = on_air("/b", settings), c = on_air("/c");
  for (OnAir* live : {a.get(), b.get(), c.get()}) publish(*live);
  b->writer.publish(*b->mount, true);
  listen(*a);
  clock.advance(1s);
  streams.move(*a->mount, b->mount);
  settle();
  CHECK(ids(*c) == std::vector<std::uint64_t>{1});
}
TEST(LoopStreams, MovingToTheSameMountSkipsToLive) {
  patient = true;
  const auto a = on_air("/a");
  publish(*a);
  const auto wire = listen(*a);
  wire->script = {50};
  wire->otherwise = Wire::kAgain;
  a->writer.units(10, 100);
  publish(*a);
  streams.move(*a->mount, a->mount);
  wire->otherwise = Wire::kEverything;
  settle();
  CHECK(wire->sent == pattern_text(0, 100, 1) + pattern_text(900, 1000, 1));
  LONGS_EQUAL(1, a->mount->gate().inside());
}

TEST(LoopStreams, WhoFallsTooFarBehindIsNamedInTheLog) {
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
  CHECK(book.says("INFO source/source Client 12 (192.0.2.7) has fallen too far behind, removing"));
  LONGS_EQUAL(1, live->mount->slow_listeners.load());
}
TEST(LoopStreams, WithSkippingWhoLagsGoesOnAtTheNewestUnit) {
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
TEST(LoopStreams, TheWindowReachesBackToWhoIsBlocked) {
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
  publish(*live);
  publish(*live);
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
  CHECK(book.accesses().find(" 11\n") != std::string::npos);
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
  STRCMP_EQUAL("192.0.2.7", rows[0].ip.c_str());
  STRCMP_EQUAL("Player/1", rows[0].user_agent.c_str());
  STRCMP_EQUAL("http://ref/", rows[0].referer.c_str());
  STRCMP_EQUAL("anna", rows[0].user.c_str());
  LONGS_EQUAL(7, rows[0].connected_seconds);
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
  LogBook quiet(clock, LogLevel::kError);
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
TEST(LoopStreams, ForgetsAMountFromWhichEverybodyHasMoved) {
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
