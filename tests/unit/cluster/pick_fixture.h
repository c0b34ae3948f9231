// A cluster and a request to pick a node for: the base of the groups that test pick().
#pragma once

#include <map>
#include <string>

#include "cluster/balance/pick.h"
#include "cluster/some_cluster.h"

#include "CppUTest/Utest.h"

namespace lb::test {

class PickFixture : public Utest {
 protected:
  SomeCluster cluster;
  BalanceSettings settings;
  PickRequest request;
  Rng rng{7};
  PickTrace trace;

  Choice pick() {
    trace = {};
    return lb::pick({cluster.table, settings}, request, rng, cluster.now, &trace);
  }
  void setup() override { request.mount = "/a"; }
  // Whether the node is among those that the choice could fall on.
  OutReason why_not(NodeSlot slot) {
    pick();
    return slot < trace.rows.size() ? trace.rows[slot].out : OutReason::kFree;
  }
  std::string to(const Choice& choice) {
    if (choice.kind == Choice::Kind::kServe) return "here";
    if (choice.kind == Choice::Kind::kHold) return "hold";
    if (choice.kind == Choice::Kind::kRefuse) return "refuse";
    return cluster.table.node(choice.node).id;
  }
  // Of a thousand picks, without any account.
  std::map<std::string, int> thousand() {
    std::map<std::string, int> count;
    for (int i = 0; i < 1000; ++i) ++count[to(pick())];
    return count;
  }
  void fill(NodeSlot slot, double utilisation) {
    const double kbps = cluster.table.node(slot).share_kbps * utilisation;
    cluster.report(slot, kbps, static_cast<unsigned>(kbps / 128));
  }
};

}  // namespace lb::test
