#include "app/cluster/cluster_service.h"

#include "app/test_server.h"
#include "app/topology/cluster_facts.h"
#include "app/topology/cluster_record.h"
#include "app/topology/listeners_elsewhere.h"
#include "app/topology/redirect_answer.h"
#include "app/topology/stream_offers.h"
#include "cluster/link/master_session.h"
#include "cluster/relay/pull_verifier.h"

// Last, because it redefines `new`.
#include "cluster/polling/node_report.h"
#include "stream/mount/mount.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

const std::string kThree =
    "<max-redirect-slaves>-1</max-redirect-slaves>"
    "<redirect><host>a.test</host><port>8100</port></redirect>"
    "<redirect><host>b.test</host><port>8100</port></redirect>"
    "<cluster><id>m1</id><capacity self-weight=\"0\"/><balance><hold>0</hold></balance></cluster>";

}  // namespace

TEST_GROUP(ClusterService) {
  TestServer server;
  ClusterService& cluster() { return *server.services().cluster; }
  RedirectAsk ask(const std::string& ip = "192.0.2.1") {
    RedirectAsk out;
    out.mount = "/live";
    out.client = *Address::parse(ip, 0);
    out.user_agent = "P/1";
    return out;
  }
  std::vector<StreamOffer> offers() {
    std::vector<StreamOffer> out;
    for (const auto mounts = server.services().mounts.all(); const auto& [name, mount] : *mounts)
      if (auto offer = stream_offer(*server.config(), *mount, "m1", {},
                                    [](const std::string&) { return std::nullopt; }))
        out.push_back(std::move(*offer));
    return out;
  }
};

