#include "cluster/relay/relay.h"

#include <optional>

#include "cluster/relay_fixture.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(Relay, RelayFixture) {
  static constexpr const char* kPlays =
      "HTTP/1.0 200 OK\r\nContent-Type: audio/x-test\r\nicy-name:Up\r\n\r\n";

  void setup() override { first.answers = second.answers = {kPlays}; }
};

TEST(Relay, PullsAStreamIntoItsMount) {
  start_flowing(plan({at(first)}));
  sends(first, "audio", "audio");
  const auto mount = host.mount("/local");
  STRCMP_EQUAL("audio/x-test", mount->facts()->content_type.c_str());
  STRCMP_EQUAL("127.0.0.1", mount->facts()->source_ip.c_str());
  STRCMP_EQUAL("Up", mount->facts()->stats.at("server_name").c_str());
  CHECK(mount->facts()->relayed);
  CHECK(host.captured.says("relay /local: streams audio/x-test from 127.0.0.1:"));
  LONGS_EQUAL(0, host.calls().inside());
}
TEST(Relay, ComesBackWithoutLosingTheMount) {
  start_flowing(plan({at(first)}));
  const auto mount = host.mount("/local");
  sends(first, "one ", "one ");
  host.pass(40ms);
  first.close_all();
  host.until([&] { return mount->phase() == MountPhase::kLingering; });
  CHECK(!relay->flows());
  host.until([&] { return relay->flows(); });
  CHECK(host.mount("/local") == mount);
  sends(first, "two", "one two");
  CHECK(host.failed.size() <= 1);
  CHECK(relay->has_flowed());
}
TEST(Relay, RestsLongerAfterEveryFailure) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  first.close_after = true;
  RelayPlan made = plan({at(first)});
  made.retry_delay = 1s;
  start(std::move(made));
  host.until([&] { return first.requests.size() == 4; });
  CHECK(host.captured.says("relay /local: http://127.0.0.1:"));
  CHECK(host.captured.says("/up answered 404 Not Found; asked again in 20ms"));
  CHECK(host.captured.says("asked again in 40ms"));
  CHECK(host.captured.says("asked again in 80ms"));
  CHECK(host.mount("/local") == nullptr);
}
TEST(Relay, EveryRequestHasAMarkOfItsOwn) {
  host.marks = 1;
  first.answers = {"HTTP/1.0 403 Forbidden\r\n\r\n", kPlays};
  start_flowing(plan({at(first)}));
  CHECK(first.requests[0].find("\r\nX-LB-Pull: /up 1\r\n\r\n") != std::string::npos);
  CHECK(first.requests[1].find("\r\nX-LB-Pull: /up 2\r\n\r\n") != std::string::npos);
}
TEST(Relay, AStreamThatEndsAtOnceCountsAsAFailure) {
  first.close_after = true;
  host.quick.flowed = 100s;
  start(plan({at(first)}));
  host.until([&] { return host.captured.says("the stream ended after "); });
  CHECK(!relay->has_flowed());
}
TEST(Relay, GoesOnToTheNextUpstream) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  start_flowing(plan({at(first), at(second)}));
  LONGS_EQUAL(1, second.requests.size());
  CHECK(host.failed.empty());
}
TEST(Relay, WhenOneUpstreamIsLostTheOtherGoesOnAtOnce) {
  start_flowing(plan({at(first), at(second)}));
  const auto mount = host.mount("/local");
  sends(first, "one ", "one ");
  host.pass(40ms);
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  first.close_all();
  host.until([&] { return second.requests.size() == 1 && relay->flows(); });
  sends(second, "two", "one two");
  CHECK(host.mount("/local") == mount);
}
TEST(Relay, ComesBackToABetterUpstreamWithoutLosingTheMount) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n", kPlays};
  start_flowing(plan({at(first), at(second)}));
  const auto mount = host.mount("/local");
  sends(second, "worse ", "worse ");
  host.until([&] { return first.requests.size() == 2 && host.writers() == 2; });
  sends(first, "better", "worse better");
  CHECK(host.mount("/local") == mount);
  CHECK(relay->flows());
  host.pass(50ms);
  LONGS_EQUAL(2, first.requests.size());  // it stays there
}
TEST(Relay, OfAnotherUpstreamItWantsOnlyWhatItsListenersMissed) {
  host.lines = "X-LB-Relay: e1.a\r\n";
  first.answers = {kPlays, "HTTP/1.0 404 Not Found\r\n\r\n", kPlays};
  start_flowing(plan({at(first), at(second)}));
  sends(first, "one ", "one ");
  host.pass(40ms);
  // A few bytes are no rate: as if it had been measured.
  const auto measured = [&] {
    host.mount("/local")->set_usual_rate(16000);
    return true;
  };
  first.close_all();
  host.until([&] { return measured() && second.requests.size() == 1 && relay->flows(); });
  host.until([&] { return measured() && first.requests.size() == 3; });
  const auto burst = [](const std::string& request) {
    const std::size_t at = request.find("\r\nX-LB-Burst: ");
    return at == std::string::npos ? -1 : std::atoi(request.c_str() + at + 14);
  };
  LONGS_EQUAL(-1, burst(first.requests[0]));  // nobody has heard anything
  CHECK(burst(second.requests[0]) >= 4000);   // a quarter of a second, and what was missed
  CHECK(burst(second.requests[0]) < 32000);
  CHECK(burst(first.requests[2]) >= 8000);  // the other one still flows, half a second behind
  CHECK(burst(first.requests[2]) < 32000);
}
TEST(Relay, OneOfNoClusterOrWithoutARateWantsTheWholeBurst) {
  start_flowing(plan({at(first), at(second)}));
  sends(first, "one ", "one ");
  host.pass(40ms);
  host.lines = "X-LB-Relay: e1.a\r\n";
  host.mount("/local")->set_usual_rate(0);
  first.close_all();
  host.until([&] { return second.requests.size() == 1; });
  CHECK(second.requests[0].find("X-LB-Burst") == std::string::npos);
}
TEST(Relay, ABetterUpstreamWithAnotherFormatIsNotTaken) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n",
                   "HTTP/1.0 200 OK\r\nContent-Type: audio/other\r\n\r\n"};
  start(plan({at(first), at(second)}));
  host.until(
      [&] { return host.captured.says("the better upstream has audio/other, not audio/x-test"); });
  CHECK(relay->flows());
  sends(second, "goes on", "goes on");
}
TEST(Relay, ABetterUpstreamMayNameTheFormatOtherwise) {
  second.answers = {"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n"};
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n",
                   "HTTP/1.0 200 OK\r\nContent-Type: audio/mp3\r\n\r\n"};
  start(plan({at(first), at(second)}));
  host.until([&] { return host.writers() == 2; });
  LONGS_EQUAL(2, host.writers());
  CHECK_EQUAL(std::string("audio/mp3"), host.mount("/local")->facts()->content_type);
}
TEST(Relay, LeavesAMountToItsOwnSource) {
  WriterAsk own;
  own.mount = "/local";
  auto facts = std::make_shared<SourceFacts>();
  facts->plugin = &framer_for("");
  own.facts = facts;
  std::optional<WriterLease> lease;
  host.admission().admit(std::move(own),
                         [&](Result<WriterLease> granted) { lease.emplace(std::move(*granted)); });
  start(plan({at(first)}));
  CHECK(host.captured.says("new relay but source already exists; the relay waits for its end"));
  host.pass(30ms);
  relay->poll_listeners();
  CHECK(relay->is_idle());
  LONGS_EQUAL(0, first.requests.size());
  SourceEnd end;
  end.lease = std::move(*lease);
  end.reason = EndReason::kKilled;
  host.admission().give_back(std::move(end));
  relay->mount_is_free();
  host.until([&] { return relay->flows(); });
}
TEST(Relay, ASourceThatTookItsLingeringMountKeepsTheListenersAndGivesThemBack) {
  host.fed_elsewhere = [this](const std::string&) { return relay->could_flow(); };
  RelayPlan linked = plan({at(first)});
  linked.upstreams[0].word = StreamWord::kOffered;
  linked.on_demand = true;
  start(linked);
  host.awaited.insert("/local");
  relay->demand();
  host.until([&] { return relay->flows(); });
  host.awaited.clear();
  const auto mount = host.mount("/local");
  mount->gate().enter();
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  first.close_all();
  host.until([&] { return !relay->flows(); });

  const auto ask_as_source = [&] {
    WriterAsk own;
    own.mount = "/local";
    own.facts = mount->facts();
    return own;
  };
  std::optional<Result<WriterLease>> answer;
  const auto then = [&](Result<WriterLease> granted) { answer.emplace(std::move(granted)); };
  host.admission().admit(ask_as_source(), then);
  CHECK(answer && !*answer);  // its master offers it: its stream comes back
  answer.reset();
  linked.upstreams[0].word = StreamWord::kGone;
  relay->update(linked);
  host.admission().admit(ask_as_source(), then);
  CHECK(answer && *answer);
  CHECK((*answer)->mount == mount);
  relay->poll_listeners();
  host.pass(60ms);
  relay->poll_listeners();
  CHECK(relay->is_idle());
  const std::size_t asked = first.requests.size();
  host.pass(60ms);
  LONGS_EQUAL(asked, first.requests.size());

  first.answers = {kPlays};
  SourceEnd end;
  end.lease = std::move(**answer);
  host.admission().give_back(std::move(end));
  host.until([&] { return relay->flows(); });
  CHECK(host.mount("/local") == mount);
}
TEST(Relay, WhenItGoesItsStreamGoes) {
  start_flowing(plan({at(first)}));
  relay.reset();
  host.until([&] { return host.mount("/local") == nullptr; });
}
TEST(Relay, WhenItGoesWhileAskingForTheMountTheLeaseGoesBack) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n", kPlays};
  start_flowing(plan({at(first), at(second)}));
  // The better one asks for the mount, which takes a turn of the loop.
  host.until([&] { return first.requests.size() == 2; });
  for (int i = 0; i < 3; ++i) host.loop().run_once(false);
  relay.reset();
  host.until([&] { return host.mount("/local") == nullptr; });
}
TEST(Relay, WhenItGoesWhileItsMountLingersTheMountGoes) {
  start_flowing(plan({at(first)}));
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  first.close_all();
  host.until([&] { return !relay->flows(); });
  relay.reset();
  CHECK(host.mount("/local") == nullptr);
}
TEST(Relay, OneThatIsKilledComesBackAfterTheRetryDelay) {
  start_flowing(plan({at(first)}));
  host.end_source(0, host.admission().writer_of("/local")->lease, EndReason::kKilled);
  host.until([&] { return !relay->flows(); });
  CHECK(host.mount("/local") == nullptr);
  host.until([&] { return relay->flows(); });
}
TEST(Relay, DoesNotAskWhenTooManyOthersDo) {
  for (int i = 0; i < 128; ++i) host.calls().enter();
  start(plan({at(first)}));
  host.pass(30ms);
  LONGS_EQUAL(0, first.requests.size());
  host.calls().leave();
  host.until([&] { return relay->flows(); });
}

