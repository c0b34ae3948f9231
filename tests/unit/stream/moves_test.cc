// Listeners that change their mount: fallback, return, moveclients.
#include <thread>

#include "stream/streams_fixture.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(Moves, StreamsFixture) {
  std::unique_ptr<OnAir> intro;

  void setup() override { patient = true; }
  // A listener that asked for `home` and counts at `live`; its client takes no byte of the intro.
  std::shared_ptr<Wire> hear_intro(OnAir & home, OnAir & live, std::uint64_t id = 1) {
    if (!intro) {
      intro = std::make_unique<OnAir>("/intro.mp3", MountSettings(), next_seed++, "");
      auto facts = std::make_shared<SourceFacts>();
      facts->from_file = true;
      intro->mount->set_facts(facts);
      intro->writer.bytes(100).publish(*intro->mount, true);
    }
    auto wire = std::make_shared<Wire>();
    wire->otherwise = Wire::kAgain;
    auto listener = make(id, std::make_unique<FakeTransport>(wire, always_writable.get()), live);
    listener->home = std::make_shared<const std::string>(home.mount->name());
    streams.join(std::move(listener), live.mount, ListenerIntro{intro->mount, 60s});
    return wire;
  }
};

TEST(Moves, WithoutAFallbackListenersEndWithTheirSource) {
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
  CHECK(captured.accesses().find("192.0.2.7 - anna [") == 0);
  CHECK(captured.accesses().find("\"GET /a HTTP/1.0\" 200 150 \"http://ref/\" \"Player/1\" 5\n") !=
        std::string::npos);
  CHECK(captured.says("listener count on /a now 0"));
}
TEST(Moves, ListenersPlayOnAtTheFallback) {
  const auto a = on_air("/a", falling_back_to("/b")), b = on_air("/b");
  b->writer.units(5, 100).bytes(30);
  publish(*b, *a);
  const auto wire = listen(*a);
  a->writer.bytes(100);
  end(*a);
  CHECK(wire->sent == pattern_text(0, 100, 1) + pattern_text(400, 530, 2));  // the newest unit
  LONGS_EQUAL(0, a->mount->gate().inside());
  LONGS_EQUAL(1, b->mount->gate().inside());
  LONGS_EQUAL(1, b->mount->listener_peak.load());
  LONGS_EQUAL(0, b->mount->listener_connections.load());
  CHECK(captured.says("listener count on /a now 0"));
  CHECK(captured.says("listener count on /b now 1"));
  b->writer.bytes(20);
  publish(*b);
  CHECK(wire->sent == pattern_text(0, 100, 1) + pattern_text(400, 550, 2));
  CHECK(captured.accesses().empty());
}
TEST(Moves, OneListenerIsMovedAndPagesHaveTheOthers) {
  const auto a = on_air("/a"), b = on_air("/b");
  a->writer.units(2, 100);
  b->writer.units(2, 100);
  publish(*a, *b);
  for (const std::uint64_t id : {5U, 1U, 4U, 2U, 3U}) listen(*a, id);
  CHECK(streams.move(*a->mount, b->mount, 9) == ListenerMove::kNone);
  CHECK(streams.move(*a->mount, b->mount, 3) == ListenerMove::kMoved);
  a->writer.units(1, 100);
  publish(*a);
  CHECK(ids(*b) == std::vector<std::uint64_t>{3});
  const auto page = [&](std::uint64_t after, std::size_t most) {
    std::string text;
    const ListenerPage found = streams.page(*a->mount, after, most);
    for (const ListenerRow& row : found.rows) text += std::to_string(row.id) + " ";
    return text + (found.more ? "more" : "");
  };
  CHECK_EQUAL(std::string("1 2 more"), page(0, 2));
  CHECK_EQUAL(std::string("4 5 "), page(2, 2));
  CHECK_EQUAL(std::string("1 2 4 5 "), page(0, 200));
  CHECK_EQUAL(std::string(""), page(5, 2));
  // Nothing more has been sent: the newest byte is there already.
  UNSIGNED_LONGS_EQUAL(0, *streams.page(*a->mount, 0, 1).rows.at(0).lag_ms);
}
TEST(Moves, AFallbackWithHeadersSendsThemFirst) {
  const auto a = on_air("/a", falling_back_to("/b")), b = on_air("/b");
  b->writer.headers("HEADERS").units(5, 100);
  publish(*b, *a);
  const auto wire = listen(*a);
  end(*a);
  CHECK(wire->sent == "HEADERS" + pattern_text(400, 500, 2));
}
TEST(Moves, TheChainOfFallbacksPassesMountsThatAreNotThere) {
  fallbacks = {{"/gone", "/ended"}, {"/ended", "/c"}};
  const auto a = on_air("/a", falling_back_to("/gone")), ended = on_air("/ended"), c = on_air("/c");
  ended->writer.publish(*ended->mount, true);
  publish(*c, *a);
  listen(*a, 3);
  end(*a);
  CHECK(ids(*c) == std::vector<std::uint64_t>{3});
}
TEST(Moves, AChainOfFallbacksThatIsALoopEnds) {
  fallbacks = {{"/x", "/y"}, {"/y", "/x"}};
  const auto a = on_air("/a", falling_back_to("/x"));
  publish(*a);
  const auto wire = listen(*a);
  end(*a);
  CHECK(wire->closed);
}
TEST(Moves, AMountThatIsItsOwnFallbackEnds) {
  fallbacks = {{"/a", "/a"}};
  const auto a = on_air("/a", falling_back_to("/a"));
  publish(*a);
  const auto wire = listen(*a);
  publish(*a, true);  // still in the table
  CHECK(wire->closed);
}
TEST(Moves, AFallbackOfAnotherFormatIsNone) {
  const auto a = on_air("/a", falling_back_to("/b")), b = on_air("/b", {}, "application/ogg");
  publish(*b, *a);
  const auto wire = listen(*a);
  end(*a);
  CHECK(wire->closed);
  LONGS_EQUAL(0, b->mount->gate().inside());
}
TEST(Moves, ListenersComeHomeWhenTheirSourceReturnsAndOthersStay) {
  const MountSettings settings = falling_back_to("/b");
  const auto a = on_air("/a", settings), b = on_air("/b");
  b->writer.units(5, 100);
  publish(*b, *a);
  const auto wire = listen(*a, 1), direct = listen(*b, 2);
  a->writer.bytes(100);
  end(*a);
  CHECK(ids(*b) == (std::vector<std::uint64_t>{1, 2}));
  const auto again = on_air("/a", settings);
  again->writer.log->begin_source(again->writer.log->head());
  again->writer.bytes(10);
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
  CHECK(wire->sent == pattern_text(0, 100, 1) + pattern_text(400, 500, 2) + pattern_text(0, 70, 3));
  CHECK(direct->sent == pattern_text(0, 510, 2));
  LONGS_EQUAL(1, again->mount->gate().inside());
  LONGS_EQUAL(1, b->mount->gate().inside());
}
TEST(Moves, ListenersComeNearerToTheirMountAlongItsFallbacks) {
  fallbacks = {{"/asked", "/a"}, {"/a", "/b"}, {"/b", "/c"}, {"/circle", "/c"}, {"/c", "/circle"}};
  const auto c = on_air("/c");
  c->writer.units(5, 100);
  publish(*c);
  const auto asked = on_air("/asked"), circle = on_air("/circle");
  const auto join = [&](std::uint64_t id, OnAir& home, OnAir& heard) {
    auto transport =
        std::make_unique<FakeTransport>(std::make_shared<Wire>(), always_writable.get());
    auto guest = make(id, std::move(transport), home);
    guest->mount_pass.leave();
    streams.join(std::move(guest), heard.mount, 0);
  };
  join(1, *asked, *c);
  join(2, *c, *c);
  join(3, *circle, *c);
  const auto other = on_air("/other");
  publish(*other);
  join(4, *asked, *other);  // where an administrator has moved it
  CHECK(streams.have_away({"/b", "/c", "/a"}) == (std::vector<bool>{true, false, true}));
  const auto begin = [&](const char* name) {
    auto begun = on_air(name);
    begun->writer.bytes(10);
    publish(*begun);
    streams.bring_home(begun->mount);
    settle();
    c->writer.units(1, 100);
    publish(*c);
    settle();
    return begun;
  };
  const auto b = begin("/b");
  CHECK(ids(*b) == std::vector<std::uint64_t>{1});
  const auto a = begin("/a");
  CHECK(ids(*a) == std::vector<std::uint64_t>{1});
  streams.bring_home(b->mount);
  settle();
  CHECK(ids(*a) == std::vector<std::uint64_t>{1});
  CHECK(ids(*c) == (std::vector<std::uint64_t>{2, 3}));
  CHECK(ids(*other) == std::vector<std::uint64_t>{4});
}
TEST(Moves, NoListenerComesHomeToAMountThatHasEndedAgain) {
  const MountSettings settings = falling_back_to("/b");
  const auto a = on_air("/a", settings), b = on_air("/b");
  publish(*b, *a);
  listen(*a);
  end(*a);
  LONGS_EQUAL(1, b->mount->gate().inside());
  mounts.erase("/a");
  const auto again = on_air("/a", settings);
  publish(*again);
  streams.bring_home(again->mount);
  again->mount->set_phase(MountPhase::kEnded);
  settle();
  LONGS_EQUAL(1, b->mount->gate().inside());
  LONGS_EQUAL(0, again->mount->gate().inside());
}
TEST(Moves, AListenerThatStillDrainsTheOldStreamComesHomeToo) {
  const auto old = on_air("/a");
  publish(*old);
  const auto wire = listen(*old);
  wire->script = {50};
  wire->otherwise = Wire::kAgain;
  old->writer.units(5, 100);
  publish(*old);
  end(*old);
  const auto again = on_air("/a");
  again->writer.log->begin_source(again->writer.log->head());
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
TEST(Moves, AListenerOfAnotherMountThatDrainsTheOldStreamGoesOnWithTheNext) {
  fallbacks = {{"/top", "/a"}, {"/a", "/b"}};
  const auto top = on_air("/top"), old = on_air("/a"), b = on_air("/b");
  publish(*b, *old);
  const auto wire = std::make_shared<Wire>();
  wire->script = {50};
  wire->otherwise = Wire::kAgain;
  auto guest = make(1, std::make_unique<FakeTransport>(wire, always_writable.get()), *top);
  guest->mount_pass.leave();
  streams.join(std::move(guest), old->mount, 0);
  old->writer.units(5, 100);
  publish(*old);
  end(*old);
  const auto again = on_air("/a");
  again->writer.log->begin_source(again->writer.log->head());
  again->writer.bytes(30);
  publish(*again);
  streams.bring_home(again->mount);
  settle();
  wire->otherwise = Wire::kEverything;
  settle();
  CHECK(ids(*again) == std::vector<std::uint64_t>{1});
}
// An encoder without an input logs in and sends nothing.
TEST(Moves, ListenersStayOnTheFallbackWhileTheirSourceSendsNothing) {
  const MountSettings settings = falling_back_to("/b");
  const auto a = on_air("/a", settings), b = on_air("/b");
  publish(*a, *b);
  const auto wire = listen(*a, 1);
  end(*a);
  CHECK(ids(*b) == std::vector<std::uint64_t>{1});
  const auto again = on_air("/a", settings);
  publish(*again);
  streams.bring_home(again->mount);
  settle();
  b->writer.units(5, 100);
  publish(*b);
  CHECK(ids(*b) == std::vector<std::uint64_t>{1});
  CHECK(wire->sent == pattern_text(0, 500, 2));
  again->writer.bytes(30);
  publish(*again);
  while (ids(*again).empty()) loop.run_once(true);
  publish(*again);
  CHECK(wire->sent == pattern_text(0, 500, 2) + pattern_text(0, 30, 3));
}
TEST(Moves, AHandOverPlansReturnsFromItsOwnThread) {
  const MountSettings settings = falling_back_to("/b");
  const auto a = on_air("/a", settings), b = on_air("/b");
  publish(*b, *a);
  listen(*a, 1);
  end(*a);
  const auto again = on_air("/a", settings);
  again->writer.bytes(10);
  publish(*again);
  streams.bring_home(again->mount);
  std::thread([this] { streams.plan_returns(); }).join();
  std::vector<std::shared_ptr<Mount>> next;
  streams.each_listener([&next](Mount&, Listener& listener) {
    next.push_back(listener.continuation ? listener.continuation->next : nullptr);
  });
  CHECK(next == std::vector<std::shared_ptr<Mount>>{again->mount});
  // The hand-over fails.
  settle();
  CHECK(ids(*again) == std::vector<std::uint64_t>{1});
}
TEST(Moves, AHandOverPlansNoReturnToAMountThatHasEndedAgain) {
  const MountSettings settings = falling_back_to("/b");
  const auto a = on_air("/a", settings), b = on_air("/b");
  publish(*b, *a);
  listen(*a, 1);
  end(*a);
  const auto again = on_air("/a", settings);
  again->writer.bytes(10);
  publish(*again);
  streams.bring_home(again->mount);
  again->mount->set_phase(MountPhase::kEnded);
  CHECK(streams.plan_returns().empty());
}
TEST(Moves, AHandOverPlansNoReturnToASourceThatHasSentNothing) {
  const MountSettings settings = falling_back_to("/b");
  const auto a = on_air("/a", settings), b = on_air("/b");
  publish(*b, *a);
  listen(*a, 1);
  end(*a);
  const auto again = on_air("/a", settings);
  publish(*again);
  streams.bring_home(again->mount);
  CHECK(streams.plan_returns().empty());
  again->writer.bytes(10);
  publish(*again);
  settle();
  CHECK(ids(*again) == std::vector<std::uint64_t>{1});
}
TEST(Moves, AStreamThatEndsAndBeginsAtOnceIsHeardToItsEnd) {
  const auto old = on_air("/a");
  publish(*old);
  const auto wire = listen(*old);
  old->writer.units(5, 100);
  mounts.erase("/a");
  old->writer.publish(*old->mount, true);
  const auto again = on_air("/a");
  again->writer.log->begin_source(again->writer.log->head());
  again->writer.bytes(30);
  publish(*again);
  streams.bring_home(again->mount);
  settle();
  CHECK(wire->sent == pattern_text(0, 500, 1) + pattern_text(0, 30, 2));
}
TEST(Moves, ComesHomeAtTheSeamOrLiveWhenThatHasPassed) {
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

TEST(Moves, MovingLeavesAtTheEndOfTheUnitAndEntersAtTheNewest) {
  const auto a = on_air("/a"), b = on_air("/b");
  b->writer.units(7, 100);
  publish(*b, *a);
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
TEST(Moves, AListenerAtTheEndOfALogMovesWithoutWaitingForMore) {
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
TEST(Moves, AMoveKeepsTheIcyPhaseAndSendsTheTitleAgain) {
  const auto a = on_air("/a"), b = on_air("/b");
  a->writer.title("at a").bytes(100);
  b->writer.title("at b").bytes(100);
  publish(*a, *b);
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
TEST(Moves, ATitleThatIsHalfSentIsFinishedBeforeTheMove) {
  const auto a = on_air("/a"), b = on_air("/b");
  a->writer.title("at a").bytes(100);
  b->writer.title("at b").bytes(100);
  publish(*a, *b);
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
TEST(Moves, MovingToAMountThatHasEndedGoesOnToItsFallback) {
  const auto a = on_air("/a"), b = on_air("/b", falling_back_to("/c")), c = on_air("/c");
  for (OnAir* live : {a.get(), b.get(), c.get()}) publish(*live);
  b->writer.publish(*b->mount, true);
  listen(*a);
  clock.advance(1s);
  streams.move(*a->mount, b->mount);
  settle();
  CHECK(ids(*c) == std::vector<std::uint64_t>{1});
}
TEST(Moves, MovingToTheSameMountSkipsToLive) {
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
TEST(Moves, AnIdleRelayMayBeTheFallbackThoughItsFormatIsNotKnown) {
  const auto a = on_air("/a", falling_back_to("/b")), b = on_air("/b", {}, "");
  b->mount->set_phase(MountPhase::kIdle);
  publish(*a);
  const auto wire = listen(*a);
  a->writer.bytes(100);
  end(*a);
  LONGS_EQUAL(1, b->mount->listeners());
  b->mount->set_phase(MountPhase::kRunning);
  b->writer.bytes(50);
  publish(*b);
  CHECK(wire->sent == pattern_text(0, 100, 1) + pattern_text(0, 50, 2));
}
TEST(Moves, ListenersAwayFromHomeAreKnown) {
  const auto a = on_air("/a", falling_back_to("/b")), b = on_air("/b"), c = on_air("/c");
  publish(*a, *b);
  publish(*c);
  const auto away = listen(*a, 1), direct = listen(*b, 2), at_home = listen(*c, 3);
  CHECK(streams.have_away({"/a", "/b", "/c"}) == (std::vector<bool>{false, false, false}));
  end(*a);
  CHECK(streams.have_away({"/a", "/b", "/c"}) == (std::vector<bool>{true, false, false}));
  CHECK(streams.have_away({}).empty());
}
TEST(Moves, ManyMountsThatAreAwayTogetherCostOneWalkEach) {
  constexpr std::size_t kMounts = 200;
  const auto shared = on_air("/shared");
  publish(*shared);
  std::vector<std::unique_ptr<OnAir>> homes;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kMounts; ++i) {
    names.push_back("/m" + std::to_string(i));
    homes.push_back(on_air(names.back()));
    homes.back()->writer.bytes(10);
    homes.back()->writer.publish(*homes.back()->mount, false);
    fallbacks[names.back()] = "/shared";
    auto guest = make(
        i + 1, std::make_unique<FakeTransport>(std::make_shared<Wire>(), always_writable.get()),
        *homes.back());
    guest->mount_pass.leave();
    streams.join(std::move(guest), shared->mount, 0);
  }
  fallbacks_asked = 0;
  CHECK(streams.have_away(names) == std::vector<bool>(kMounts, true));
  CHECK(fallbacks_asked <= 10 * kMounts);
  fallbacks_asked = 0;
  for (const auto& home : homes) streams.bring_home(home->mount);
  settle();
  shared->writer.units(1, 100);
  publish(*shared);
  CHECK(fallbacks_asked <= 10 * kMounts);
  for (std::size_t i = 0; i < kMounts; ++i)
    CHECK(ids(*homes[i]) == std::vector<std::uint64_t>{i + 1});
}
TEST(Moves, OneThatWasMovedReturnsOnlyFromFallbacksOfItsHome) {
  MountSettings settings;
  settings.fallback_mount = fallbacks["/a"] = "/b";
  auto a = on_air("/a", settings);
  const auto b = on_air("/b"), c = on_air("/c");
  for (OnAir* live : {a.get(), b.get(), c.get()}) publish(*live);
  const auto moved = listen(*a, 1), falls_back = listen(*a, 2);
  const auto move = [this](OnAir& from, OnAir& to, std::size_t count) {
    clock.advance(1s);
    LONGS_EQUAL(count, streams.move(*from.mount, to.mount));
    settle();
  };
  const auto end_and_return = [&] {
    end(*a);
    const std::vector<bool> away = streams.have_away({"/a"});
    a = on_air("/a", settings);
    a->writer.bytes(10);
    publish(*a);
    streams.bring_home(a->mount);
    clock.advance(1s);
    settle();
    return away.front();
  };
  clock.advance(1s);
  CHECK(streams.move(*a->mount, c->mount, 1) == ListenerMove::kMoved);
  settle();
  CHECK(end_and_return());
  CHECK(ids(*c) == std::vector<std::uint64_t>{1});
  CHECK(ids(*a) == std::vector<std::uint64_t>{2});
  move(*a, *c, 1);
  CHECK(ids(*c) == (std::vector<std::uint64_t>{1, 2}));
  CHECK_FALSE(end_and_return());
  CHECK(ids(*c) == (std::vector<std::uint64_t>{1, 2}));
  move(*c, *b, 2);
  CHECK(end_and_return());
  CHECK(ids(*a) == (std::vector<std::uint64_t>{1, 2}));
}
TEST(Moves, MovingToAnotherFormatMovesNoListener) {
  const auto a = on_air("/a"), b = on_air("/b", {}, "application/ogg");
  publish(*a, *b);
  listen(*a);
  LONGS_EQUAL(0, streams.move(*a->mount, b->mount));
  settle();
  CHECK(ids(*a) == std::vector<std::uint64_t>{1});
}
TEST(Moves, NoListenerComesHomeToAnotherFormat) {
  const MountSettings settings = falling_back_to("/b");
  const auto a = on_air("/a", settings), b = on_air("/b");
  publish(*b, *a);
  listen(*a);
  end(*a);
  const auto again = on_air("/a", settings, "application/ogg");
  publish(*again);
  streams.bring_home(again->mount);
  settle();
  CHECK(ids(*b) == std::vector<std::uint64_t>{1});
}
TEST(Moves, AListenerInItsIntroCountsWhereItWillGoOnAsSoonAsItIsMoved) {
  const auto b = on_air("/b");
  b->writer.units(2, 100);
  publish(*b);
  auto a = on_air("/a");
  publish(*a);
  const auto wire = hear_intro(*b, *a), other = hear_intro(*b, *a, 2);
  LONGS_EQUAL(2, a->mount->gate().inside());
  CHECK(streams.move(*a->mount, b->mount, 2) == ListenerMove::kMoved);
  LONGS_EQUAL(1, a->mount->gate().inside());
  LONGS_EQUAL(1, streams.move(*a->mount, b->mount));
  LONGS_EQUAL(0, a->mount->gate().inside());
  LONGS_EQUAL(2, b->mount->gate().inside());
  LONGS_EQUAL(2, b->mount->listener_peak.load());
  CHECK(ids(*b) == (std::vector<std::uint64_t>{1, 2}));
  end(*a);
  const std::weak_ptr<Mount> first = a->mount;
  a.reset();
  CHECK(first.expired());  // no place in its gate is left
  wire->otherwise = Wire::kEverything;
  settle();
  CHECK(wire->sent == pattern_text(0, 100, 3) + pattern_text(0, 200, 1));
  streams.end_all(nullptr, EndReason::kShutdown);
  LONGS_EQUAL(0, b->mount->gate().inside());
}
TEST(Moves, AServerThatSleptLeavesAnIntroItsTime) {
  const auto live = on_air("/a");
  live->writer.units(2, 100);
  publish(*live);
  loop.beat();
  const auto wire = hear_intro(*live, *live);
  clock.advance(10min);  // the machine was suspended
  loop.beat();
  publish(*intro);
  CHECK(!wire->closed);
  wire->otherwise = Wire::kEverything;
  settle();
  CHECK(wire->sent == pattern_text(0, 100, 2) + pattern_text(0, 200, 1));
  const auto stands = hear_intro(*live, *live, 2);
  for (auto left = 61'000ms; left > 0ms; left -= Loop::kBeat) {
    clock.advance(Loop::kBeat);
    loop.beat();
  }
  publish(*intro);
  CHECK(stands->closed);
}
TEST(Moves, AListenerInItsIntroComesHomeToo) {
  const MountSettings settings = falling_back_to("/b");
  const auto a = on_air("/a", settings), other = on_air("/a", settings, "application/ogg");
  auto b = on_air("/b");
  a->writer.bytes(10);
  other->writer.bytes(10);
  publish(*a, *b);
  publish(*other);
  const auto wire = hear_intro(*a, *b);
  streams.bring_home(other->mount);  // another format
  settle();
  LONGS_EQUAL(1, b->mount->gate().inside());
  streams.bring_home(a->mount);
  settle();
  LONGS_EQUAL(0, b->mount->gate().inside());
  LONGS_EQUAL(1, a->mount->gate().inside());
  end(*b);
  b.reset();
  wire->otherwise = Wire::kEverything;
  settle();
  a->writer.bytes(50);
  publish(*a);
  CHECK(wire->sent == pattern_text(0, 100, 4) + pattern_text(0, 60, 1));
  CHECK(ids(*a) == std::vector<std::uint64_t>{1});
}