TEST(ClusterService, FactsSayWhoThisNodeIs) {
  server.start("<cluster><id>m1</id><token keys=\"k\" require=\"soft\"/></cluster>");
  const auto facts = cluster().facts();
  CHECK_EQUAL(std::string("m1"), facts->id);
  CHECK_EQUAL("m1." + facts->epoch, facts->mark);
  CHECK(facts->member);
  CHECK(cluster().wants_tokens());
  CHECK(facts->names == std::vector<std::string>{"m1"});
}
TEST(ClusterService, AnIdStaysThroughAReload) {
  server.start("<cluster><id>m1</id></cluster>");
  const std::string mark = cluster().facts()->mark;
  server.write_config("<cluster><id>m2</id></cluster>");
  server.reload();
  CHECK_EQUAL(mark, cluster().facts()->mark);
}
TEST(ClusterService, AReloadTurnsRedirectingOnAndOff) {
  auto source = server.start().source("/live");
  CHECK_FALSE(cluster().redirects());
  server.write_config(kThree);
  server.reload();
  CHECK(cluster().redirects());
  CHECK_EQUAL(302, server.get("/live").status);
  server.write_config("");
  server.reload();
  CHECK_FALSE(cluster().redirects());
  CHECK_EQUAL(200, server.open("/live").reply().status);
}
TEST(ClusterService, AServerThatIsNamedNoMoreIsNoNode) {
  auto source = server.start(kThree).source("/live");
  const auto places = [this] {
    std::vector<std::string> out;
    for (const auto& place : cluster().best_places(ask(), 9)) out.push_back(place.origin);
    std::sort(out.begin(), out.end());
    return out;
  };
  CHECK(places() == (std::vector<std::string>{"http://a.test:8100", "http://b.test:8100"}));
  std::string two = kThree;
  two.replace(two.find("a.test"), 6, "c.test");
  server.write_config(two);
  server.reload();
  CHECK(places() == (std::vector<std::string>{"http://b.test:8100", "http://c.test:8100"}));
}
TEST(ClusterService, BestPlacesAreSoManyAndNotThisNode) {
  auto source = server.start(kThree).source("/live");
  LONGS_EQUAL(1, cluster().best_places(ask(), 1).size());
  LONGS_EQUAL(0, cluster().best_places(ask(), 0).size());
}
TEST(ClusterService, ExplainingCountsNothing) {
  auto source = server.start(kThree).source("/live");
  for (int i = 0; i < 3; ++i) {
    PickTrace trace;
    CHECK(cluster().explain(ask(), trace).kind == Choice::Kind::kRedirect);
  }
  // Who was redirected would be served here.
  CHECK_EQUAL(302, server.get("/live", "User-Agent: P/1\r\n", "192.0.2.1").status);
}
TEST(ClusterService, RulesOfANewMountAreReadWithItsFirstQuestionAndAgainWithItsRecord) {
  server.start(kThree + "<mount><mount-name>/live</mount-name><balance when=\"never\"/></mount>");
  const auto rules = [&] { return cluster().decider().settings().mounts; };
  auto source = server.source("/live");
  PickTrace trace;
  cluster().explain(ask(), trace);
  LONGS_EQUAL(1, rules().count("/live"));
  CHECK(rules().at("/live").when == BalanceWhen::kNever);
  const auto next = std::make_shared<Config>(*server.config());
  for (MountSettings& section : next->mounts) section.balance = {};
  server.services().config.publish(next);
  const std::string changed[] = {"/live", "/unknown"};
  cluster().records_changed(changed);
  LONGS_EQUAL(0, rules().size());
}
TEST(ClusterService, InItsFirstSecondAMasterHoldsRequestsBack) {
  std::string holds = kThree;
  holds.replace(holds.find("<hold>0"), 7, "<hold>300ms");
  holds.insert(holds.find("</cluster>"), "<node id=\"edge1\" secret=\"s\"/>");
  auto source = server.start(holds).source("/live");
  auto listener = server.open("/live");
  CHECK(listener.waits());
  server.clock.advance(301ms);
  CHECK(server.until([&] { return listener.reply().status == 302; }));
}
TEST(ClusterService, WithoutAMasterNobodyIsSentBack) {
  server.start();
  CHECK(cluster().send_to_master(ask()).kind == RedirectAnswer::Kind::kServe);
  CHECK(cluster().unserved(ask()).kind == RedirectAnswer::Kind::kServe);
  RedirectAsk redirected = ask();
  redirected.arrival.token = Arrival::Token::kValid;
  const RedirectAnswer answer = cluster().unserved(redirected);
  CHECK(answer.kind == RedirectAnswer::Kind::kRefuse);
  CHECK(answer.retry_after >= 1s && answer.retry_after <= 3s);
}
TEST(ClusterService, ClocksOfMastersAreFoundByTheirTag) {
  server.start();
  cluster().set_master_clock("m1", 500ms);
  cluster().set_master_clock("m1", 550ms);  // as good as the same
  const auto clocks = cluster().master_clocks();
  CHECK(clocks->of(token_tag("m1")) == std::vector<std::chrono::milliseconds>{500ms});
  CHECK(clocks->of(static_cast<std::uint8_t>(token_tag("m1") + 1)) ==
        std::vector<std::chrono::milliseconds>{0ms});
  cluster().set_master_clock("m1", 700ms);
  CHECK(cluster().master_clocks()->of(token_tag("m1")).at(0) == 700ms);
}
TEST(ClusterService, OnlySoManyClocksAreKept) {
  server.start();
  for (int i = 0; i < 300; ++i) cluster().set_master_clock("m" + std::to_string(i), 1s);
  LONGS_EQUAL(256, cluster().master_clocks()->ahead.size());
}
TEST(ClusterService, ItsOwnReportSaysWhatItCarries) {
  server.start(
      "<cluster><id>e1</id><capacity max-listeners=\"50\"/></cluster>"
      "<mount><mount-name>/live</mount-name><max-listeners>9</max-listeners></mount>");
  auto source = server.source("/live");
  auto listener = server.open("/live"),
       relay = server.open("/live", "User-Agent: Icecast 2.4.4\r\n");
  const NodeReport report = cluster().own_report({"/live", "/other"}, "m1");
  CHECK_EQUAL(std::string("e1"), report.id);
  CHECK(report.listeners == 1u);
  LONGS_EQUAL(50, report.capacity.listeners);
  LONGS_EQUAL(1, report.mounts.size());
  CHECK(report.mounts[0].carries);
  LONGS_EQUAL(1, report.mounts[0].listeners);
  CHECK(report.mounts[0].free == 7u);
  CHECK_FALSE(report.draining);
  server.services().drainer->begin({});
  CHECK(cluster().own_report({}, "m1").draining);
}
TEST(ClusterService, ItsReportsAreCountedOnByTheNextProcess) {
  server.start("<cluster><id>m1</id></cluster>");
  LONGS_EQUAL(1, cluster().own_report({}, "m1").seq);
  LONGS_EQUAL(2, cluster().own_report({}, "m2").seq);
  ClusterRecord saved;
  cluster().save(saved);
  LONGS_EQUAL(2, saved.numbers.last_report);
  LONGS_EQUAL(3, cluster().own_report({}, "m1").seq);
  cluster().take_over(saved);
  LONGS_EQUAL(3, cluster().own_report({}, "m1").seq);
  // An older program has saved none.
  ClusterRecord older;
  older.epoch = saved.epoch;
  cluster().take_over(older);
  CHECK(cluster().own_report({}, "m1").seq > 1'000'000);
}
TEST(ClusterService, AMarkIsUsedForTheNextProcessToo) {
  KnownNodes known;
  known.nodes.emplace_back();
  known.nodes.back().id = "e1";
  known.nodes.back().secret = "s-e1";
  const auto judge = [&] {
    PullMark mark{"e1", "a", "m1.b", 1, unix_seconds(server.clock.wall())};
    mark.mac = mark.mac_for("s-e1", "/live");
    return cluster().pulls().judge(mark, known, {}, "m1.b", "/live", server.clock);
  };
  server.start("<cluster><id>m1</id></cluster>");
  CHECK(judge() == PullVerifier::Verdict::kOurs);
  ClusterRecord saved;
  cluster().save(saved);
  server.start("<cluster><id>m1</id></cluster>");
  cluster().take_over(saved);
  CHECK(judge() == PullVerifier::Verdict::kSeen);
}
TEST(ClusterService, ArrivalsAreToldWhereTokensAreChecked) {
  server.start("<cluster><id>e1</id><token keys=\"k\"/></cluster>");
  cluster().count_arrival(token_tag("m1"), 0);
  LONGS_EQUAL(1, cluster().arrivals("m1"));
  CHECK(cluster().own_report({}, "m1").arrived == 1u);
  CHECK(cluster().own_report({}, "").arrived == 0u);
}
TEST(ClusterService, WithoutRedirectingNobodyElsewhereIsCounted) {
  server.start();
  CHECK_FALSE(cluster().listeners_elsewhere().counted);
  server.start(kThree);
  CHECK(cluster().listeners_elsewhere().counted);
}

