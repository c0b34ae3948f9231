// A node with a valid secret that lies about itself beside two that do not: what the others get.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "cluster/some_cluster.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

constexpr double kKbps = 128, kCapacity = 1000 * kKbps;
constexpr std::size_t kLiar = 2;

// Three nodes, listeners that stay a quarter of an hour on average, three quarters of an hour.
struct Town {
  SomeCluster cluster;
  Rng rng{7};
  BalanceSettings settings;
  std::vector<NodeSlot> nodes;
  std::array<std::vector<SteadyTime>, 3> listeners;  // until when they stay
  std::array<std::uint64_t, 3> arrived{}, counted{};
  std::uint64_t elsewhere = 0;
  std::function<void(LoadReport&, double truth)> lie;
  std::function<void(Town&)> trick;

  Town() {
    for (const char* name : {"a", "b", "liar"}) {
      nodes.push_back(cluster.add(hello(name)));
      cluster.report_arrivals(nodes.back(), 0, 0);
    }
  }
  static NodeHello hello(std::string name) {
    NodeHello hello = SomeCluster::hello(std::move(name), kCapacity);
    hello.limits.most = {kCapacity, 1000, 0};
    hello.arrivals = 0;
    return hello;
  }
  void report() {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      std::erase_if(listeners[i], [&](SteadyTime until) { return until <= cluster.now; });
      const auto here = static_cast<unsigned>(listeners[i].size());
      LoadReport load = cluster.load(here * kKbps, here);
      load.arrivals = arrived[i];
      load.changed.push_back({"/a", here});
      if (i == kLiar && lie) lie(load, here);
      cluster.table.report(nodes[i], load);
    }
    cluster.table.expire(cluster.now);
  }
  void live(bool affinity) {
    settings.rules.affinity = affinity;
    settings.rules.busy_listeners = 0;
    settings.rules.min_carriers = 3;
    for (int second = 0; second < 2700; ++second) {
      cluster.pass(1s);
      report();
      if (trick) trick(*this);
      // 1.5 a second stay 900 s: 1350 of 3000 places.
      for (int i = rng.unit() < 0.5 ? 1 : 2; i > 0; --i) come(second);
    }
  }
  void come(int second) {
    PickRequest request;
    request.mount = "/a";
    request.kbps = kKbps;
    const Choice choice = pick({cluster.table, settings}, request, rng, cluster.now);
    if (choice.kind != Choice::Kind::kRedirect) {
      ++elsewhere;
      return;
    }
    cluster.table.issued(choice.node, "/a", kKbps, cluster.now);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i] != choice.node) continue;
      ++arrived[i];
      if (second > 900) ++counted[i];
      const double stays = -900 * std::log(1 - rng.unit());
      listeners[i].push_back(cluster.now + std::chrono::seconds(static_cast<int>(stays)));
    }
  }
  // Of those who were redirected.
  double share(std::size_t node) const {
    const auto all = static_cast<double>(counted[0] + counted[1] + counted[2]);
    return static_cast<double>(counted[node]) / all;
  }
};

void has_nobody(LoadReport& load, double) { load.kbps = load.listeners = 0; }

}  // namespace

TEST_GROUP(LyingNode){
    void others_keep_their_shares(const std::function<void(Town&)>& set_up,
                                  const char* what){for (const bool affinity
                                                         : {true, false}){Town honest, lied_to;
honest.live(affinity);
set_up(lied_to);
lied_to.live(affinity);
for (const std::size_t node : {std::size_t{0}, std::size_t{1}}) {
  const double least = honest.share(node) - 0.05;
  CHECK_TEXT(lied_to.share(node) >= least,
             (std::string(what) + (affinity ? ", affinity: " : ", everybody: ") +
              std::to_string(lied_to.share(node)) + " where it was " +
              std::to_string(honest.share(node)) + "\n" + lied_to.cluster.events())
                 .c_str());
}
CHECK_EQUAL(0u, lied_to.elsewhere);
}
}
}
;

