#include "cluster/relay.h"

#include <optional>

#include "cluster/ground.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kPlays =
    "HTTP/1.0 200 OK\r\nContent-Type: audio/x-test\r\nicy-name:Up\r\n\r\n";

}  // namespace

TEST_GROUP(Relay) {
  Ground ground;
  Loopback first{ground.loop()}, second{ground.loop()};
  std::unique_ptr<Relay> relay;

  void setup() override {
    ground.find = [this](std::uint64_t id) {
      return relay && relay->id() == id ? relay.get() : nullptr;
    };
    for (Loopback* server : {&first, &second}) {
      server->answers = {kPlays};
      server->close_after = false;
    }
  }
  static Upstream at(const Loopback& server, std::string mount = "/up") {
    Upstream upstream;
    upstream.target = {"127.0.0.1", server.port, false, ""};
    upstream.mount = std::move(mount);
    return upstream;
  }
  RelayPlan plan(std::vector<Upstream> upstreams) const {
    RelayPlan made;
    made.local_mount = "/local";
    made.upstreams = std::move(upstreams);
    made.retry_delay = 0s;  // as often as the timing allows
    return made;
  }
  void start(RelayPlan made) {
    relay = std::make_unique<Relay>(ground, 1, std::move(made));
    relay->start();
  }
  void until_streams(const std::string& text) {
    ground.until([&] { return ground.stream("/local") == text; });
  }
};