// --- another plan
TEST(Relay, ANewPlanWithTheSameUpstreamChangesNothing) {
  start_flowing(plan({at(first)}));
  relay->update(plan({at(first)}));
  RelayPlan other = plan({at(first), at(second)});
  other.retry_delay = 7s;
  relay->update(other);
  host.pass(30ms);
  LONGS_EQUAL(1, first.requests.size());
  LONGS_EQUAL(0, second.requests.size());
  CHECK(relay->plan() == other);
}
TEST(Relay, ANewPlanWithABetterUpstreamMovesTheStreamThere) {
  start_flowing(plan({at(first)}));
  const auto mount = host.mount("/local");
  relay->update(plan({at(second), at(first)}));
  host.until([&] { return second.requests.size() == 1 && host.writers() == 2; });
  CHECK(host.mount("/local") == mount);
}
TEST(Relay, ANewPlanWithoutTheUpstreamGoesOnElsewhereInTheSameMount) {
  start_flowing(plan({at(first)}));
  const auto mount = host.mount("/local");
  relay->update(plan({at(second)}));
  host.until([&] { return second.requests.size() == 1 && relay->flows(); });
  CHECK(host.mount("/local") == mount);
  LONGS_EQUAL(1, first.requests.size());
}
TEST(Relay, ANewPlanTakesOverBeforeTheOldStreamIsGivenUp) {
  start_flowing(plan({at(first)}));
  second.answers = {""};  // it takes its time
  relay->update(plan({at(second)}));
  host.until([&] { return second.requests.size() == 1; });
  sends(first, "more", "more");
  CHECK(relay->flows());
}
TEST(Relay, ANewPlanThatBringsNothingEndsTheOldStream) {
  start_flowing(plan({at(first)}));
  second.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  relay->update(plan({at(second)}));
  host.until([&] { return !relay->flows(); });
  CHECK(host.mount("/local")->phase() == MountPhase::kLingering);
}
TEST(Relay, AnotherPasswordIsForTheNextTime) {
  start_flowing(plan({at(first)}));
  RelayPlan other = plan({at(first)});
  other.upstreams[0].username = "edge1";
  other.upstreams[0].password = "new";
  relay->update(other);
  host.pass(30ms);
  CHECK(relay->flows());
  LONGS_EQUAL(1, first.requests.size());
}
TEST(Relay, WhatIsOfferedAnewIsAskedForAtOnce) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n", kPlays};
  RelayPlan linked = plan({at(first)});
  linked.retry_delay = 100s;
  host.quick.first_delay = 100s;
  start(linked);
  host.until([&] { return host.failed.size() == 1; });
  linked.upstreams[0].offer_number = 2;
  relay->update(linked);
  host.until([&] { return relay->flows(); });
}
TEST(Relay, ANewPlanForOneThatWaitsIsTriedAtOnce) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  RelayPlan slow = plan({at(first)});
  slow.retry_delay = 100s;
  host.quick.first_delay = 100s;
  start(std::move(slow));
  host.until([&] { return host.failed.size() == 1; });
  relay->update(plan({at(second)}));
  host.until([&] { return relay->flows(); });
}
TEST(Relay, ANewPlanMayTurnOnDemandOnAndOff) {
  start_flowing(plan({at(first)}));
  RelayPlan lazy = plan({at(first)});
  lazy.on_demand = true;
  lazy.run_on = 0s;
  relay->update(lazy);
  host.pass(30ms);
  relay->poll_listeners();
  host.until([&] { return !relay->flows(); });
  CHECK(host.mount("/local")->phase() == MountPhase::kIdle);
  relay->update(plan({at(first)}));
  host.until([&] { return relay->flows(); });
}

