// What a node cannot pull, and how full its mounts are: from what it says to where listeners go.
#include <string>
#include <vector>

#include "cluster/link/frame.h"
#include "cluster/polling/node_report.h"
#include "cluster/relay/pull_path.h"
#include "cluster/relay_fixture.h"
#include "cluster/some_cluster.h"
#include "cluster/whole_changes.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(CannotPull) {
  SomeCluster cluster;
  BalanceSettings settings;
  PickRequest request;
  Rng rng{7};
  PickTrace trace;

  void setup() override {
    request.mount = "/a";
    settings.rules.affinity = false;
  }
  std::string to() {
    trace = {};
    const Choice choice = pick({cluster.table, settings}, request, rng, cluster.now, &trace);
    return choice.kind == Choice::Kind::kRedirect ? cluster.table.node(choice.node).id
           : choice.kind == Choice::Kind::kServe  ? "here"
                                                  : "refuse";
  }
  bool goes_to(const std::string& id) {
    for (int i = 0; i < 200; ++i)
      if (to() == id) return true;
    return false;
  }
  void says(NodeSlot slot, MountLoad load, PullFault node = PullFault::kNone) {
    LoadReport report = cluster.load(0, 0);
    report.changed = {std::move(load)};
    report.cannot = node;
    cluster.table.report(slot, report);
  }
  static MountLoad cannot(PullFault fault, std::string mount = "/a") {
    return {.mount = std::move(mount), .carries = false, .cannot = fault};
  }
};

TEST(CannotPull, AMountSendsNobodyThereAndAnotherDoes) {
  cluster.add("e1", 1e6);
  const NodeSlot e2 = cluster.add("e2", 1e6);
  CHECK(goes_to("e2"));
  says(e2, cannot(PullFault::kDenied));
  CHECK_FALSE(goes_to("e2"));
  CHECK(trace.rows[e2].out == OutReason::kCannotPull);
  CHECK(trace.rows[e2].cannot == PullFault::kDenied);
  request.mount = "/b";
  CHECK(goes_to("e2"));
}

TEST(CannotPull, ItIsServedHereWhenNobodyCan) {
  cluster.add_self(1e6, 0);
  says(cluster.add("e1", 1e6), cannot(PullFault::kTimeout));
  STRCMP_EQUAL("here", to().c_str());
}

TEST(CannotPull, IsOverWhenItSaysSoOrCarriesTheMount) {
  const NodeSlot e1 = cluster.add("e1", 1e6);
  cluster.events();
  says(e1, cannot(PullFault::kDenied));
  STRCMP_EQUAL("cannot pull e1 (/a (it is not let in (401 or 403)))", cluster.events().c_str());
  says(e1, cannot(PullFault::kNotFound));  // another reason is no news
  STRCMP_EQUAL("", cluster.events().c_str());
  says(e1, {.mount = "/a", .listeners = 0, .carries = true});
  STRCMP_EQUAL("pulls again e1 (/a)", cluster.events().c_str());
  STRCMP_EQUAL("e1", to().c_str());
  says(e1, cannot(PullFault::kDenied));
  cluster.events();
  // The mount has gone there, and with it the reason; or it can be pulled.
  says(e1, {.mount = "/a", .carries = false});
  STRCMP_EQUAL("pulls again e1 (/a)", cluster.events().c_str());
  STRCMP_EQUAL("e1", to().c_str());
}

TEST(CannotPull, ManyMountsAreToldInOneLine) {
  const NodeSlot e1 = cluster.add("e1", 1e6);
  cluster.events();
  std::vector<MountLoad> all;
  for (int i = 0; i < 10; ++i) all.push_back(cannot(PullFault::kTls, "/" + std::to_string(i)));
  cluster.table.delta(e1, all);
  STRCMP_EQUAL("cannot pull e1 (/0 (TLS fails), /1 (TLS fails), /2 (TLS fails) and 7 more)",
               cluster.events().c_str());
}