TEST(LyingNode, ThatSaysItHasNobody) {
  others_keep_their_shares(
      [](Town& town) {
        town.lie = [](LoadReport& load, double) {
          has_nobody(load, 0);
          load.changed = {{"/a", 0}};
        };
      },
      "nobody");
}
TEST(LyingNode, ThatSaysItHasHalf) {
  others_keep_their_shares(
      [](Town& town) {
        town.lie = [](LoadReport& load, double truth) {
          load.kbps = truth * kKbps / 2;
          load.listeners = static_cast<unsigned>(truth / 2);
        };
      },
      "half");
}
TEST(LyingNode, ThatConfirmsMoreThanItWasSent) {
  others_keep_their_shares(
      [](Town& town) {
        town.lie = [](LoadReport& load, double) {
          has_nobody(load, 0);
          load.arrivals = *load.arrivals * 10;
        };
      },
      "arrivals ahead");
}
TEST(LyingNode, ThatDoesNotCountArrivals) {
  others_keep_their_shares(
      [](Town& town) {
        town.lie = [](LoadReport& load, double) {
          has_nobody(load, 0);
          load.arrivals.reset();
        };
      },
      "no arrivals");
}
TEST(LyingNode, ThatStartsAgainAndAgain) {
  others_keep_their_shares(
      [](Town& town) {
        town.lie = has_nobody;
        town.trick = [run = 0](Town& all) mutable {
          if (++run % 7 != 0) return;
          all.cluster.table.connection_lost(all.nodes[kLiar], "gone", all.cluster.now);
          NodeHello hello = Town::hello("liar");
          hello.epoch = std::to_string(run);
          all.cluster.add(std::move(hello));
        };
      },
      "again and again");
}
TEST(LyingNode, ThatSaysItHasMillions) {
  others_keep_their_shares(
      [](Town& town) {
        town.lie = [](LoadReport& load, double) {
          load.kbps = 1e12;
          load.listeners = 4'000'000'000U;
          load.changed = {{"/a", 4'000'000'000U}};
        };
      },
      "millions");
}
TEST(LyingNode, IsNamed) {
  Town town;
  town.lie = has_nobody;
  town.live(false);
  const std::string told = town.cluster.events();
  STRCMP_CONTAINS("load doubted liar (it says that it has 0 listeners, of ", told.c_str());
  CHECK(told.find(" a (") == std::string::npos);
}
TEST(LyingNode, KeepsItsCapAlsoWhereThereIsNobodyToCompareItWith) {
  SomeCluster cluster;
  NodeHello hello = SomeCluster::hello("liar");
  hello.limits.most.listeners = 10;
  const NodeSlot liar = cluster.add(hello);
  Rng rng{3};
  BalanceSettings settings;
  unsigned sent = 0;
  for (int i = 0; i < 800; ++i) {
    cluster.pass(10ms);
    cluster.report_arrivals(liar, 0, 1'000'000u + static_cast<unsigned>(i) * 100);
    PickRequest request;
    request.mount = "/a";
    const Choice choice = pick({cluster.table, settings}, request, rng, cluster.now);
    if (choice.kind != Choice::Kind::kRedirect) continue;
    cluster.table.issued(liar, "/a", 128, cluster.now);
    ++sent;
  }
  // 401 within 8 s before.
  CHECK_TEXT(sent <= 45, std::to_string(sent).c_str());
}
TEST(LyingNode, AnHonestNodeThatHasLostItsListenersIsBelievedOnce) {
  Town town;
  town.trick = [second = 0](Town& all) mutable {
    if (++second == 1800) all.listeners[0].clear();
  };
  town.live(false);
  const std::string told = town.cluster.events();
  STRCMP_CONTAINS("load believed a (", told.c_str());
  CHECK(told.find("doubted") == std::string::npos);
}

TEST(LyingNode, RedirectsThatWereLostWithALinkAreForgottenOnceInTwoHours) {
  SomeCluster cluster;
  const auto comes = [&](unsigned run) {
    NodeHello hello = SomeCluster::hello("edge1");
    hello.epoch = std::to_string(run);
    hello.arrivals = 0;
    return cluster.add(hello);
  };
  const auto lost = [&](NodeSlot slot) {
    return std::lround(cluster.table.node(slot).sent.lost.listeners(cluster.now, 20min));
  };
  const auto send = [&](NodeSlot slot, int listeners) {
    for (int i = 0; i < listeners; ++i) cluster.table.issued(slot, "/a", 128, cluster.now);
  };
  NodeSlot slot = comes(1);
  // Of one that has confirmed nothing they are not.
  send(slot, 7);
  cluster.table.connection_lost(slot, "gone", cluster.now);
  slot = comes(2);
  CHECK_EQUAL(7, lost(slot));
  send(slot, 30);
  cluster.report_arrivals(slot, 0, 30);
  send(slot, 10);
  cluster.table.connection_lost(slot, "gone", cluster.now);
  CHECK_EQUAL(17, lost(slot));
  slot = comes(3);
  CHECK_EQUAL(0, lost(slot));
  send(slot, 10);
  cluster.table.connection_lost(slot, "gone", cluster.now);
  slot = comes(4);
  CHECK_EQUAL(10, lost(slot));
  // The public address did not answer, and answers again.
  cluster.pass(2h);
  for (int i = 0; i < 30; ++i) {
    send(slot, 1);
    cluster.report_arrivals(slot, 0, static_cast<std::uint64_t>(i) + 1);
  }
  CHECK_EQUAL(0, lost(slot));  // faded
  cluster.table.probed(slot, false, cluster.now);
  send(slot, 5);
  cluster.pass(6s);
  cluster.report_arrivals(slot, 0, 30);
  CHECK_EQUAL(5, lost(slot));
  cluster.table.probed(slot, true, cluster.now);
  CHECK_EQUAL(0, lost(slot));
}

TEST_GROUP(PeersKeep) {
  // A number: it keeps so much; kYoung: it was sent too few to tell; kSilent: its reports say
  // nothing.
  static constexpr double kYoung = -1, kSilent = -2;
  static std::string of(const std::vector<double>& kept) {
    std::vector<PeerPart> parts;
    for (const double part : kept)
      parts.push_back({part != kSilent, part < 0 ? std::nullopt : std::optional(part)});
    std::string out;
    for (const PeersKeep& peers : what_peers_keep(parts))
      out += (out.empty() ? "" : " ") +
             (peers.part < 0 ? "-" : std::to_string(peers.part).substr(0, 3)) +
             (peers.part < 0 || peers.measured ? "" : "?");
    return out;
  }
};
TEST(PeersKeep, TheLowerMedianOfAllOthers) {
  STRCMP_EQUAL("0.2 0.1 0.1", of({0.1, 0.2, 0.9}).c_str());
  STRCMP_EQUAL("0.1 0.1 0.2", of({0.9, 0.2, 0.1}).c_str());
  STRCMP_EQUAL("0.3 0.3 0.2 0.2", of({0.1, 0.2, 0.3, 0.9}).c_str());
  STRCMP_EQUAL("0.5 0.5 0.5", of({0.5, 0.5, 0.5}).c_str());
}
TEST(PeersKeep, NothingIsKnownByOneAlone) {
  STRCMP_EQUAL("- -", of({0.1, 0.2}).c_str());
  STRCMP_EQUAL("- - 0.1", of({0.1, 0.2, kSilent}).c_str());
  STRCMP_EQUAL("", of({}).c_str());
}
TEST(PeersKeep, YoungNodesHaveLostNobodyAndSayNothingAgainstThoseThatWereMeasured) {
  STRCMP_EQUAL("1.0? 1.0? 1.0?", of({kYoung, kYoung, kYoung}).c_str());
  STRCMP_EQUAL("1.0? 0.1 0.1", of({0.1, kYoung, kYoung}).c_str());
  STRCMP_EQUAL("0.3 0.1 0.1 0.1", of({0.1, 0.3, kYoung, kYoung}).c_str());
}
