#include "app/topology/mount_homes.h"

#include <utility>

#include "app/topology/cluster_plans.h"
#include "cluster/nodes/known_nodes.h"
#include "cluster/nodes/node_table.h"
#include "config/load_text.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr const char* kHomeMaster =
    "<store type='files' path='/tmp/x'/>"
    "<cluster><id>m1</id><cluster-port>8100</cluster-port>"
    "<node id='e1' secret='s1'/><node id='e2' secret='s2'/></cluster>";
constexpr const char* kHomeNode =
    "<master><server>m1.test</server><port>8000</port><cluster-port>8100</cluster-port>"
    "<username>e1</username><password>s1</password></master><cluster><id>anything</id></cluster>";

Config home_config(const std::string& inside) { return *load(inside).config; }

MountSettings section_at(const std::string& home, const std::string& from = "",
                         const std::string& to = "") {
  MountSettings section;
  section.origin = MountOrigin::kStore;
  section.home = home;
  section.moves_from = from;
  section.moves_to = to;
  return section;
}

}  // namespace

TEST_GROUP(MountHomes){};

TEST(MountHomes, ANodeIsKnownByItsNameAndByThatOfItsLink) {
  const Config master = home_config(kHomeMaster), node = home_config(kHomeNode);
  CHECK(is_own_id(master, "m1"));
  CHECK(!is_own_id(master, "e1"));
  CHECK(!is_own_id(master, ""));
  CHECK(is_own_id(node, "e1"));
  CHECK(is_own_id(node, "anything"));
  CHECK(!is_own_id(node, "m1"));
}
TEST(MountHomes, ASourceIsExpectedAtTheHomeAndWhereItMovesTo) {
  const Config node = home_config(kHomeNode);
  CHECK(is_expected_here(node, section_at("e1")));
  CHECK(is_expected_here(node, section_at("e2", "e2", "e1")));
  CHECK(is_expected_here(node, section_at("e1", "e1", "e2")));
  CHECK(!is_expected_here(node, section_at("e2", "e1", "e2")));  // forced
  CHECK(!is_expected_here(node, MountSettings()));
}
TEST(MountHomes, ASourceAwayFromHomeIsRefusedWhereTheHomeIsKnown) {
  const Config master = home_config(kHomeMaster), node = home_config(kHomeNode);
  STRCMP_EQUAL("", refuse_away_from_home(master, section_at("m1")).c_str());
  STRCMP_EQUAL("the source of this mount is expected at node e1",
               refuse_away_from_home(master, section_at("e1")).c_str());
  STRCMP_EQUAL("the source of this mount is expected at node e2",
               refuse_away_from_home(master, section_at("e1", "e1", "e2")).c_str());
  // A server that had another name when the mount was made.
  STRCMP_EQUAL("", refuse_away_from_home(master, section_at("old-name")).c_str());
  STRCMP_EQUAL("", refuse_away_from_home(master, MountSettings()).c_str());
  CHECK(!refuse_away_from_home(node, section_at("e2")).empty());
  STRCMP_EQUAL("", refuse_away_from_home(node, section_at("e1", "e1", "e2")).c_str());
}
TEST(MountHomes, OfTwoNodesWithTheSourceTheNewHomeCounts) {
  const MountSettings moves = section_at("e1", "e1", "e2");
  CHECK(home_rank(moves, "e2") < home_rank(moves, "e1"));
  CHECK(home_rank(moves, "e1") < home_rank(moves, "e3"));
  CHECK(is_home(moves, "e1") && is_home(moves, "e2") && !is_home(moves, "e3"));
  CHECK(!is_home(MountSettings(), ""));
}
TEST(MountHomes, OfTwoHomesNeitherTakesOverAndBothMayHaveTheSource) {
  const Config master = home_config(kHomeMaster), node = home_config(kHomeNode);
  MountSettings two = section_at("e2");
  two.backup = "e1";
  CHECK(two.has_two_homes());
  CHECK(is_expected_here(node, two));
  CHECK(!takes_over_here(node, two));
  CHECK(is_home(two, "e1") && is_home(two, "e2") && !is_home(two, "e3"));
  LONGS_EQUAL(home_rank(two, "e1"), home_rank(two, "e2"));
  STRCMP_EQUAL("", refuse_away_from_home(node, two).c_str());
  STRCMP_EQUAL("the source of this mount is expected at node e2 or e1",
               refuse_away_from_home(master, two).c_str());
  std::swap(two.home, two.backup);
  CHECK(is_expected_here(node, two));
  CHECK(!takes_over_here(node, two));
  // One home does, and where a mount moves to.
  CHECK(takes_over_here(node, section_at("e1")));
  MountSettings moves = section_at("e2", "e2", "e1");
  moves.backup = "e1";
  CHECK(takes_over_here(node, moves));
  CHECK(!moves.has_two_homes());
  STRCMP_EQUAL("the source of this mount is expected at node e1",
               refuse_away_from_home(master, moves).c_str());
}
TEST(MountHomes, ASourceEndsWhereTheMountHasMovedFromThoughItIsTheBackup) {
  const Config node = home_config(kHomeNode);
  const auto two = [](const std::string& home, const std::string& backup) {
    MountSettings section = section_at(home);
    section.backup = backup;
    return section;
  };
  const auto ends = [&node](const MountSettings& old, const MountSettings& next) {
    return gives_up_source(node, old, node, next);
  };
  CHECK(ends(two("e1", "e2"), two("e2", "e1")));
  CHECK(ends(two("e2", "e1"), two("e3", "e1")));  // the source has come to a third node
  CHECK(ends(two("e1", "e2"), two("e3", "e2")));
  CHECK(ends(section_at("e1"), section_at("e2")));
  CHECK(!ends(two("e2", "e1"), two("e1", "e2")));  // it has come here
  CHECK(!ends(two("e1", "e2"), two("e1", "e3")));
  CHECK(!ends(section_at("e1"), section_at("e1", "e1", "e2")));
  CHECK(!ends(section_at("e2"), section_at("e3")));
  CHECK(!ends(section_at("e1"), MountSettings()));
}
TEST(MountHomes, LinkedNodesAreCandidatesAndMissingOnesAreDown) {
  const Config master = home_config(kHomeMaster);
  NodeTable table(NodeTable::Settings{}, SteadyTime{});
  NodeHello hello;
  hello.id = "e1";
  hello.epoch = "a";
  hello.addresses = {make_node_address(PublicScheme::kHttps, "e1.test", 443),
                     make_node_address(PublicScheme::kHttp, "e1.test", 8000)};
  hello.capacity.sources = 7;
  hello.capacity.ingest_kbps = 900;
  hello.tags = {"eu"};
  const SteadyTime now{std::chrono::seconds(5)};
  CHECK(table.hello(hello, now).has_value());
  const auto found = linked_candidates(master, table, now);
  LONGS_EQUAL(2, found.size());
  STRCMP_EQUAL("http://e1.test:8000", found[0].url.c_str());
  STRCMP_EQUAL("", found[0].unable.c_str());
  CHECK(found[0].max_sources == 7U);
  LONGS_EQUAL(900, found[0].max_ingest_kbps);
  CHECK(found[0].state == NodeState::kJoining);
  STRCMP_EQUAL("e2", found[1].node.c_str());
  CHECK(found[1].state == NodeState::kDead);
}
TEST(MountHomes, ANodeIsNoLargerThanItsConfigurationSaysOrTheOthersMakePlausible) {
  const Config master = home_config(
      "<store type='files' path='/tmp/x'/><cluster><id>m1</id><cluster-port>8100</cluster-port>"
      "<node id='e1' secret='s1'/><node id='e2' secret='s2'/><node id='e3' secret='s3'/>"
      "<node id='e4' secret='s4' max-sources='8'/><node id='e5' secret='s5' max-sources='0'/>"
      "<node id='e6' secret='s6' max-sources='5000'/></cluster>");
  NodeTable table(NodeTable::Settings{}, SteadyTime{});
  const SteadyTime now{std::chrono::seconds(5)};
  const auto known = known_nodes(master);
  for (const auto& [at, sources] : {std::pair{0U, 900'000U},
                                    {1U, 10U},
                                    {2U, 100U},
                                    {3U, 900'000U},
                                    {4U, 900'000U},
                                    {5U, 900'000U}}) {
    NodeHello hello;
    hello.id = known.nodes[at].id;
    hello.limits = known.nodes[at].limits;
    hello.epoch = "a";
    hello.addresses = {make_node_address(PublicScheme::kHttp, hello.id + ".test", 8000)};
    hello.capacity.sources = sources;
    CHECK(table.hello(hello, now).has_value());
  }
  const auto found = linked_candidates(master, table, now);
  CHECK(found[0].max_sources == 900'000U);
  LONGS_EQUAL(1000, found[0].counted_sources);
  LONGS_EQUAL(0, found[1].counted_sources);
  LONGS_EQUAL(0, found[2].counted_sources);
  CHECK(found[3].max_sources == 8U);
  CHECK(found[4].max_sources == 0U);
  CHECK(found[5].max_sources == 5000U);
  LONGS_EQUAL(0, found[5].counted_sources);
}
TEST(MountHomes, AnOlderNodeAndOneWithoutAnAddressAreNoHomes) {
  const Config master = home_config(kHomeMaster);
  NodeTable table(NodeTable::Settings{}, SteadyTime{});
  NodeHello hello;
  hello.id = "e1";
  hello.epoch = "a";
  const SteadyTime now{std::chrono::seconds(5)};
  CHECK(table.hello(hello, now).has_value());
  STRCMP_EQUAL("its version takes no mounts",
               linked_candidates(master, table, now)[0].unable.c_str());
  hello.capacity.sources = 7;
  CHECK(table.hello(hello, now).has_value());
  STRCMP_EQUAL("its public address is not known here",
               linked_candidates(master, table, now)[0].unable.c_str());
}