TEST(CannotPull, MostMountsMakeTheNodeSuspectAndNobodyIsSentForWhatItDoesNotCarry) {
  const NodeSlot e1 = cluster.add("e1", 1e6);
  cluster.add("e2", 1e6);
  cluster.events();
  says(e1, {.mount = "/b", .listeners = 1, .carries = true}, PullFault::kRefused);
  CHECK(cluster.state(e1) == NodeState::kSuspect);
  CHECK_FALSE(goes_to("e1"));
  CHECK(trace.rows[e1].out == OutReason::kCannotPull);
  says(e1, {.mount = "/b", .listeners = 1, .carries = true});
  CHECK(cluster.state(e1) == NodeState::kUp);
  CHECK(goes_to("e1"));
}

TEST(CannotPull, WhoWasSentBackIsNotSentThereAgain) {
  const NodeSlot e1 = cluster.add("e1", 1e6);
  cluster.add_self(1e6, 0);
  request.avoid = cluster.table.node(e1).key;
  STRCMP_EQUAL("e1", to().c_str());  // better than nobody
  request.sent_back = true;
  STRCMP_EQUAL("here", to().c_str());
  CHECK(trace.rows[e1].out == OutReason::kSentBack);
}

TEST(CannotPull, WhoWasSentBackHasFollowedTheRedirect) {
  Balancer balancer(cluster.table, settings, rng);
  cluster.add_self(1e6, 0);
  cluster.add("e1", 1e6);
  cluster.add("e2", 1e6);
  for (int i = 0; i < 100; ++i) {
    const ClientKey key = client_key("192.0.2.1", "Player/" + std::to_string(i), "/a");
    const Choice first = balancer.decide(request, {key, "Player/1"}, cluster.now);
    CHECK(first.kind == Choice::Kind::kRedirect);
    const Choice second = balancer.decide(request, {key, "Player/1", true}, cluster.now);
    CHECK(second.kind == Choice::Kind::kRedirect);
    CHECK(second.node != first.node);
  }
  // No player of this family is served here because of it.
  const Choice last =
      balancer.decide(request, {client_key("192.0.2.2", "x", "/a"), "Player/1"}, cluster.now);
  CHECK(last.kind == Choice::Kind::kRedirect);
}

TEST(CannotPull, PlacesOfAMountAreCountedWithThoseOnTheirWay) {
  const NodeSlot e1 = cluster.add("e1", 1e6);
  cluster.add_self(1e6, 0);
  Balancer balancer(cluster.table, settings, rng);
  const auto sent = [&] {
    int count = 0;
    for (int i = 0; i < 20; ++i)
      if (balancer.decide(request, {}, cluster.now).kind == Choice::Kind::kRedirect) ++count;
    return count;
  };
  says(e1, {.mount = "/a", .carries = false, .enforces = 4, .free = 5});
  CHECK_EQUAL(5, sent());
  // Three have come; two are still on their way.
  cluster.pass(100ms);
  says(e1, {.mount = "/a", .listeners = 3, .carries = true, .enforces = 4, .free = 2});
  CHECK_EQUAL(0, sent());
  // They never came.
  cluster.pass(1100ms);
  says(e1, {.mount = "/a", .listeners = 3, .carries = true, .enforces = 4, .free = 2});
  CHECK_EQUAL(2, sent());
  cluster.pass(100ms);
  says(e1, {.mount = "/a", .listeners = 5, .carries = true, .enforces = 4, .free = 0});
  CHECK_EQUAL(0, sent());
  trace = {};
  static_cast<void>(to());
  CHECK(trace.rows[e1].out == OutReason::kFull);
}

TEST(CannotPull, TravelsInFrames) {
  LoadFrame load;
  load.seq = 1;
  load.cannot = PullFault::kRefused;
  load.changed = {{.mount = "/a", .carries = false, .cannot = PullFault::kDenied},
                  {.mount = "/b", .listeners = 3, .carries = true, .enforces = 4, .free = 7},
                  {.mount = "/c", .listeners = 1}};
  const std::string line = render_frame(load);
  CHECK(line.find(R"("cannot":"refused","c":[["/a",null,[],{"cannot":"denied"}],)"
                  R"(["/b",3,["limits"],{"free":7}],["/c",1]])") != std::string::npos);
  const auto back = parse_frame(line.substr(0, line.size() - 1));
  CHECK(back.has_value() && back->has_value());
  const auto& read = std::get<LoadFrame>(**back);
  CHECK(read.cannot == PullFault::kRefused);
  CHECK(read.changed[0].cannot == PullFault::kDenied);
  CHECK_EQUAL(7u, read.changed[1].free);
  CHECK_FALSE(read.changed[2].free != MountLoad::kUnlimited);
}

