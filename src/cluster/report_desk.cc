#include "cluster/report_desk.h"

#include <algorithm>

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kServerMemory = 30min;
constexpr std::size_t kMostServers = 4096;
constexpr std::size_t kMostAgents = 8;  // of one address
constexpr std::size_t kLongestAgent = 200;
constexpr std::size_t kMostOldEpochs = 4;
// Between two requests of a stock slave for the list, where nobody says how often it comes.
constexpr auto kLeastEvery = 1s;
constexpr auto kMostEvery = 3600s;

std::vector<MountLoad> loads_of(const NodeReport& report) {
  std::vector<MountLoad> out;
  out.reserve(report.mounts.size());
  for (const ReportedMount& mount : report.mounts)
    if (mount.carries) out.push_back({mount.mount, mount.listeners, true});
  return out;
}

}  // namespace

void ReportDesk::configure(KnownNodes known, SteadyTime now) {
  known_ = std::move(known);
  std::map<std::string, NodeLimits, std::less<>> limits;
  for (const KnownNode& node : known_.nodes) limits[node.id] = node.limits;
  for (const KnownSlave& slave : known_.slaves) limits[id_of(slave)] = slave.limits;
  std::vector<std::string> gone;
  for (const auto& [id, reporter] : reporters_) {
    const NodeSlot slot = table_.find(id);
    if (const auto still = limits.find(id); still == limits.end()) {
      gone.push_back(id);
      if (slot == kNoNode) continue;
      table_.bye(slot, "it is no longer in the configuration", now);
      table_.forget(slot);
    } else if (slot != kNoNode) {
      table_.set_limits(slot, still->second);
    }
  }
  for (const std::string& id : gone) reporters_.erase(id);
}

ReportDesk::Answer ReportDesk::refuse(int status, const Address& peer, std::string why,
                                      SteadyTime now) {
  unsigned held = 0;
  if (refusals_.pass(now, held)) {
    const std::string more = held > 0 ? " (and " + std::to_string(held) + " others)" : "";
    log_.warn("cluster/report", "a report from " + peer.ip() + " was refused: " + why + more);
  }
  return {status, std::move(why)};
}

ReportDesk::Answer ReportDesk::take(const Post& post, SteadyTime now) {
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
                  "node " + from.id + ": " + report.error().what, now);
  if (node != nullptr) {
    if (!report->id.empty() && report->id != node->id)
      return refuse(403, post.peer, "node " + node->id + " speaks for " + report->id, now);
    from.limits = node->limits;
    from.believed = believed_addresses(*node, *report, post.peer);
    if (from.believed.addresses.empty() && !report->addresses.empty())
      return refuse(403, post.peer, "node " + node->id + ": " + from.believed.missing, now);
  } else {
    from.limits = slave->limits;
    from.believed = believed_addresses(*slave, *report);
  }
  Reporter& reporter = reporters_[from.id];
  if (std::string why = outdated(*report, reporter, from.id, now); !why.empty())
    return refuse(409, post.peer, "node " + from.id + ": " + why, now);
  if (!from.believed.refused.empty())
    refuse(200, post.peer,
           "node " + from.id + ": allow-public does not name " + from.believed.refused +
               "; the rest of it counts",
           now);
  return put(*report, std::move(from), reporter, now);
}

// A report of a run that another run has replaced, or one that was sent before the last.
std::string ReportDesk::outdated(const NodeReport& report, const Reporter& reporter,
                                 std::string_view id, SteadyTime now) const {
  if (report.epoch.empty()) return {};
  if (report.epoch == reporter.epoch) {
    if (report.seq > reporter.seq) return {};
    return "report " + std::to_string(report.seq) + " comes after report " +
           std::to_string(reporter.seq);
  }
  const auto& old = reporter.old_epochs;
  if (std::find(old.begin(), old.end(), report.epoch) == old.end()) return {};
  const NodeSlot slot = table_.find(id);
  if (slot == kNoNode || table_.node(slot).state_at(now) == NodeState::kDead) return {};
  return "two processes report with this id";
}

