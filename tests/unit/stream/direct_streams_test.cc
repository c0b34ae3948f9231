#include "stream/listener/direct_streams.h"

#include <signal.h>

#include <string>

#include "stream/streams_fixture.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(DirectStreams, StreamsFixture) {
  std::unique_ptr<OnAir> idle;
  SocketPair client{4096}, upstream;
  void setup() override {
    ::signal(SIGPIPE, SIG_IGN);
    idle = on_air("/far.mp3");
    idle->mount->set_phase(MountPhase::kIdle);
  }
  void begin(std::uint64_t id, SocketPair & to, SocketPair & from, std::string begun = {},
             SteadyTime until = SteadyTime::max()) {
    auto listener = make(id, to.transport(), *idle);
    listener->preamble->head = "HEAD ";
    listener->until = until;
    streams.join_direct(std::move(listener), idle->mount,
                        {from.transport(), std::move(begun), std::move(*SplicePump::open())});
  }
  void begin() { begin(7, client, upstream, "begun "); }
  // Real time does not matter: the timer looks at the fake clock.
  void let_it_look() {
    bool over = false;
    Timer timer(loop, [&over] { over = true; });
    timer.after(300ms);
    while (!over) loop.run_once(true);
  }
  std::string heard() {
    std::string all;
    for (int i = 0; i < 50; ++i) {
      settle();
      all += client.received();
    }
    return all;
  }
};

TEST(DirectStreams, TheListenerGetsTheHeadThenWhatHadBegunThenTheRest) {
  begin();
  upstream.send("and more");
  STRCMP_EQUAL("HEAD begun and more", heard().c_str());
  LONGS_EQUAL(1, idle->mount->direct());
  LONGS_EQUAL(1, idle->mount->listeners());
  LONGS_EQUAL(1, streams.listeners());
  LONGS_EQUAL(19, streams.bytes_sent());
}

TEST(DirectStreams, IsInTheAdministratorsListAndCanBeKilled) {
  begin();
  const auto rows = streams.list(*idle->mount);
  LONGS_EQUAL(1, rows.size());
  LONGS_EQUAL(7, rows[0].id);
  STRCMP_EQUAL("Player/1", rows[0].agent.c_str());
  CHECK_FALSE(streams.kill(*idle->mount, 8));
  CHECK(streams.kill(*idle->mount, 7));
  CHECK(client.finished() && upstream.finished());
  LONGS_EQUAL(0, idle->mount->direct());
  LONGS_EQUAL(0, idle->mount->listeners());
}

TEST(DirectStreams, TheEndOfTheUpstreamEndsTheListenerWhenItHasGotAll) {
  begin();
  upstream.send("last");
  upstream.close();
  STRCMP_EQUAL("HEAD begun last", heard().c_str());
  CHECK(client.finished());
  LONGS_EQUAL(0, streams.listeners());
  CHECK(captured.accesses().find("\"GET /a HTTP/1.0\" 200 15 ") != std::string::npos);
}

TEST(DirectStreams, AListenerThatLeavesEndsTheUpstream) {
  begin();
  settle();
  client.close();
  for (int i = 0; i < 20 && streams.listeners() > 0; ++i) {
    upstream.send("nobody hears this");
    settle();
  }
  LONGS_EQUAL(0, streams.listeners());
  LONGS_EQUAL(0, idle->mount->direct());
}

TEST(DirectStreams, AListenerThatReadsNothingHoldsTheUpstreamBackAndTheLoopRests) {
  begin();
  settle();
  const std::string piece(50'000, 'x');
  for (int i = 0; i < 40; ++i) {
    upstream.send(piece);
    settle();
  }
  const std::uint64_t before = streams.bytes_sent();
  // Nothing is ready: a round that may not wait finds no event to serve.
  for (int i = 0; i < 20; ++i) settle();
  LONGS_EQUAL(before, streams.bytes_sent());
  LONGS_EQUAL(1, streams.listeners());
  CHECK(before < 40 * piece.size());
  CHECK(heard().size() >= before);
}

TEST(DirectStreams, AListenerThatTakesNothingForTooLongIsEnded) {
  begin();
  const std::string piece(50'000, 'x');
  for (int i = 0; i < 40; ++i) {
    upstream.send(piece);
    settle();
  }
  clock.advance(DirectStreams::kLongestStall);
  let_it_look();
  LONGS_EQUAL(0, streams.listeners());
  LONGS_EQUAL(1, idle->mount->slow_listeners.load());
  LONGS_EQUAL(1, counters.lagged.load());
}

TEST(DirectStreams, AnUpstreamThatFallsSilentIsGivenUp) {
  begin();
  settle();
  clock.advance(9s);
  let_it_look();
  LONGS_EQUAL(1, streams.listeners());
  clock.advance(2s);
  let_it_look();
  LONGS_EQUAL(0, streams.listeners());
}

TEST(DirectStreams, LimitsOfTimeAndTheEndOfTheMountHold) {
  begin(7, client, upstream, {}, clock.steady() + 5s);
  SocketPair other, source;
  begin(8, other, source);
  clock.advance(6s);
  let_it_look();
  LONGS_EQUAL(1, streams.listeners());
  CHECK(client.finished());
  idle->mount->set_phase(MountPhase::kEnded);
  let_it_look();
  LONGS_EQUAL(0, streams.listeners());
  CHECK(source.finished());
}

TEST(DirectStreams, EndsWithAllOthersAndWithTheOldest) {
  begin();
  SocketPair other, source;
  begin(8, other, source);
  LONGS_EQUAL(1, streams.end_oldest(1, EndReason::kMoved));
  settle();
  CHECK(client.finished());
  LONGS_EQUAL(1, streams.listeners());
  auto elsewhere = on_air("/other.mp3");
  streams.end_all(elsewhere->mount.get(), EndReason::kShutdown);
  LONGS_EQUAL(1, streams.listeners());
  streams.end_all(nullptr, EndReason::kShutdown);
  LONGS_EQUAL(0, streams.listeners());
}

TEST(DirectStreams, AClientThatIsGoneBeforeTheHeadEndsAtOnce) {
  client.close();
  begin();
  LONGS_EQUAL(0, streams.listeners());
  LONGS_EQUAL(0, idle->mount->direct());
}

TEST(DirectStreams, AHeadThatDoesNotFitWaitsForItsListener) {
  begin(7, client, upstream, std::string(400'000, 'b'));
  upstream.send("then this");
  const std::string all = heard();
  LONGS_EQUAL(5 + 400'000 + 9, all.size());
  CHECK(all.ends_with("bthen this"));
}

TEST(DirectStreams, AHalfClosedListenerGoesOnListening) {
  begin();
  client.finish_sending();
  settle();
  upstream.send("still here");
  CHECK(heard().ends_with("still here"));
  LONGS_EQUAL(1, streams.listeners());
}