TEST(CannotPull, AWordOfALaterVersionIsAReasonToo) {
  const auto frame = parse_frame(
      R"({"t":"LOAD","seq":1,"at":1,"lis":0,"kbps":0,"c":[["/a",null,[],{"cannot":"moon","new":1}]]})");
  CHECK(frame.has_value());
  CHECK(std::get<LoadFrame>(**frame).changed[0].cannot == PullFault::kOther);
  CHECK_FALSE(
      parse_frame(R"({"t":"LOAD","seq":1,"at":1,"lis":0,"kbps":0,"c":[["/a",1,[],{"free":-1}]]})")
          .has_value());
}

TEST(CannotPull, TravelsInReports) {
  NodeReport report;
  report.form = NodeReport::Form::kOurs;
  report.id = "e1";
  report.epoch = "1";
  report.cannot = PullFault::kDenied;
  report.mounts = {{.mount = "/a", .carries = false, .cannot = PullFault::kDenied},
                   {.mount = "/b", .listeners = 2, .enforces = 4, .free = 3}};
  STRCMP_EQUAL("/a\t0\tidle,cannot=denied\n/b\t2\tlimits,free=3\n", node_body(report).c_str());
  const auto back = parse_node_report(node_header(report), node_body(report));
  CHECK(back.has_value());
  CHECK(back->cannot == PullFault::kDenied);
  CHECK(back->mounts == report.mounts);
}

TEST(CannotPull, TheBookTellsItAtOnceAndTellsItsEnd) {
  LoadChanges captured;
  const SteadyTime now{1h};
  CHECK_TRUE(
      set_all(captured, {{.mount = "/a", .carries = false, .cannot = PullFault::kTls}}, now));
  CHECK(captured.all().at(0).cannot == PullFault::kTls);
  CHECK_FALSE(
      set_all(captured, {{.mount = "/a", .carries = false, .cannot = PullFault::kTls}}, now));
  CHECK_TRUE(set_all(captured, {{.mount = "/a", .carries = true}}, now));
  CHECK(captured.all().at(0).cannot == PullFault::kNone);
  CHECK_TRUE(set_all(captured, {{.mount = "/a", .carries = true, .free = 0}}, now));  // full
}

// -- where the fault is found
// ----------------------------------------------------------------------

TEST_GROUP_BASE(RelayFault, RelayFixture) {
  using RelayFixture::start;
  Loopback& server = first;

  void setup() override { server.close_after = true; }
  void start() {
    RelayPlan made = plan({at(server)});
    made.on_demand = made.from_master = true;
    start(std::move(made));
  }
  void demand() {
    host.awaited.insert("/local");
    relay->demand();
  }
  PullFault fault_after(const std::string& answer) {
    server.answers = {answer};
    start();
    CHECK(relay->cannot() == PullFault::kNone);
    demand();
    host.until([&] { return !host.failed.empty(); });
    return relay->cannot();
  }
};

TEST(RelayFault, SaysWhy) {
  CHECK(fault_after("HTTP/1.0 401 Unauthorized\r\n\r\n") == PullFault::kDenied);
  host.failed.clear();
  CHECK(fault_after("HTTP/1.0 404 Not\r\n\r\n") == PullFault::kNotFound);
  host.failed.clear();
  CHECK(fault_after("HTTP/1.0 500 Broken\r\n\r\n") == PullFault::kStatus);
  host.failed.clear();
  CHECK(fault_after("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n") == PullFault::kNoStream);
}

