// Redirects, and their arrival by the reports; see node_table.h.
#include <algorithm>
#include <limits>

#include "base/cat.h"
#include "cluster/nodes/node_table.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kLost = 5s;         // age of an unconfirmed redirect at the sample of a report
constexpr auto kOnItsWay = 500ms;  // the same without counted arrivals
constexpr auto kToldBy = 500ms;    // a report this much later counts the arrival
constexpr auto kWindow = 10s;
constexpr std::uint64_t kWindowLeast = 20;
constexpr auto kDoubt = 60s;
constexpr std::uint64_t kLostInRow = 3;
// Of a flood: redirects missing after kSlow, the least number for it, and the least that is kept.
constexpr auto kSlow = 2s;
constexpr double kFloodLeast = 20;
constexpr auto kNoBound = std::numeric_limits<std::uint64_t>::max();
constexpr double kUsualOnItsWay = 3.0 / 60;  // part of a minute's arrivals

}  // namespace

void NodeTable::note_sent(Node& node, std::uint64_t redirects, double kbps, bool confirmed,
                          SteadyTime now) {
  const auto count = static_cast<double>(redirects);
  if (redirects == 0) return;
  node.sent.all.add(count, kbps, now, settings_.session_guess);
  if (confirmed) node.sent.minute.add(count, kbps, now, SentLately::kMinute);
}

void NodeTable::sent_back(NodeSlot slot, SteadyTime now) {
  Node& node = nodes_[slot];
  if (node.unacked.count() == 0) return;
  ++node.arrived;
  node.lost_in_row = 0;
  note_sent(node, 1, node.unacked.pop(1), false, now);
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
  const std::uint64_t before = node.arrivals.value_or(*report.arrivals);
  node.arrivals = report.arrivals;
  // A node cannot confirm more redirects than it was sent.
  const std::uint64_t fresh =
      std::min(*report.arrivals > before ? *report.arrivals - before : 0, node.unacked.count());
  node.arrived += fresh;
  if (fresh > 0) node.lost_in_row = 0;
  const double fresh_kbps = node.unacked.pop(fresh);
  note_sent(node, fresh, fresh_kbps, true, report.received);
  lose_before(node, node.sampled - kLost, report.received);
  judge_flood(node, report.received);
  judge_losses(node, report.received);
  judge_arrivals(node, report.received);
}

// Most listeners do not come back to tell, and there may be a few a minute.  A node that has never
// answered here may be reached by listeners all the same.
void NodeTable::judge_losses(Node& node, SteadyTime now) {
  if (node.lost_in_row < kLostInRow || !node.answers || node.probing || node.unreachable ||
      now - node.last_probe < kWindow)
    return;
  want_probe(node, cat({"none of the last ", node.lost_in_row,
                        " listeners that were sent there has come"}));
}

void NodeTable::lose(Node& node, std::uint64_t redirects, double kbps, SteadyTime now) {
  node.lost += redirects;
  node.lost_in_row += redirects;
  node.sent.lost.add(static_cast<double>(redirects), kbps, now, settings_.session_guess);
}

std::uint64_t NodeTable::lose_before(Node& node, SteadyTime when, SteadyTime now) {
  const double on_way = node.unacked.kbps();
  const std::uint64_t gone = node.unacked.pop_before(when);
  lose(node, gone, on_way - node.unacked.kbps(), now);
  return gone;
}

// Foreign clients can ask for redirects and follow none, until all nodes seem full.  A single node
// whose listeners do not arrive is no such flood.
void NodeTable::judge_flood(Node& node, SteadyTime now) {
  const double minute = node.sent.minute.listeners(now, SentLately::kMinute);
  const double late = static_cast<double>(node.unacked.count()) -
                      node.unacked.since(node.sampled - kSlow).redirects;
  const bool astray = late + node.astray.listeners(now, kLost) > std::max(kFloodLeast, minute);
  node.they_arrive = !astray && minute >= 1;
  const auto arrive = [&](const Node& other) {
    return &other != &node && !other.id.empty() && other.they_arrive &&
           other.state == NodeState::kUp;
  };
  if (!astray || std::any_of(nodes_.begin(), nodes_.end(), arrive)) {
    node.most_on_way = kNoBound;
    return;
  }
  node.most_on_way = static_cast<std::uint64_t>(std::max(kFloodLeast, kUsualOnItsWay * minute));
  node.astray.add(static_cast<double>(lose_before(node, node.sampled - kSlow, now)), 0, now, kLost);
}

// Players that do not follow affect all nodes alike, and foreign clients can ask for any number of
// redirects.  So losses count against a node only if others do better, and if its listeners are not
// there all the same (a proxy may cut the addresses).
void NodeTable::judge_arrivals(Node& node, SteadyTime now) {
  if (now - node.window_since < kWindow) return;
  const std::uint64_t arrived = node.arrived - node.window_arrived;
  const std::uint64_t lost = node.lost - node.window_lost;
  node.window_since = now;
  node.window_arrived = node.arrived;
  node.window_lost = node.lost;
  if (arrived + lost < kWindowLeast) return;
  if (lost <= arrived) {
    node.well_until = now + 2 * kWindow;
    return;
  }
  const bool others_do = std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& other) {
    return &other != &node && !other.id.empty() && other.well_until > now;
  });
  const bool are_there =
      2 * node.reported_listeners >= node.sent.redirects(now, settings_.session_guess);
  if (others_do && !are_there)
    node.doubted_until = now + kDoubt;
  else if (!node.probing && !node.unreachable && now - node.last_probe >= kWindow)
    want_probe(node, "most of the listeners that were sent there have not come");
}

void NodeTable::guess_gone(SteadyTime now) {
  double kept = 1;
  if (self_ != kNoNode) {
    const Node& here = nodes_[self_];
    const double chosen = chosen_here_.listeners(now, settings_.session_guess) -
                          static_cast<double>(here.unacked.count());
    if (chosen >= SentLately::kLeast) kept = std::min(1.0, here.reported_listeners / chosen);
  }
  for (Node& node : nodes_) {
    const bool tells = node.counts_load || node.id.empty();
    // Only while this server's own listeners on their way count.
    const auto young = tells ? UnackedRedirects::Sum{} : node.unacked.since(now - kOnItsWay);
    const auto gone = [&](double all, double fresh) {
      return tells ? 0 : (1 - kept) * std::max(0.0, all - fresh);
    };
    node.gone_kbps = gone(node.unacked.kbps(), young.kbps);
    node.gone_listeners = gone(static_cast<double>(node.unacked.count()), young.redirects);
  }
}

void NodeTable::issued(NodeSlot slot, std::string_view mount, double kbps, SteadyTime now,
                       bool chosen) {
  Node& node = nodes_[slot];
  if (slot == self_ && chosen) chosen_here_.add(1, kbps, now, settings_.session_guess);
  if (node.unacked.count() < node.most_on_way) {
    node.unacked.push(now, sane_kbps(kbps));
  } else {
    lose(node, 1, sane_kbps(kbps), now);
    node.astray.add(1, 0, now, kLost);
  }
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
