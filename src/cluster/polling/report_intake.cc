#include "cluster/polling/report_intake.h"

#include <algorithm>
#include <cstdint>

#include "base/cat.h"

namespace lb {
namespace {

constexpr std::size_t kMaxOldEpochs = 4;
constexpr std::size_t kMaxKnown = NodeReport::kMaxMounts;

std::optional<std::chrono::milliseconds> announced_every(const NodeReport& report) {
  return report.has_every ? std::optional(report.every) : std::nullopt;
}

}  // namespace

void ReportIntake::configure(KnownNodes known, SteadyTime now) {
  known_ = std::move(known);
  std::map<std::string, NodeLimits, std::less<>> limits;
  for (const KnownNode& node : known_.nodes) limits[node.id] = node.limits;
  for (const KnownSlave& slave : known_.slaves) limits[id_of(slave)] = slave.limits;
  std::erase_if(reporters_, [&](const auto& row) { return !limits.contains(row.first); });
  decider_.with_table([&](NodeTable& table) {
    for (std::size_t i = 0; i < table.nodes().size(); ++i) {
      const auto slot = static_cast<NodeSlot>(i);
      const Node& node = table.node(slot);
      if (node.id.empty() || (node.kind != NodeKind::kLink && node.kind != NodeKind::kLegacy))
        continue;
      if (const auto still = limits.find(node.id); still != limits.end()) {
        table.set_limits(slot, still->second);
      } else {
        table.bye(slot, "it is no longer in the configuration", now);
        table.forget(slot);
      }
    }
  });
}

ReportIntake::Answer ReportIntake::refuse(int status, const Address& peer, std::string why,
                                          SteadyTime now) {
  unsigned held = 0;
  if (refusals_.pass(now, held)) {
    const std::string more = held > 0 ? cat({" (and ", held, " others)"}) : "";
    log_.warn("cluster/report", cat({"a report from ", peer.ip(), " was refused: ", why, more}));
  }
  return {status, std::move(why)};
}

ReportIntake::Answer ReportIntake::take(const NodePost& post, SteadyTime now) {
  const KnownNode* node = post.node.empty() ? nullptr : known_.node(post.node);
  const KnownSlave* slave = node == nullptr ? known_.slave_at(post.peer) : nullptr;
  if (node == nullptr && slave == nullptr)
    return refuse(403, post.peer,
                  "it needs the secret of a <node>, or the address of a <legacy-slave>", now);
  Accepted from;
  from.id = node != nullptr ? node->id : id_of(*slave);
  auto report = parse_node_report(post.header, post.body);
  if (!report)
    return refuse(report.error().code == Error::Code::kLimit ? 413 : 400, post.peer,
                  cat({"node ", from.id, ": ", report.error().what}), now);
  if (node != nullptr) {
    if (!report->id.empty() && report->id != node->id)
      return refuse(403, post.peer, cat({"node ", node->id, " speaks for ", report->id}), now);
    from.limits = node->limits;
    from.believed = believed_addresses(*node, {report->addresses, report->port}, post.peer);
    if (from.believed.addresses.empty() && !report->addresses.empty())
      return refuse(403, post.peer, cat({"node ", node->id, ": ", from.believed.missing}), now);
  } else {
    from.limits = slave->limits;
    from.believed = believed_addresses(*slave, {report->addresses, report->port});
  }
  Reporter& reporter = reporters_[from.id];
  if (std::string why = outdated(*report, reporter, from.id, now); !why.empty())
    return refuse(409, post.peer, cat({"node ", from.id, ": ", why}), now);
  if (!from.believed.refused.empty())
    refuse(200, post.peer,
           cat({"node ", from.id, ": allow-public does not name ", from.believed.refused,
                "; the rest of it counts"}),
           now);
  const std::string id = from.id;
  Answer answer = put(*report, std::move(from), reporter, now);
  if (answer.status == 200 && report->now_ms > 0 && post.wall_ms > 0) {
    reporter.clock.measured(report->now_ms, post.wall_ms);
    if (const auto news = reporter.clock.news())
      log_.warn("cluster/report",
                cat({"node ", id, ": its clock ", *news,
                     report->tokens ? "; it checks our redirects by our clock" : ""}));
    decider_.with_table([&, skew = reporter.clock.offset()](NodeTable& table) {
      table.set_clock_skew(table.find(id), skew);
    });
  }
  return answer;
}

// The reason why the report is outdated: from a replaced run, or sent before the last one.
std::string ReportIntake::outdated(const NodeReport& report, const Reporter& reporter,
                                   std::string_view id, SteadyTime now) const {
  if (report.epoch.empty()) return {};
  const auto is_alive = [&] {
    return decider_.with_table([&](const NodeTable& table) {
      const NodeSlot slot = table.find(id);
      return slot != kNoNode && table.node(slot).state_at(now) != NodeState::kDead;
    });
  };
  if (report.epoch == reporter.epoch) {
    // A program before this one may have counted from 1 again behind its upgrade.  A node that has
    // left is not silent: an older report may still arrive behind its last.
    if (report.seq > reporter.seq || (now >= reporter.outranks_until && !is_alive())) return {};
    return cat({"report ", report.seq, " comes after report ", reporter.seq});
  }
  const auto& old = reporter.old_epochs;
  if (std::find(old.begin(), old.end(), report.epoch) == old.end()) return {};
  if (!is_alive()) return {};
  return "two processes report with this id";
}

ReportIntake::Answer ReportIntake::put(const NodeReport& report, Accepted from, Reporter& reporter,
                                       SteadyTime now) {
  if (report.epoch != reporter.epoch) {
    if (!reporter.epoch.empty()) reporter.old_epochs.push_back(reporter.epoch);
    if (reporter.old_epochs.size() > kMaxOldEpochs) reporter.old_epochs.pop_front();
    std::erase(reporter.old_epochs, report.epoch);
    reporter.knows.clear();
    reporter.declines.clear();
    reporter.epoch = report.epoch;
  }
  reporter.seq = report.seq;
  if (report.leaving) {
    decider_.with_table([&](NodeTable& table) {
      if (const NodeSlot known = table.find(from.id); known != kNoNode)
        table.bye(known, "it has left", now);
    });
    return {200, "OK"};
  }
  NodeHello hello;
  static_cast<NodeFacts&>(hello) = report;
  hello.id = from.id;
  hello.kind = NodeKind::kLegacy;
  hello.scope = report.form == NodeReport::Form::kOurs ? MountScope::kAll : MountScope::kListed;
  hello.addresses = std::move(from.believed.addresses);
  set_rhythm(hello, reporter.posts, announced_every(report), now);
  reporter.outranks_until = now + hello.every + Rhythm::kGrace;
  hello.arrivals = report.arrived;
  hello.limits = from.limits;
  // The master configures the addresses of a <legacy-slave>, which does not know its name there.
  hello.checks_tokens = report.tokens && known_.node(from.id) != nullptr;
  const std::vector<MountLoad> carried = loads_of(report, reporter);
  LoadReport load;
  load.received = load.sampled = now;
  load.kbps = report.kbps;
  load.listeners = report.listeners;
  load.arrivals = report.arrived;
  load.masters = report.masters;
  load.relays = report.relays;
  load.cannot = report.cannot;
  // One step, so that no listener is redirected by an incomplete state.
  const auto taken = decider_.with_table([&](NodeTable& table) -> Result<void> {
    const auto slot = table.hello(std::move(hello), now);
    if (!slot) return slot.error();
    table.snapshot(*slot, carried, now);
    table.report(*slot, load);
    if (report.draining)
      table.drain(*slot, "it says so", now);
    else
      table.undrain(*slot, now);
    return {};
  });
  if (!taken) return {409, taken.error().what};
  log_missing(from.id, from.believed.missing, reporter);
  return {200, "OK"};
}

std::vector<MountLoad> ReportIntake::loads_of(const NodeReport& report, Reporter& reporter) const {
  std::vector<MountLoad> out;
  out.reserve(report.mounts.size());
  const bool ours = report.form == NodeReport::Form::kOurs;
  reporter.declines = std::move(reporter.knows);
  reporter.knows.clear();
  for (const MountLoad& mount : report.mounts) {
    if (has_values(mount)) out.push_back(mount);
    if (!ours) continue;
    reporter.declines.erase(mount.mount);
    reporter.knows.insert(mount.mount);
  }
  if (!ours) reporter.declines.clear();
  for (const std::string& mount : reporter.declines) {
    if (reporter.knows.size() >= kMaxKnown) break;
    out.push_back({.mount = mount, .carries = false, .declined = true});
    reporter.knows.insert(mount);
  }
  return out;
}

// Mounts outside of the list may be missing in the next report, if another server answers there.
void ReportIntake::given(Reporter& reporter, const std::string& id,
                         std::span<const std::string> listed) {
  reporter.knows = {listed.begin(), listed.end()};
  std::vector<MountLoad> gone;
  std::erase_if(reporter.declines, [&](const std::string& mount) {
    if (reporter.knows.contains(mount)) return false;
    gone.push_back({mount, 0, false});
    return true;
  });
  if (gone.empty()) return;
  decider_.with_table([&](NodeTable& table) {
    if (const NodeSlot slot = table.find(id); slot != kNoNode) table.delta(slot, gone);
  });
}

void ReportIntake::log_missing(const std::string& id, const std::string& missing,
                               Reporter& reporter) {
  if (missing != reporter.missing && !missing.empty())
    log_.warn("cluster/report", cat({"node ", id, " reports and gets no listeners: ", missing}));
  reporter.missing = missing;
}

void ReportIntake::polled(const ListPoll& poll, SteadyTime now) {
  const auto& listed = poll.listed;
  if (poll.ours) {
    if (const auto at = reporters_.find(poll.node); at != reporters_.end())
      given(at->second, at->first, listed);
    return;
  }
  decider_.remember_server(poll.peer, poll.agent, now);
  const bool kh = is_kh_registration(poll.query);
  const KnownNode* node = poll.node.empty() ? nullptr : known_.node(poll.node);
  const KnownSlave* slave = node == nullptr ? known_.slave_at(poll.peer) : nullptr;
  if (node == nullptr && slave == nullptr) {
    if (kh) refuse(403, poll.peer, "it asks for listeners and is not a <legacy-slave>", now);
    return;
  }
  if (node != nullptr && !kh) return;  // one of ours, of a version without reports
  NodeReport report;
  report.form = NodeReport::Form::kKh;
  Accepted from;
  from.id = node != nullptr ? node->id : id_of(*slave);
  if (kh) {
    auto parsed = parse_kh_registration(poll.query);
    if (!parsed) {
      refuse(400, poll.peer, cat({"node ", from.id, ": ", parsed.error().what}), now);
      return;
    }
    report = std::move(*parsed);
  }
  from.limits = node != nullptr ? node->limits : slave->limits;
  from.believed = node != nullptr
                      ? believed_addresses(*node, {report.addresses, report.port}, poll.peer)
                      : believed_addresses(*slave, {report.addresses, report.port});
  if (from.believed.addresses.empty()) {
    refuse(403, poll.peer, cat({"node ", from.id, ": ", from.believed.missing}), now);
    return;
  }
  registered(report, std::move(from), listed, now);
}

void ReportIntake::set_rhythm(NodeHello& hello, Rhythm& rhythm,
                              std::optional<std::chrono::milliseconds> announced,
                              SteadyTime now) const {
  const bool was_dead = decider_.with_table([&](const NodeTable& table) {
    const NodeSlot slot = table.find(hello.id);
    return slot != kNoNode && table.node(slot).state_at(now) == NodeState::kDead;
  });
  rhythm.heard(now, was_dead);
  hello.every = announced.value_or(rhythm.every());
  hello.out_after = rhythm.out_after(announced);
  hello.proven = announced || rhythm.known();
}

void ReportIntake::registered(const NodeReport& report, Accepted from,
                              std::span<const std::string> listed, SteadyTime now) {
  Reporter& reporter = reporters_[from.id];
  if (now < reporter.outranks_until) return;
  NodeHello hello;
  hello.id = from.id;
  hello.kind = NodeKind::kLegacy;
  hello.scope = MountScope::kListed;
  hello.addresses = std::move(from.believed.addresses);
  hello.limits = from.limits;
  set_rhythm(hello, reporter.polls, announced_every(report), now);
  std::vector<MountLoad> carried;
  for (const std::string& mount : listed) {
    const auto& before = reporter.listed;
    if (std::binary_search(before.begin(), before.end(), mount))
      carried.push_back({mount, 0, true});
  }
  LoadReport load;
  load.received = load.sampled = now;
  const bool taken = decider_.with_table([&](NodeTable& table) {
    const auto slot = table.hello(std::move(hello), now);
    if (!slot) return false;
    table.snapshot(*slot, carried, now);
    table.report(*slot, load);
    return true;
  });
  if (!taken) return;
  reporter.listed.assign(listed.begin(), listed.end());
  std::sort(reporter.listed.begin(), reporter.listed.end());
}

void Rhythm::heard(SteadyTime now, bool was_out) {
  if (was_out || !last_) {
    count_ = 0;
    last_ = now;
    return;
  }
  const auto gap = std::chrono::duration_cast<std::chrono::milliseconds>(now - *last_);
  if (gap < kLeast) return;
  gaps_[count_++ % gaps_.size()] = std::min(gap, kMax);
  last_ = now;
}

std::chrono::milliseconds Rhythm::every() const noexcept {
  if (!known()) return kDefault;
  const std::size_t count = std::min(count_, gaps_.size());
  std::chrono::milliseconds sum{0};
  for (std::size_t i = 0; i < count; ++i) sum += gaps_[i];
  return sum / static_cast<std::int64_t>(count);
}

std::chrono::milliseconds Rhythm::out_after(
    std::optional<std::chrono::milliseconds> told) const noexcept {
  const std::chrono::milliseconds silent = known() ? every() * kSilentGaps : kLeast;
  if (told) return std::max<std::chrono::milliseconds>(silent, *told + kGrace);
  return known() ? silent : std::chrono::milliseconds(kDefault + kGrace);
}

}  // namespace lb
