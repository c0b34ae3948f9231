#include "cluster/relay/relay_set.h"

#include <set>
#include <sstream>

#include "base/cat.h"
#include "cluster/fake_relay_host.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(RelaySet) {
  FakeRelayHost host;
  Loopback server{host.loop()};
  std::unique_ptr<RelaySet> relays = std::make_unique<RelaySet>(host);

  void setup() override {
    host.find = [this](std::uint64_t id) { return relays ? relays->find(id) : nullptr; };
    server.answers = {"HTTP/1.0 200 OK\r\nContent-Type: audio/x-test\r\n\r\n"};
    server.close_after = false;
  }
  RelayPlan plan(const std::string& mount, bool on_demand = false) const {
    RelayPlan made;
    made.local_mount = mount;
    Upstream upstream;
    upstream.target = {"127.0.0.1", server.port, false, ""};
    upstream.mount = mount;
    made.upstreams.push_back(upstream);
    made.on_demand = on_demand;
    made.run_on = 0s;
    made.retry_delay = 0s;
    return made;
  }
  bool flows(const char* mount) const {
    const Relay* relay = relays->of_mount(mount);
    return relay != nullptr && relay->flows();
  }
};

TEST(RelaySet, RunsWhatIsWantedAndNothingElse) {
  relays->want({plan("/a"), plan("/b")});
  host.until([&] { return flows("/a") && flows("/b"); });
  relays->want({plan("/b"), plan("/c")});
  host.until([&] { return flows("/c") && host.mount("/a") == nullptr; });
  LONGS_EQUAL(3, server.requests.size());  // /b was not touched
  LONGS_EQUAL(2, relays->size());
  CHECK(relays->of_mount("/a") == nullptr);
  relays->want({});
  host.until([&] { return host.mount("/b") == nullptr && host.mount("/c") == nullptr; });
}
TEST(RelaySet, AnotherPlanForAMountChangesItsRelay) {
  relays->want({plan("/a")});
  host.until([&] { return flows("/a"); });
  const Relay* before = relays->of_mount("/a");
  RelayPlan other = plan("/a");
  other.upstreams[0].mount = "/elsewhere";
  relays->want({other});
  POINTERS_EQUAL(before, relays->of_mount("/a"));
  host.until([&] { return server.requests.size() == 2 && flows("/a"); });
  CHECK(server.requests[1].starts_with("GET /elsewhere "));
}
TEST(RelaySet, OfTwoPlansForAMountTheFirstCounts) {
  RelayPlan other = plan("/a");
  other.upstreams[0].mount = "/elsewhere";
  relays->want({plan("/a"), other});
  host.until([&] { return flows("/a"); });
  CHECK(server.requests[0].starts_with("GET /a "));
}
TEST(RelaySet, StartsAndStopsRelaysOnDemand) {
  relays->want({plan("/a", true)});
  CHECK(!relays->demand("/b"));
  host.awaited.insert("/a");
  CHECK(relays->demand("/a"));
  host.until([&] { return flows("/a"); });
  host.awaited.clear();
  host.until([&] { return !flows("/a"); });  // it looks by itself
  CHECK(host.mount("/a")->phase() == MountPhase::kIdle);
}
TEST(RelaySet, FindsRelaysByTheirIds) {
  relays->want({plan("/a", true), plan("/b", true)});
  const Relay* a = relays->of_mount("/a");
  POINTERS_EQUAL(a, relays->find(a->id()));
  POINTERS_EQUAL(nullptr, relays->find(99));
  relays->clear();
  POINTERS_EQUAL(nullptr, relays->of_mount("/a"));
}
// 10,000 that a master announced at once held up everything else on control.
TEST(RelaySet, OfManyNewOnesSomeBeginInEachTurn) {
  std::vector<RelayPlan> plans;
  for (int i = 0; i < 1000; ++i) plans.push_back(plan("/m" + std::to_string(1000 + i), true));
  relays->want(plans);
  const std::size_t at_once = relays->size();
  CHECK(at_once > 0 && at_once < 500);
  POINTERS_EQUAL(nullptr, relays->of_mount("/m1999"));
  relays->begin("/m1999");  // a listener asks
  CHECK(relays->of_mount("/m1999") != nullptr);
  LONGS_EQUAL(at_once + 1, relays->size());
  host.until([&] { return relays->size() == 1000; });
  plans.resize(2);
  relays->want(plans);
  LONGS_EQUAL(2, relays->size());
}
// Of 100 at once an Icecast master, whose queue holds 5, let in 6 each time that TCP tried again.
TEST(RelaySet, ManyNewOnesDoNotAskInOneMoment) {
  std::vector<RelayPlan> plans;
  for (int i = 0; i < 20; ++i) plans.push_back(plan("/m" + std::to_string(i), i % 2 == 0));
  relays->want(plans);
  std::size_t asking = 0;
  relays->for_each([&](const std::string&, const Relay& relay) { asking += relay.asks(); });
  CHECK(asking > 0 && asking < 5);
  host.until([&] { return relays->size() == 20 && flows("/m1") && flows("/m9"); });
}
TEST(RelaySet, OneMoreIsLaidToTheOthers) {
  relays->want({plan("/a", true)});
  const Relay* a = relays->of_mount("/a");
  relays->want_too(plan("/b", true));
  host.until([&] { return relays->size() == 2; });
  POINTERS_EQUAL(a, relays->of_mount("/a"));
  RelayPlan other = plan("/b", true);
  other.upstreams[0].mount = "/elsewhere";
  relays->want_too(other);
  STRCMP_EQUAL("/elsewhere", relays->of_mount("/b")->plan().upstreams[0].mount.c_str());
}
TEST(RelaySet, OneLessTouchesNoneOfTheOthers) {
  relays->want({plan("/a", true), plan("/b", true)});
  relays->want_too(plan("/c", true));
  relays->want_no("/b");
  relays->want_no("/c");  // has not begun
  relays->want_no("/x");
  host.pass(20ms);
  LONGS_EQUAL(1, relays->size());
  CHECK(relays->of_mount("/a") != nullptr);
  CHECK(host.now_begun == std::set<std::string>{});
}
TEST(RelaySet, SaysWhichHaveBegun) {
  relays->want({plan("/a", true)});
  relays->want_too(plan("/b", true));
  relays->want_too(plan("/a", true));  // as it is
  host.until([&] { return relays->size() == 2; });
  CHECK(host.now_begun == std::set<std::string>{"/b"});
}
// What is idle and has no listener is not looked at: with 10,000 of them that cost 5 ms/s.
TEST(RelaySet, LooksAtThoseThatAreInUseOnly) {
  relays->want({plan("/a", true), plan("/b", true)});
  host.pass(3 * host.quick.poll_every);
  const std::size_t before = host.asked_awaited;
  host.pass(5 * host.quick.poll_every);
  LONGS_EQUAL(before, host.asked_awaited);
  host.mount("/a")->gate().enter();  // a listener at its fallback comes home, or one that is moved
  host.until([&] { return flows("/a"); });
  host.mount("/a")->gate().leave();
  host.until([&] { return !flows("/a"); });
  CHECK(!flows("/b"));
}
// A master may list thousands of streams that it does not have.
TEST(RelaySet, ThoseThatAListNamesInVainRestForEachOtherAndFillNoLog) {
  server.answers = {"HTTP/1.0 404 Not Found\r\n\r\n"};
  server.close_after = true;
  std::vector<RelayPlan> plans;
  for (int i = 0; i < 260; ++i) {
    plans.push_back(plan(cat({"/", i})));
    plans.back().from_master = true;
  }
  relays->want(plans);
  // 5 ms for each of them.
  host.until([&] { return host.captured.says("asked again in 1300ms"); });
  CHECK(host.captured.says("200 relays that masters list cannot be pulled"));
  std::set<std::string> named;
  std::istringstream lines(host.captured.errors());
  for (std::string line; std::getline(lines, line);)
    if (line.find("WARN") != std::string::npos && line.find("asked again") != std::string::npos)
      named.insert(line.substr(line.find("relay /"), 11));
  CHECK_EQUAL(200u, named.size());
  // One that streams counts no longer.
  LONGS_EQUAL(260, host.vain().inside());
  server.answers = {"HTTP/1.0 200 OK\r\nContent-Type: audio/x-test\r\n\r\n"};
  server.close_after = false;
  host.until([&] { return host.vain().inside() == 0; });
}