// Those that nodes alone have cost nothing: a look at 20,000 of them takes 20 ms.
TEST(ClusterService, PeaksAreLookedForAtTheMountsThatAreHere) {
  auto source = server.start(kThree).source("/live");
  LoadReport report;
  report.received = report.sampled = server.clock.steady();
  report.changed.push_back({.mount = "/live", .listeners = 7});
  for (int i = 1; i < 20'000; ++i)
    report.changed.push_back({.mount = "/a/mount/of/another/" + std::to_string(i), .listeners = 1});
  cluster().decider().with_table([&report](NodeTable& table) {
    for (NodeSlot slot = 0; slot < table.nodes().size(); ++slot)
      if (slot != table.self()) table.report(slot, report);
  });
  LONGS_EQUAL(20'000, cluster().listeners_elsewhere().mounts.size());
  const std::chrono::nanoseconds before = system_clock().thread_work();
  for (int i = 0; i < 100; ++i) cluster().configure(*server.config());
  CHECK(system_clock().thread_work() - before < 1s);
  LONGS_EQUAL(14, server.mount("/live")->listener_peak.load());
}

// -- what is offered
// -----------------------------------------------------------------------------------

TEST(ClusterService, EveryMountThatPlaysIsOfferedUnderTheNodesName) {
  server.start("<mount><mount-name>/b</mount-name><max-listeners>5</max-listeners></mount>");
  auto a = server.source("/a", "ice-audio-info: ice-bitrate=128\r\n"), b = server.source("/b");
  const auto all = offers();
  LONGS_EQUAL(2, all.size());
  CHECK_EQUAL(std::string("/a"), all[0].mount);
  CHECK_EQUAL(std::string("audio/mpeg"), all[0].content_type);
  LONGS_EQUAL(128, all[0].kbps);
  CHECK(all[0].path == std::vector<std::string>{"m1"});
  LONGS_EQUAL(0, all[0].needs);
  LONGS_EQUAL(static_cast<int>(Protection::kLimits), all[1].needs);
}
TEST(ClusterService, ABitrateThatIsNoNumberIsNotSaid) {
  server.start();
  auto a = server.source("/a", "ice-audio-info: ice-bitrate=Quality 3\r\n");
  auto b = server.source("/b", "ice-audio-info: ice-bitrate=99999999\r\n");
  for (const StreamOffer& offer : offers()) LONGS_EQUAL(0, offer.kbps);
}
TEST(ClusterService, AnIdleRelayOfTheConfigurationIsOfferedToo) {
  server.start(
      "<relay><server>127.0.0.1</server><port>1</port><mount>/live</mount>"
      "<on-demand>1</on-demand></relay>");
  LONGS_EQUAL(1, offers().size());
}
TEST(ClusterService, AFallbackFileIsNotOffered) {
  server.put_web("song.mp3", mp3_frames(50));
  server.start(
      "<mount><mount-name>/live</mount-name><fallback-mount>/song.mp3</fallback-mount></mount>");
  LONGS_EQUAL(0, offers().size());
}
