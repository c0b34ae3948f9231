// A node table with a few nodes and a clock of its own, for the tests of balancing.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cluster/balance/balancer.h"

namespace lb {

struct SomeCluster {
  SteadyTime now{std::chrono::hours(1)};
  NodeTable table;

  explicit SomeCluster(NodeTable::Settings settings = {.hold = std::chrono::milliseconds(0)})
      : table(settings, now) {}

  static NodeHello hello(std::string id, double kbps = 0, NodeKind kind = NodeKind::kLink) {
    NodeHello hello;
    hello.epoch = "1";
    hello.kind = kind;
    hello.capacity.kbps = kbps;
    hello.addresses.push_back(make_node_address(PublicScheme::kHttp, id + ".example.org", 8000));
    hello.id = std::move(id);
    return hello;
  }
  NodeSlot add(NodeHello hello) {
    const auto slot = table.hello(std::move(hello), now);
    if (!slot.has_value()) return kNoNode;
    if (table.node(*slot).kind == NodeKind::kLink) table.snapshot(*slot, {}, now);
    return *slot;
  }
  NodeSlot add(std::string id, double kbps = 0) { return add(hello(std::move(id), kbps)); }
  NodeSlot add_self(double kbps = 0, unsigned weight = 1) {
    NodeHello self = hello("self", kbps, NodeKind::kSelf);
    self.addresses.clear();
    self.limits.weight = weight;
    return add(std::move(self));
  }
  void pass(std::chrono::milliseconds time) { now += time; }
  // Sampled and received now.
  LoadReport load(double kbps, unsigned listeners) const {
    LoadReport report;
    report.received = report.sampled = now;
    report.kbps = kbps;
    report.listeners = listeners;
    return report;
  }
  void report(NodeSlot slot, double kbps, unsigned listeners = 0) {
    table.report(slot, load(kbps, listeners));
  }
  void report_arrivals(NodeSlot slot, double kbps, std::uint64_t arrivals) {
    LoadReport report = load(kbps, 0);
    report.arrivals = arrivals;
    table.report(slot, report);
  }
  NodeState state(NodeSlot slot) const { return table.node(slot).state; }
  // "up edge1, down edge2 (why)"
  std::string events() {
    std::string out;
    for (const NodeEvent& event : table.take_events()) {
      out += (out.empty() ? "" : ", ") + std::string(to_text(event.kind)) + " " + event.id;
      if (!event.why.empty()) out += " (" + event.why + ")";
    }
    return out;
  }
};

}  // namespace lb