ReportDesk::Answer ReportDesk::put(const NodeReport& report, Accepted from, Reporter& reporter,
                                   SteadyTime now) {
  if (report.epoch != reporter.epoch) {
    if (!reporter.epoch.empty()) reporter.old_epochs.push_back(reporter.epoch);
    if (reporter.old_epochs.size() > kMostOldEpochs) reporter.old_epochs.pop_front();
    std::erase(reporter.old_epochs, report.epoch);
    reporter.epoch = report.epoch;
  }
  reporter.seq = report.seq;
  // The addresses of a <legacy-slave> are its master's business; its name is not one that it knows.
  reporter.checks_tokens = report.tokens && known_.node(from.id) != nullptr;
  reporter.enforces.clear();
  for (const ReportedMount& mount : report.mounts)
    if (mount.enforces != 0) reporter.enforces[mount.mount] = mount.enforces;
  const NodeSlot known = table_.find(from.id);
  if (report.leaving) {
    if (known != kNoNode) table_.bye(known, "it has left", now);
    return {200, "OK"};
  }
  NodeHello hello;
  hello.id = from.id;
  hello.epoch = report.epoch;
  hello.kind = NodeKind::kLegacy;
  hello.scope = report.form == NodeReport::Form::kOurs ? MountScope::kAll : MountScope::kListed;
  hello.addresses = std::move(from.believed.addresses);
  hello.capacity = report.capacity;
  hello.tags = report.tags;
  hello.countries = report.countries;
  hello.every = report.every;
  hello.masters = report.masters;
  hello.arrivals = report.arrived;
  hello.limits = from.limits;
  const auto slot = table_.hello(std::move(hello), now);
  if (!slot) return {409, slot.error().what};
  table_.snapshot(*slot, loads_of(report), now);
  LoadReport load;
  load.received = load.sampled = now;
  load.kbps = report.kbps;
  load.listeners = report.listeners;
  load.arrivals = report.arrived;
  load.masters = report.masters;
  load.relays = report.relays;
  table_.report(*slot, load);
  if (report.draining)
    table_.drain(*slot, "it says so", now);
  else
    table_.undrain(*slot, now);
  tell_missing(from.id, from.believed.missing, reporter);
  return {200, "OK"};
}

void ReportDesk::tell_missing(const std::string& id, const std::string& missing,
                              Reporter& reporter) {
  if (missing != reporter.missing && !missing.empty())
    log_.warn("cluster/report", "node " + id + " reports and gets no listeners: " + missing);
  reporter.missing = missing;
}

void ReportDesk::polled(const Poll& poll, std::span<const std::string> listed, SteadyTime now) {
  if (poll.ours) return;
  remember_server(poll.peer, poll.agent, now);
  const bool kh = is_kh_registration(poll.query);
  const KnownNode* node = poll.node.empty() ? nullptr : known_.node(poll.node);
  const KnownSlave* slave = node == nullptr ? known_.slave_at(poll.peer) : nullptr;
  if (node == nullptr && slave == nullptr) {
    if (kh) refuse(403, poll.peer, "it asks for listeners and is no <legacy-slave>", now);
    return;
  }
  if (node != nullptr && !kh) return;  // ours, at a version that does not publish
  NodeReport report;
  report.form = NodeReport::Form::kKh;
  Accepted from;
  from.id = node != nullptr ? node->id : id_of(*slave);
  if (kh) {
    auto parsed = parse_kh_registration(poll.query);
    if (!parsed) {
      refuse(400, poll.peer, "node " + from.id + ": " + parsed.error().what, now);
      return;
    }
    report = std::move(*parsed);
  }
  from.limits = node != nullptr ? node->limits : slave->limits;
  from.believed = node != nullptr ? believed_addresses(*node, report, poll.peer)
                                  : believed_addresses(*slave, report);
  if (from.believed.addresses.empty()) {
    refuse(403, poll.peer, "node " + from.id + ": " + from.believed.missing, now);
    return;
  }
  registered(report, std::move(from), listed, now);
}

