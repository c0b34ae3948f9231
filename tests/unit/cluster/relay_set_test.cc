#include "cluster/relay/relay_set.h"

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