TEST(RelayFault, FindsOutItselfThatItCanPullAgain) {
  CHECK(fault_after("HTTP/1.0 404 Not\r\n\r\n") == PullFault::kNotFound);
  server.answers = {"HTTP/1.0 200 OK\r\nContent-Type: audio/x-test\r\n\r\n"};
  server.close_after = false;
  host.until([&] { return relay->cannot() == PullFault::kNone; });
  // No further than the head of the answer.
  CHECK_FALSE(relay->flows());
  CHECK(relay->is_idle());
  LONGS_EQUAL(0, host.calls().inside());
  LONGS_EQUAL(0, host.proofs().inside());
  // And asks no more.
  const auto asked = server.requests.size();
  host.pass(100ms);
  LONGS_EQUAL(asked, server.requests.size());
}

TEST(RelayFault, ProvesOnlyAsManyAtOnceAsThereArePlaces) {
  CHECK(fault_after("HTTP/1.0 404 Not\r\n\r\n") == PullFault::kNotFound);
  for (int i = 0; i < 8; ++i) host.proofs().enter();
  const auto asked = server.requests.size();
  host.pass(200ms);
  LONGS_EQUAL(asked, server.requests.size());
  host.proofs().leave();
  host.until([&] { return server.requests.size() > asked; });
}

TEST(RelayFault, AnUpstreamThatDoesNotAnswerIsAFaultBeforeItHasFailed) {
  host.quick.slow = 20ms;
  server.answers = {""};  // accepts, and says nothing
  server.close_after = false;
  start();
  demand();
  host.until([&] { return relay->cannot() == PullFault::kTimeout; });
  CHECK(host.failed.empty());
}

TEST(RelayFault, AListenerWhoComesDuringAProofIsServedByIt) {
  CHECK(fault_after("HTTP/1.0 404 Not\r\n\r\n") == PullFault::kNotFound);
  server.answers = {"HTTP/1.0 200 OK\r\nContent-Type: audio/x-test\r\n\r\n"};
  server.close_after = false;
  const auto asked = server.requests.size();
  host.until([&] { return host.proofs().inside() > 0; });
  demand();
  host.until([&] { return relay->flows(); });
  LONGS_EQUAL(asked + 1, server.requests.size());
}

TEST(RelayFault, TheWayToTheServerIsAFaultOfEveryMount) {
  start();
  host.path = PullFault::kRefused;
  CHECK(relay->cannot() == PullFault::kRefused);
  host.path = PullFault::kNone;
  CHECK(relay->cannot() == PullFault::kNone);
}

// -- the way itself
// --------------------------------------------------------------------------------

TEST_GROUP(PullPath) {
  FakeRelayHost host;
  Loopback server{host.loop()};
  int changes = 0;
  std::unique_ptr<PullPath> path;

  void begin(std::uint16_t port) {
    PullPath::Timing quick{500ms, 50ms, 10ms, 40ms, 1ms};
    path = std::make_unique<PullPath>(
        host.connector(), host.rng(), ConnectTarget{"127.0.0.1", port, false, ""},
        [this] { ++changes; }, quick);
    path->prove();
    CHECK_FALSE(path->known());
  }
};

TEST(PullPath, AnyAnswerOpensIt) {
  server.answers = {"HTTP/1.0 404 Not\r\n\r\n"};
  begin(server.port);
  host.until([&] { return path->known(); });
  CHECK(path->fault() == PullFault::kNone);
  CHECK_EQUAL(1, changes);
  CHECK(server.requests.at(0).starts_with("GET /_lb/live HTTP/1.0\r\n"));
  // It is asked again, and what is the same is no news.
  host.until([&] { return server.requests.size() > 2; });
  CHECK_EQUAL(1, changes);
}

TEST(PullPath, ARefusedOneIsTriedAgain) {
  begin(9);  // discard: nothing listens there
  host.until([&] { return path->known(); });
  CHECK(path->fault() == PullFault::kRefused);
  host.pass(60ms);
  CHECK(path->fault() == PullFault::kRefused);
  CHECK_EQUAL(1, changes);
}

TEST(PullPath, OneThatWasWaitedForInVainCountsAsOneThatDoesNotAnswer) {
  server.answers = {""};
  server.close_after = false;
  begin(server.port);
  path->give_up_waiting();
  CHECK(path->fault() == PullFault::kTimeout);
}