void ReportDesk::registered(const NodeReport& report, Accepted from,
                            std::span<const std::string> listed, SteadyTime now) {
  Reporter& reporter = reporters_[from.id];
  NodeHello hello;
  hello.id = from.id;
  hello.kind = NodeKind::kLegacy;
  hello.scope = MountScope::kListed;
  hello.addresses = std::move(from.believed.addresses);
  hello.every = report.every;
  hello.limits = from.limits;
  if (report.addresses.empty()) {
    // A stock slave also asks when a relay of it has ended: one short pause says little.
    if (reporter.polled_at != SteadyTime{}) {
      const auto since =
          std::chrono::duration_cast<std::chrono::milliseconds>(now - reporter.polled_at);
      const auto longer = since >= reporter.every ? since : (since + reporter.every) / 2;
      reporter.every = std::clamp<std::chrono::milliseconds>(longer, kLeastEvery, kMostEvery);
    }
    hello.every = reporter.every;
  }
  reporter.polled_at = now;
  const auto slot = table_.hello(std::move(hello), now);
  if (!slot) return;
  std::vector<MountLoad> carried;
  for (const std::string& mount : listed) {
    const auto& before = reporter.listed;
    if (std::binary_search(before.begin(), before.end(), mount))
      carried.push_back({mount, 0, true});
  }
  reporter.listed.assign(listed.begin(), listed.end());
  std::sort(reporter.listed.begin(), reporter.listed.end());
  table_.snapshot(*slot, std::move(carried), now);
  LoadReport load;
  load.received = load.sampled = now;
  table_.report(*slot, load);
}

void ReportDesk::remember_server(const Address& peer, std::string_view agent, SteadyTime now) {
  const auto old = [now](const auto& row) { return now - row.second > kServerMemory; };
  if (servers_.size() >= kMostServers && !servers_.contains(peer.bytes())) {
    for (auto at = servers_.begin(); at != servers_.end();) {
      std::erase_if(at->second, old);
      at = at->second.empty() ? servers_.erase(at) : std::next(at);
    }
    if (servers_.size() >= kMostServers) return;
  }
  Agents& agents = servers_[peer.bytes()];
  if (agents.size() >= kMostAgents) std::erase_if(agents, old);
  const std::string_view name = agent.substr(0, kLongestAgent);
  if (const auto found = agents.find(name); found != agents.end())
    found->second = now;
  else if (agents.size() < kMostAgents)
    agents.emplace(name, now);
}

bool ReportDesk::is_server(const Address& peer, std::string_view agent, bool bare,
                           SteadyTime now) const {
  const auto found = servers_.find(peer.bytes());
  if (found == servers_.end()) return false;
  const auto asked = [&](std::string_view name) {
    const auto at = found->second.find(name);
    return at != found->second.end() && now - at->second <= kServerMemory;
  };
  return (!agent.empty() && asked(agent.substr(0, kLongestAgent))) || (bare && asked(""));
}

std::vector<NodeKey> ReportDesk::enforcing(std::string_view mount, ProtectionSet needs) const {
  std::vector<NodeKey> out;
  if (needs == 0) return out;
  for (const auto& [id, reporter] : reporters_) {
    const auto found = reporter.enforces.find(mount);
    if (found != reporter.enforces.end() && (needs & ~found->second) == 0)
      out.push_back(node_key(id));
  }
  return out;
}

bool ReportDesk::checks_tokens(std::string_view id) const {
  const auto found = reporters_.find(id);
  return found != reporters_.end() && found->second.checks_tokens;
}

void ReportDesk::set_checks_tokens(const std::string& id, bool checks) {
  reporters_[id].checks_tokens = checks;
}

}  // namespace lb