TEST(Relay, PullsAStreamIntoItsMount) {
  start(plan({at(first)}));
  ground.until([&] { return relay->flows(); });
  first.send("audio");
  until_streams("audio");
  const auto mount = ground.mount("/local");
  STRCMP_EQUAL("audio/x-test", mount->facts()->content_type.c_str());
  STRCMP_EQUAL("127.0.0.1", mount->facts()->source_ip.c_str());
  STRCMP_EQUAL("Up", mount->facts()->stats.at("server_name").c_str());
  CHECK(mount->facts()->relayed);
  CHECK(ground.book.says("relay /local: streams audio/x-test from 127.0.0.1:"));
  LONGS_EQUAL(0, ground.calls().inside());
}
TEST(Relay, ComesBackWithoutLosingTheMount) {
  start(plan({at(first)}));
  ground.until([&] { return relay->flows(); });
  const auto mount = ground.mount("/local");
  first.send("one ");
  until_streams("one ");
  ground.pass(40ms);
  first.close_all();
  ground.until([&] { return mount->phase() == MountPhase::kLingering; });
  CHECK(!relay->flows());
  ground.until([&] { return relay->flows(); });
  CHECK(ground.mount("/local") == mount);
  first.send("two");
  until_streams("one two");
  CHECK(ground.failed.size() <= 1);
  CHECK(relay->has_flowed());
}
TEST(Relay, RestsLongerAfterEveryFailure) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  first.close_after = true;
  RelayPlan made = plan({at(first)});
  made.retry_delay = 1s;
  start(std::move(made));
  ground.until([&] { return first.requests.size() == 4; });
  CHECK(ground.book.says("relay /local: http://127.0.0.1:"));
  CHECK(ground.book.says("/up answered 404 Not Found; asked again in 20ms"));
  CHECK(ground.book.says("asked again in 40ms"));
  CHECK(ground.book.says("asked again in 80ms"));
  CHECK(ground.mount("/local") == nullptr);
}
TEST(Relay, AStreamThatEndsAtOnceCountsAsAFailure) {
  first.close_after = true;
  ground.quick.flowed = 100s;
  start(plan({at(first)}));
  ground.until([&] { return ground.book.says("the stream ended after "); });
  CHECK(!relay->has_flowed());
}
TEST(Relay, GoesOnToTheNextUpstream) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  start(plan({at(first), at(second)}));
  ground.until([&] { return relay->flows(); });
  LONGS_EQUAL(1, second.requests.size());
  CHECK(ground.failed.empty());
}
TEST(Relay, WhenOneUpstreamIsLostTheOtherGoesOnAtOnce) {
  start(plan({at(first), at(second)}));
  ground.until([&] { return relay->flows(); });
  const auto mount = ground.mount("/local");
  first.send("one ");
  until_streams("one ");
  ground.pass(40ms);
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  first.close_all();
  ground.until([&] { return second.requests.size() == 1 && relay->flows(); });
  second.send("two");
  until_streams("one two");
  CHECK(ground.mount("/local") == mount);
}
TEST(Relay, ComesBackToABetterUpstreamWithoutLosingTheMount) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n", kPlays};
  start(plan({at(first), at(second)}));
  ground.until([&] { return relay->flows(); });
  const auto mount = ground.mount("/local");
  second.send("worse ");
  until_streams("worse ");
  ground.until([&] { return first.requests.size() == 2 && ground.begun.size() == 2; });
  first.send("better");
  until_streams("worse better");
  CHECK(ground.mount("/local") == mount);
  CHECK(relay->flows());
  ground.pass(50ms);
  LONGS_EQUAL(2, first.requests.size());  // it stays there
}
TEST(Relay, OfAnotherUpstreamItWantsOnlyWhatItsListenersMissed) {
  ground.lines = "X-LB-Relay: e1.a\r\n";
  first.answers = {kPlays, "HTTP/1.0 404 Not Found\r\n\r\n", kPlays};
  start(plan({at(first), at(second)}));
  ground.until([&] { return relay->flows(); });
  first.send("one ");
  until_streams("one ");
  ground.pass(40ms);
  // A few bytes are no rate: as if it had been measured.
  const auto measured = [&] {
    ground.mount("/local")->usual_bytes_per_second = 16000;
    return true;
  };
  first.close_all();
  ground.until([&] { return measured() && second.requests.size() == 1 && relay->flows(); });
  ground.until([&] { return measured() && first.requests.size() == 3; });
  const auto burst = [](const std::string& request) {
    const std::size_t at = request.find("\r\nX-LB-Burst: ");
    return at == std::string::npos ? -1 : std::atoi(request.c_str() + at + 14);
  };
  LONGS_EQUAL(-1, burst(first.requests[0]));  // nobody has heard anything
  CHECK(burst(second.requests[0]) >= 4000);   // a quarter of a second, and what was missed
  CHECK(burst(second.requests[0]) < 32000);
  LONGS_EQUAL(8000, burst(first.requests[2]));  // the other one still flows
}
TEST(Relay, OneOfNoClusterOrWithoutARateWantsTheWholeBurst) {
  start(plan({at(first), at(second)}));
  ground.until([&] { return relay->flows(); });
  first.send("one ");
  until_streams("one ");
  ground.pass(40ms);
  ground.lines = "X-LB-Relay: e1.a\r\n";
  ground.mount("/local")->usual_bytes_per_second = 0;
  first.close_all();
  ground.until([&] { return second.requests.size() == 1; });
  CHECK(second.requests[0].find("X-LB-Burst") == std::string::npos);
}
TEST(Relay, ABetterUpstreamWithAnotherFormatIsNotTaken) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n",
                   "HTTP/1.0 200 OK\r\nContent-Type: audio/other\r\n\r\n"};
  start(plan({at(first), at(second)}));
  ground.until(
      [&] { return ground.book.says("the better upstream has audio/other, not audio/x-test"); });
  CHECK(relay->flows());
  second.send("goes on");
  until_streams("goes on");
}
TEST(Relay, LeavesAMountToItsOwnSource) {
  WriterAsk own;
  own.mount = "/local";
  auto facts = std::make_shared<SourceFacts>();
  facts->plugin = &framer_for("");
  own.facts = facts;
  std::optional<WriterLease> lease;
  ground.admission().admit(
      std::move(own), [&](Result<WriterLease> granted) { lease.emplace(std::move(*granted)); });
  start(plan({at(first)}));
  ground.until(
      [&] { return ground.book.says("new relay but source already exists (Mountpoint in use)"); });
  CHECK(!relay->flows());
  SourceEnd end;
  end.lease = std::move(*lease);
  end.reason = EndReason::kKilled;
  ground.admission().give_back(std::move(end));
  ground.until([&] { return relay->flows(); });
}
TEST(Relay, WhenItGoesItsStreamGoes) {
  start(plan({at(first)}));
  ground.until([&] { return relay->flows(); });
  relay.reset();
  ground.until([&] { return ground.mount("/local") == nullptr; });
}
TEST(Relay, WhenItGoesWhileAskingForTheMountTheLeaseGoesBack) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n", kPlays};
  start(plan({at(first), at(second)}));
  ground.until([&] { return relay->flows(); });
  // The better one asks for the mount, which takes a turn of the loop.
  ground.until([&] { return first.requests.size() == 2; });
  for (int i = 0; i < 3; ++i) ground.loop().run_once(false);
  relay.reset();
  ground.until([&] { return ground.mount("/local") == nullptr; });
}
TEST(Relay, WhenItGoesWhileItsMountLingersTheMountGoes) {
  start(plan({at(first)}));
  ground.until([&] { return relay->flows(); });
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  first.close_all();
  ground.until([&] { return !relay->flows(); });
  relay.reset();
  CHECK(ground.mount("/local") == nullptr);
}
TEST(Relay, OneThatIsKilledComesBackAfterTheRetryDelay) {
  start(plan({at(first)}));
  ground.until([&] { return relay->flows(); });
  ground.end_source(0, ground.admission().writer_of("/local")->lease, EndReason::kKilled);
  ground.until([&] { return !relay->flows(); });
  CHECK(ground.mount("/local") == nullptr);
  ground.until([&] { return relay->flows(); });
}
TEST(Relay, DoesNotAskWhenTooManyOthersDo) {
  for (int i = 0; i < 128; ++i) ground.calls().enter();
  start(plan({at(first)}));
  ground.pass(30ms);
  LONGS_EQUAL(0, first.requests.size());
  ground.calls().leave();
  ground.until([&] { return relay->flows(); });
}

