// Redirects that were given, and what reports say of their arrival; see node_table.h.
#include <algorithm>

#include "cluster/nodes/node_table.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kLost = 5s;         // an unconfirmed redirect, before the sample of a newer report
constexpr auto kOnItsWay = 500ms;  // the same, where arrivals are not counted
constexpr auto kToldBy = 500ms;    // a report this much after a redirect would count its arrival
constexpr auto kWindow = 10s;
constexpr std::uint64_t kWindowLeast = 20;
constexpr auto kDoubt = 60s;

}  // namespace

void NodeTable::note_sent(Node& node, std::uint64_t redirects, double kbps, bool confirmed,
                          SteadyTime now) {
  const auto count = static_cast<double>(redirects);
  if (redirects == 0) return;
  node.sent.all.add(count, kbps, now, settings_.session_guess);
  if (confirmed) node.sent.minute.add(count, kbps, now, SentLately::kMinute);
}

void NodeTable::take_arrivals(Node& node, const LoadReport& report) {
  node.counts_arrivals = report.arrivals.has_value();
  if (!node.counts_load) {
    node.unacked.pop_before(node.sampled - settings_.session_guess);
    return;
  }
  if (!report.arrivals) {
    const double before = node.unacked.kbps();
    const std::uint64_t gone = node.unacked.pop_before(node.sampled - kOnItsWay);
    note_sent(node, gone, before - node.unacked.kbps(), false, report.received);
    return;
  }
  const std::uint64_t before = node.arrivals_seen.value_or(*report.arrivals);
  node.arrivals_seen = report.arrivals;
  // A node cannot confirm more than it was sent.
  const std::uint64_t fresh =
      std::min(*report.arrivals > before ? *report.arrivals - before : 0, node.unacked.count());
  node.arrived += fresh;
  const double fresh_kbps = node.unacked.pop(fresh);
  note_sent(node, fresh, fresh_kbps, true, report.received);
  const double on_way = node.unacked.kbps();
  const std::uint64_t gone = node.unacked.pop_before(node.sampled - kLost);
  node.lost += gone;
  node.sent.lost.add(static_cast<double>(gone), on_way - node.unacked.kbps(), report.received,
                     settings_.session_guess);
  if (report.received - node.window_since < kWindow) return;
  const std::uint64_t arrived = node.arrived - node.window_arrived;
  const std::uint64_t lost = node.lost - node.window_lost;
  if (arrived + lost >= kWindowLeast && lost > arrived)
    node.doubted_until = report.received + kDoubt;
  node.window_since = report.received;
  node.window_arrived = node.arrived;
  node.window_lost = node.lost;
}

void NodeTable::issued(NodeSlot slot, std::string_view mount, double kbps, SteadyTime now) {
  Node& node = nodes_[slot];
  node.unacked.push(now, sane_kbps(kbps));
  node.accepts.take(now);
  ++node.issued;
  ++node.turns;
  carriers_.sent(slot, mount, now, node.sampled);
  if (!node.proven) judge(node, now);
}

RedirectOutcome NodeTable::outcome(NodeSlot slot, SteadyTime given) const noexcept {
  if (slot == kNoNode) return RedirectOutcome::kUnknown;
  const Node& node = nodes_[slot];
  if (!node.counts_load || node.state == NodeState::kDead) return RedirectOutcome::kUnknown;
  if (!node.counts_arrivals) {
    return node.sampled > given + kOnItsWay ? RedirectOutcome::kArrived : RedirectOutcome::kUnknown;
  }
  if (node.sampled > given && node.unacked.oldest() > given) return RedirectOutcome::kArrived;
  return node.sampled > given + kToldBy ? RedirectOutcome::kLost : RedirectOutcome::kUnknown;
}

}  // namespace lb
