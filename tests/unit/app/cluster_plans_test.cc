#include "app/topology/cluster_plans.h"

#include "cluster/balance/balance.h"
#include "cluster/link/master_session.h"
#include "cluster/nodes/known_nodes.h"
#include "cluster/relay/relay_plans.h"
#include "config/load_text.h"
#include "config/settings/config.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

Config config_of(const std::string& inside) { return *load(inside).config; }

}  // namespace

TEST_GROUP(ClusterPlans){};

TEST(ClusterPlans, CountriesAreTwoCapitalLetters) {
  CHECK(countries_of({"de", "AT", "Deutschland", "x", "c1"}) ==
        (std::vector<std::string>{"DE", "AT"}));
}
TEST(ClusterPlans, KnownNodesAreInTheOrderOfTheConfiguration) {
  const KnownNodes known = known_nodes(
      config_of("<cluster><node id=\"e1\" secret=\"s1\" max-listeners=\"10\" max-bandwidth=\"2M\"/>"
                "<node id=\"e2\" secret=\"s2\" weight=\"3\"/>"
                "<legacy-slave address=\"192.0.2.7\" public=\"old.test:8000\"/></cluster>"));
  LONGS_EQUAL(2, known.nodes.size());
  LONGS_EQUAL(1, known.slaves.size());
  CHECK_EQUAL(std::string("e1"), known.nodes[0].id);
  LONGS_EQUAL(10, known.nodes[0].limits.most.listeners);
  DOUBLES_EQUAL(2000, known.nodes[0].limits.most.kbps, 1e-6);
  LONGS_EQUAL(1, known.nodes[0].limits.order);
  LONGS_EQUAL(3, known.nodes[1].limits.weight);
  LONGS_EQUAL(3, known.slaves[0].limits.order);
  CHECK(known.slaves[0].public_address->host == "old.test");
}
TEST(ClusterPlans, ANodeWhoseNameIsNoneAndASlaveWithoutAnAddressAreNotKnown) {
  Config config;
  config.cluster.nodes.emplace_back().id = "not an id";
  config.cluster.nodes.back().secret = "s";
  config.cluster.legacy_slaves.emplace_back().address = "nowhere";
  CHECK(known_nodes(config).empty());
}
TEST(ClusterPlans, TheTableKnowsEveryTagThatAMountAsksFor) {
  Config config;
  config.mounts.resize(2);
  config.mounts[0].balance.tags = {"a", "b"};
  config.mounts[1].balance.tags = {"b"};
  config.default_mount.balance.tags = {"c"};
  CHECK(table_settings(config).tags == (std::vector<std::string>{"a", "b", "c"}));
}
TEST(ClusterPlans, TheTableWaitsForAllNodesOfTheConfiguration) {
  const auto settings = table_settings(config_of(
      "<max-redirect-slaves>5</max-redirect-slaves><cluster><balance><hold>3s</hold></balance>"
      "<node id=\"e1\" secret=\"s1\"/><node id=\"e2\" secret=\"s2\"/></cluster>"));
  LONGS_EQUAL(2, settings.expected);
  LONGS_EQUAL(5, settings.max_redirect_slaves);
  CHECK(settings.hold == 3s);
}
TEST(ClusterPlans, FractionsAreOfTenThousand) {
  Config config;
  config.cluster.eps = 500;
  config.cluster.floor = 2500;
  config.cluster.direct_budget = 1000;
  const BalanceSettings settings = balance_settings(config);
  DOUBLES_EQUAL(0.05, settings.eps, 1e-9);
  DOUBLES_EQUAL(0.25, settings.floor, 1e-9);
  DOUBLES_EQUAL(0.1, settings.direct_budget, 1e-9);
}
TEST(ClusterPlans, AMountsRulesAreTheClustersWithWhatItSaysItself) {
  const BalanceRules cluster{.policy = BalancePolicy::kHash,
                             .when = BalanceWhen::kFull,
                             .affinity = true,
                             .min_carriers = 4,
                             .busy_listeners = 20};
  MountBalance mount;
  mount.policy = static_cast<int>(BalancePolicy::kFirst);
  mount.affinity = 0;
  const BalanceRules rules = balance_rules(cluster, mount);
  CHECK(rules.policy == BalancePolicy::kFirst);
  CHECK_FALSE(rules.affinity);
  CHECK(rules.when == BalanceWhen::kFull);
  LONGS_EQUAL(4, rules.min_carriers);
  LONGS_EQUAL(20, rules.busy_listeners);
}
TEST(ClusterPlans, ItsPublicAddressesGoBeforeItsHostname) {
  const auto own = own_addresses(
      config_of("<hostname>h.test</hostname><cluster><public-address>e.test:8100</public-address>"
                "<public-address scheme=\"https\">e.test</public-address></cluster>"));
  LONGS_EQUAL(2, own.size());
  CHECK(own[0].host == "e.test" && own[0].port == 8100 && own[0].scheme == PublicScheme::kHttp);
  CHECK(own[1].port == 443 && own[1].scheme == PublicScheme::kHttps);
}
TEST(ClusterPlans, WithoutThemItIsTheHostnameUnlessThatSaysNothing) {
  const auto own = own_addresses(config_of("<hostname>h.test</hostname>"));
  LONGS_EQUAL(1, own.size());
  CHECK(own[0].host == "h.test" && own[0].port == 8000);
  CHECK(own_addresses(config_of("<hostname>localhost</hostname>")).empty());
}
TEST(ClusterPlans, CapacityIsTheSmallestOfAllLimitsAndOfWhatTheSystemAllows) {
  const Config config = config_of(
      "<limits><clients>500</clients><max-listeners>400</max-listeners></limits>"
      "<cluster><capacity max-listeners=\"300\" max-bandwidth=\"5M\" max-accept=\"9\"/></cluster>");
  LONGS_EQUAL(300, own_capacity(config, 1000).listeners);
  LONGS_EQUAL(200, own_capacity(config, 200).listeners);
  DOUBLES_EQUAL(5000, own_capacity(config, 1000).kbps, 1e-6);
  LONGS_EQUAL(9, own_capacity(config, 1000).accepts);
}
TEST(ClusterPlans, ThisNodeEnforcesWhateverAMountAsksFor) {
  const NodeHello self = own_hello(
      config_of("<cluster><id>m1</id><capacity self-weight=\"0\"/></cluster>"), "0a", 100);
  CHECK_EQUAL(std::string("m1"), self.id);
  LONGS_EQUAL(0xff, self.enforces);
  LONGS_EQUAL(0, self.limits.weight);
  CHECK(self.kind == NodeKind::kSelf);
}
TEST(ClusterPlans, ServersOfRedirectAreNodesThatNeverReport) {
  const auto nodes = static_nodes(config_of(
      "<cluster><node id=\"e1\" secret=\"s1\"/></cluster>"
      "<redirect><host>a.test</host><port>8100</port><max-listeners>7</max-listeners></redirect>"));
  LONGS_EQUAL(1, nodes.size());
  CHECK_EQUAL(std::string("redirect-a.test-8100"), nodes[0].id);
  CHECK(nodes[0].kind == NodeKind::kStatic);
  LONGS_EQUAL(7, nodes[0].limits.most.listeners);
  LONGS_EQUAL(2, nodes[0].limits.order);
}
TEST(ClusterPlans, AMountAsksForWhatItsSectionProtects) {
  MountSettings section;
  LONGS_EQUAL(0, protections_of(section));
  section.max_listeners = 0;
  LONGS_EQUAL(static_cast<int>(Protection::kLimits), protections_of(section));
  section.authenticator.type = "url";
  LONGS_EQUAL(static_cast<int>(Protection::kLimits) | static_cast<int>(Protection::kListenerAuth),
              protections_of(section));
  MountSettings timed;
  timed.max_listener_duration = 1s;
  LONGS_EQUAL(static_cast<int>(Protection::kLimits), protections_of(timed));
}
TEST(ClusterPlans, WhoKnowsNoRedirectIsToldByPartsOfTheUserAgent) {
  const std::vector<std::string> own{"MyRadio", ""};
  CHECK(cannot_follow("ESP32 radio", {}));
  CHECK(cannot_follow("x MyRadio/2", own));
  CHECK_FALSE(cannot_follow("VLC/3", own));
  CHECK_FALSE(cannot_follow("", own));
}