// --- another plan
TEST(Relay, ANewPlanWithTheSameUpstreamChangesNothing) {
  start(plan({at(first)}));
  ground.until([&] { return relay->flows(); });
  relay->update(plan({at(first)}));
  RelayPlan other = plan({at(first), at(second)});
  other.retry_delay = 7s;
  relay->update(other);
  ground.pass(30ms);
  LONGS_EQUAL(1, first.requests.size());
  LONGS_EQUAL(0, second.requests.size());
  CHECK(relay->plan() == other);
}
TEST(Relay, ANewPlanWithABetterUpstreamMovesTheStreamThere) {
  start(plan({at(first)}));
  ground.until([&] { return relay->flows(); });
  const auto mount = ground.mount("/local");
  relay->update(plan({at(second), at(first)}));
  ground.until([&] { return second.requests.size() == 1 && ground.begun.size() == 2; });
  CHECK(ground.mount("/local") == mount);
}
TEST(Relay, ANewPlanWithoutTheUpstreamGoesOnElsewhereInTheSameMount) {
  start(plan({at(first)}));
  ground.until([&] { return relay->flows(); });
  const auto mount = ground.mount("/local");
  relay->update(plan({at(second)}));
  ground.until([&] { return second.requests.size() == 1 && relay->flows(); });
  CHECK(ground.mount("/local") == mount);
  LONGS_EQUAL(1, first.requests.size());
}
TEST(Relay, ANewPlanForOneThatWaitsIsTriedAtOnce) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  RelayPlan slow = plan({at(first)});
  slow.retry_delay = 100s;
  ground.quick.first_delay = 100s;
  start(std::move(slow));
  ground.until([&] { return ground.failed.size() == 1; });
  relay->update(plan({at(second)}));
  ground.until([&] { return relay->flows(); });
}
TEST(Relay, ANewPlanMayTurnOnDemandOnAndOff) {
  start(plan({at(first)}));
  ground.until([&] { return relay->flows(); });
  RelayPlan lazy = plan({at(first)});
  lazy.on_demand = true;
  lazy.run_on = 0s;
  relay->update(lazy);
  ground.pass(30ms);
  relay->look_for_listeners();
  ground.until([&] { return !relay->flows(); });
  CHECK(ground.mount("/local")->phase() == MountPhase::kIdle);
  relay->update(plan({at(first)}));
  ground.until([&] { return relay->flows(); });
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
  ground.pass(30ms);
  relay->look_for_listeners();
  LONGS_EQUAL(0, first.requests.size());
  const auto mount = ground.mount("/local");
  CHECK(mount->phase() == MountPhase::kIdle);
  ground.awaited.insert("/local");
  CHECK(relay->demand());
  CHECK(relay->demand());
  ground.until([&] { return relay->flows(); });
  LONGS_EQUAL(1, first.requests.size());
  CHECK(ground.mount("/local") == mount);
  CHECK(relay->demand());
}
TEST(OnDemand, StopsSomeTimeAfterTheLastListener) {
  ground.quick.least_run_on = 300ms;
  start(lazy());
  ground.awaited.insert("/local");
  relay->demand();
  ground.until([&] { return relay->flows(); });
  ground.awaited.clear();
  ground.mount("/local")->gate().enter();
  ground.pass(350ms);
  relay->look_for_listeners();
  ground.pass(5ms);
  CHECK(relay->flows());
  ground.mount("/local")->gate().leave();
  relay->look_for_listeners();
  ground.pass(5ms);
  CHECK(relay->flows());  // runs on
  ground.pass(350ms);
  relay->look_for_listeners();
  ground.until([&] { return !relay->flows(); });
  CHECK(ground.mount("/local")->phase() == MountPhase::kIdle);
  CHECK(ground.book.says("nobody has listened for 0s, the stream is closed"));
  ground.pass(30ms);
  LONGS_EQUAL(1, first.requests.size());
}
TEST(OnDemand, AFailureIsToldAndTheNextListenerIsRefusedWhileTheUpstreamRests) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n", kPlays};
  first.close_after = true;
  ground.quick.first_delay = 300ms;
  start(lazy());
  ground.awaited.insert("/local");
  CHECK(relay->demand());
  ground.until([&] { return ground.failed.size() == 1; });
  CHECK(!relay->demand());
  ground.pass(450ms);
  LONGS_EQUAL(1, first.requests.size());  // nobody wants it
  ground.awaited.insert("/local");
  CHECK(relay->demand());
}
TEST(OnDemand, WhoeverCameFromAnotherMountStartsItToo) {
  start(lazy());
  const auto mount = ground.mount("/local");
  mount->gate().enter();
  relay->look_for_listeners();
  ground.until([&] { return relay->flows(); });
  CHECK(ground.mount("/local") == mount);
}
TEST(OnDemand, AFailureLetsGoWhoeverWaitsInside) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  start(lazy());
  const auto mount = ground.mount("/local");
  mount->gate().enter();
  relay->look_for_listeners();
  ground.until([&] { return mount->channel().newest()->ended; });
  CHECK(ground.mount("/local") != mount);
}
TEST(OnDemand, ALostUpstreamIsAskedAgainWhileSomebodyListens) {
  start(lazy());
  ground.awaited.insert("/local");
  relay->demand();
  ground.until([&] { return relay->flows(); });
  const auto mount = ground.mount("/local");
  mount->gate().enter();
  first.close_all();
  ground.until([&] { return !relay->flows(); });
  ground.until([&] { return relay->flows(); });
  CHECK(ground.mount("/local") == mount);
}
TEST(OnDemand, WhenItGoesItsMountGoes) {
  start(lazy());
  relay.reset();
  CHECK(ground.mount("/local") == nullptr);
}