// --- on demand
TEST_GROUP_BASE(OnDemand, TEST_GROUP_CppUTestGroupRelay){
    RelayPlan lazy() const {RelayPlan made = plan({at(first)});
made.on_demand = true;
made.run_on = 0s;
return made;
}
}
;

TEST(OnDemand, WaitsUntilSomebodyWantsToListen) {
  start(lazy());
  host.pass(30ms);
  relay->poll_listeners();
  LONGS_EQUAL(0, first.requests.size());
  const auto mount = host.mount("/local");
  CHECK(mount->phase() == MountPhase::kIdle);
  host.awaited.insert("/local");
  CHECK(relay->demand());
  CHECK(relay->demand());
  host.until([&] { return relay->flows(); });
  LONGS_EQUAL(1, first.requests.size());
  CHECK(host.mount("/local") == mount);
  CHECK(relay->demand());
}
TEST(OnDemand, StopsSomeTimeAfterTheLastListener) {
  host.quick.least_run_on = 300ms;
  start(lazy());
  host.awaited.insert("/local");
  relay->demand();
  host.until([&] { return relay->flows(); });
  host.awaited.clear();
  host.mount("/local")->gate().enter();
  host.pass(350ms);
  relay->poll_listeners();
  host.pass(5ms);
  CHECK(relay->flows());
  host.mount("/local")->gate().leave();
  relay->poll_listeners();
  host.pass(5ms);
  CHECK(relay->flows());  // runs on
  host.pass(350ms);
  relay->poll_listeners();
  host.until([&] { return !relay->flows(); });
  CHECK(host.mount("/local")->phase() == MountPhase::kIdle);
  CHECK(host.captured.says("no listener for 0s; the stream is closed"));
  host.pass(30ms);
  LONGS_EQUAL(1, first.requests.size());
}
TEST(OnDemand, AFailureIsToldAndTheNextListenerIsRefusedWhileTheUpstreamRests) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n", kPlays};
  first.close_after = true;
  host.quick.first_delay = 300ms;
  start(lazy());
  host.awaited.insert("/local");
  CHECK(relay->demand());
  host.until([&] { return host.failed.size() == 1; });
  CHECK(!relay->demand());
  host.pass(450ms);
  LONGS_EQUAL(1, first.requests.size());  // nobody wants it, and no master asks
  CHECK(!relay->flows());
  host.awaited.insert("/local");
  CHECK(relay->demand());
}
TEST(OnDemand, WhoeverCameFromAnotherMountStartsItToo) {
  start(lazy());
  const auto mount = host.mount("/local");
  mount->gate().enter();
  relay->poll_listeners();
  host.until([&] { return relay->flows(); });
  CHECK(host.mount("/local") == mount);
}
TEST(OnDemand, AFailureLetsGoWhoeverWaitsInside) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  start(lazy());
  const auto mount = host.mount("/local");
  mount->gate().enter();
  relay->poll_listeners();
  host.until([&] { return mount->channel().newest()->ended; });
  CHECK(host.mount("/local") != mount);
}
TEST(OnDemand, ALostUpstreamIsAskedAgainWhileSomebodyListens) {
  start(lazy());
  host.awaited.insert("/local");
  relay->demand();
  host.until([&] { return relay->flows(); });
  const auto mount = host.mount("/local");
  mount->gate().enter();
  first.close_all();
  host.until([&] { return !relay->flows(); });
  host.until([&] { return relay->flows(); });
  CHECK(host.mount("/local") == mount);
}
TEST(OnDemand, WhenItGoesItsMountGoes) {
  start(lazy());
  relay.reset();
  CHECK(host.mount("/local") == nullptr);
}
