#include "cluster/link/ingest.h"

#include <algorithm>

#include "base/cat.h"
#include "cluster/balance/pick.h"

namespace lb {
namespace {

// Rows of sources are sent before those of other kinds; 256 KiB of them a second (Link).
constexpr std::chrono::milliseconds kForARow{2};

bool has_word(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

Ingest::Ingest(std::string own_id, Believes believes, SteadyTime now, IngestTiming timing)
    : own_id_(std::move(own_id)),
      believes_(std::move(believes)),
      timing_(timing),
      hold_until_(now + timing.longest_start),
      table_(
          [this](const RowKey& key, const Table::Heard& heard) -> std::optional<int> {
            if (!key.second_kind && !believes_(heard.sender, *heard.row)) return std::nullopt;
            // The shortest way has the newest row; of two equal ones a capture has priority.
            const int way = 2 * static_cast<int>(heard.row->via.size());
            return (heard.stands ? 100 : 0) + way + (heard.row->state == IngestState::kOn ? 0 : 1);
          },
          {kMaxRows, timing.kept, true, kForARow}) {}

void Ingest::configure(std::vector<IngestPlan> plans, bool alone) {
  alone_ = alone;
  std::map<std::string, Own, std::less<>> next;
  for (IngestPlan& plan : plans) {
    std::string mount = plan.mount;
    const auto before = own_.find(mount);
    Own own;
    if (before != own_.end()) own = std::move(before->second);
    own.plan = std::move(plan);
    next.emplace(std::move(mount), std::move(own));
  }
  for (const auto& [mount, own] : own_)
    if (!next.contains(mount)) table_.set_own({mount, false, own_id_}, std::nullopt);
  own_ = std::move(next);
  table_.rank_again();
  own_changes();
}

// -- what the neighbours say ----------------------------------------------------------------------

void Ingest::joined(const std::string& neighbour, bool upward, SteadyTime now) {
  Neighbour& at = neighbours_[neighbour];
  at.upward = at.upward || upward;
  ++version_;
  const bool awaited = awaited_.erase(neighbour) > 0;
  table_.joined(neighbour, now);
  if (awaited) table_.hold(neighbour, now + timing_.return_to_next);
  if (!std::exchange(heard_any_, true))
    hold_until_ = std::min(hold_until_, now + timing_.start_hold);
}

void Ingest::left(const std::string& neighbour, SteadyTime now) {
  if (neighbours_.erase(neighbour) + awaited_.erase(neighbour) == 0) return;
  for (const Elsewhere& source : sources())
    if (source.node == neighbour) changed_sources_.insert(source.mount);
  table_.left(neighbour, now);
}

void Ingest::take(const std::string& sender, const std::vector<IngestRow>& rows) {
  const auto at = neighbours_.find(sender);
  if (at == neighbours_.end()) return;
  if (!std::exchange(at->second.spoke, true)) ++version_;
  for (const IngestRow& row : rows) {
    const bool off = row.state == IngestState::kOff;
    const bool own = row.at == own_id_ || has_word(row.via, own_id_);
    // A sender is identified by its link, and is the last node in `via` of a row that it repeats.
    const bool right = row.via.empty() ? row.at == sender : row.via.back() == sender;
    const RowKey key{row.mount, row.source, row.at};
    if (row.source) {
      if (!right || !row.via.empty() || own) continue;
      const bool known = table_.find(key) != nullptr;
      if (known == off) changed_sources_.insert(row.mount);
      if (known && off && ended_sources_.size() < kMaxRows)
        ended_sources_.push_back({row.mount, sender});
    }
    const bool counts = !off && !own && right && row.via.size() <= kMaxVia;
    const bool captured = !row.source && is_captured_at(row.mount, row.at);
    table_.take(sender, key, counts ? std::optional(row) : std::nullopt);
    if (!row.source && is_captured_at(row.mount, row.at) != captured)
      changed_sources_.insert(row.mount);
  }
}

Ingest::OwnRows Ingest::rows_of_neighbours() const {
  OwnRows rows;
  for (const auto& [key, entry] : table_.entries())
    if (entry.row && entry.sender == key.node && neighbours_.contains(key.node))
      rows[key.node].push_back(*entry.row);
  return rows;
}

void Ingest::restore(const std::string& neighbour, const std::vector<IngestRow>& rows,
                     SteadyTime now) {
  neighbours_.try_emplace(neighbour);
  take(neighbour, rows);
  neighbours_.erase(neighbour);
  const SteadyTime until = now + timing_.return_to_next;
  table_.hold(neighbour, until + timing_.kept);
  awaited_[neighbour] = until;
}

std::vector<IngestRow> Ingest::own_sources() const {
  std::vector<IngestRow> rows;
  for (const auto& [mount, by] : sources_)
    rows.push_back({mount, own_id_, IngestState::kOn, {}, true, by});
  return rows;
}

void Ingest::restore_sent(const std::string& neighbour, const std::vector<IngestRow>& rows,
                          SteadyTime now) {
  for (const IngestRow& row : rows) {
    if (row.at != own_id_ || !row.source) continue;
    const RowKey key{row.mount, true, own_id_};
    if (sources_.try_emplace(row.mount, row.by).second) table_.set_own(key, row);
    table_.note_sent(neighbour, key);
  }
  awaited_.try_emplace(neighbour, now + timing_.return_to_next);
}

std::vector<std::string> Ingest::overdue(SteadyTime now) const {
  std::vector<std::string> all;
  for (const auto& [neighbour, until] : awaited_)
    if (until <= now) all.push_back(neighbour);
  return all;
}

Ingest::Others Ingest::others_of(const std::string& mount) const {
  Others out;
  for (auto [at, end] = table_.of_mount(mount); at != end; ++at)
    if (at->second.row && at->first.node != own_id_) out.push_back(&at->second);
  return out;
}

// -- what this node does --------------------------------------------------------------------------

void Ingest::set_flow(const std::string& mount, Flow flow) {
  const auto at = own_.find(mount);
  if (at == own_.end()) return;
  if (at->second.flow.captures != flow.captures) own_changes();
  at->second.flow = flow;
}

bool Ingest::captures(std::string_view mount) const {
  const auto at = own_.find(mount);
  return at != own_.end() && at->second.captures;
}

void Ingest::set_sources(Sources sources) {
  for (const auto& [mount, by] : sources_)
    if (!sources.contains(mount)) table_.set_own({mount, true, own_id_}, std::nullopt);
  for (const auto& [mount, by] : sources)
    table_.set_own({mount, true, own_id_},
                   IngestRow{mount, own_id_, IngestState::kOn, {}, true, by});
  sources_ = std::move(sources);
}

void Ingest::set_source(const std::string& mount, std::optional<ReportedSource> source) {
  const RowKey key{mount, true, own_id_};
  if (!source) {
    if (sources_.erase(mount) > 0) table_.set_own(key, std::nullopt);
    return;
  }
  table_.set_own(key, IngestRow{mount, own_id_, IngestState::kOn, {}, true, *source});
  sources_.insert_or_assign(mount, *std::move(source));
}

std::vector<Ingest::Elsewhere> Ingest::sources() const {
  std::vector<Elsewhere> out;
  for (const auto& [key, entry] : table_.entries())
    if ((key.second_kind && entry.row && !entry.is_own()) || is_capture(key, entry))
      out.push_back({key.mount, key.node});
  return out;
}

bool Ingest::is_captured_at(const std::string& mount, const std::string& node) const {
  const RowKey key{mount, false, node};
  const auto* const entry = table_.find(key);
  return entry != nullptr && is_capture(key, *entry);
}

bool Ingest::is_source_at(const std::string& mount, const std::string& node) const {
  const auto* const entry = table_.find({mount, true, node});
  return entry != nullptr && !entry->is_own();
}

std::optional<ReportedSource> Ingest::source_at(const std::string& mount,
                                                const std::string& node) const {
  if (!is_source_at(mount, node)) return std::nullopt;
  const ReportedSource& by = table_.find({mount, true, node})->row->by;
  return by.since == 0 ? std::nullopt : std::optional(by);
}

std::vector<std::string> Ingest::nodes_with_source(const std::string& mount) const {
  std::vector<std::string> nodes;
  for (auto [at, end] = table_.of_mount(mount, true); at != end; ++at)
    if (at->second.row && !at->second.is_own()) nodes.push_back(at->first.node);
  for (auto [at, end] = table_.of_mount(mount); at != end; ++at)
    if (is_capture(at->first, at->second) && !has_word(nodes, at->first.node))
      nodes.push_back(at->first.node);
  return nodes;
}

std::size_t Ingest::captured() const {
  return static_cast<std::size_t>(
      std::count_if(own_.begin(), own_.end(), [](const auto& row) { return row.second.captures; }));
}

// A capture is reported until its upstream is closed.
IngestState Ingest::own_state(const Own& own) const {
  if (own.captures || own.flow.captures) return IngestState::kOn;
  return willing_ && own.rests_until == SteadyTime{} ? IngestState::kReady : IngestState::kOff;
}

bool Ingest::before(const IngestPlan& plan, std::string_view a, std::string_view b) const {
  if ((a == plan.capture_at) != (b == plan.capture_at)) return a == plan.capture_at;
  const std::uint64_t mount = mount_hash(plan.mount);
  const double of_a = rendezvous_score(node_key(a), mount, 1);
  const double of_b = rendezvous_score(node_key(b), mount, 1);
  return of_a != of_b ? of_a > of_b : a < b;
}

std::string Ingest::decide_capture(Own& own, const Others& others, SteadyTime now) {
  if (own.flow.captures) {
    if (own.ending) return {};
  } else {
    own.ending = false;
    const bool held = !alone_ && now < hold_until_;
    if (own.flow.follows && is_captured_at(own.plan.mount, own.flow.feeder))
      own.captor = own.flow.feeder;
    const bool fed = own.flow.follows && !feeder_has_ended(own);
    if (held || fed || own_state(own) != IngestState::kReady) return {};
  }
  for (const auto* other : others)
    if (other->row->state == IngestState::kOn || before(own.plan, other->row->at, own_id_))
      return {};
  own.captures = true;
  own.captured_since = now;
  own.failing = false;
  own.better.clear();
  return others.empty() ? "no other node does" : "it is the first of those that can";
}

// A node that has handed back keeps its mount for a while, with its relays: also that of the node
// to which it hands back.
bool Ingest::feeder_has_ended(const Own& own) const {
  const std::string& feeder = own.flow.feeder;
  const auto* const entry = table_.find({own.plan.mount, false, feeder});
  // A node that drains, or whose upstream fails, is not ready.
  if (entry == nullptr) return own.captor == feeder && neighbours_.contains(feeder);
  return entry->sender == feeder && !entry->stands && entry->row->state == IngestState::kReady;
}

bool Ingest::may_hand_back(SteadyTime now) {
  while (!handed_back_.empty() && now - handed_back_.front() >= std::chrono::seconds(1))
    handed_back_.pop_front();
  if (handed_back_.size() >= timing_.hand_backs_a_second) return false;
  handed_back_.push_back(now);
  return true;
}

void Ingest::note_failure(Own& own, SteadyTime now) {
  if (!own.flow.fails) {
    own.failing = false;
    if (own.flow.captures && now - own.captured_since >= timing_.good)
      own.rest = std::chrono::milliseconds(0);
  } else if (!std::exchange(own.failing, true)) {
    own.failing_since = now;
  }
}

std::string Ingest::decide_release(Own& own, const Others& others, SteadyTime now) {
  note_failure(own, now);
  const std::string* best = nullptr;  // among the ready ones
  for (const auto* other : others) {
    if (other->stands) continue;
    const std::string& node = other->row->at;
    if (other->row->state == IngestState::kOn) {
      if (before(own.plan, node, own_id_)) return cat({node, " captures it too"});
    } else if (best == nullptr || before(own.plan, node, *best)) {
      best = &node;
    }
  }
  if (best == nullptr) {
    own.better.clear();
    return {};
  }
  if (!willing_) return "this node drains";
  if (own.failing && now - own.failing_since >= timing_.give_up) {
    own.rest =
        own.rest.count() == 0 ? timing_.first_rest : std::min(own.rest * 2, timing_.longest_rest);
    own.rests_until = now + own.rest;
    return cat({"its upstreams cannot be pulled, ", *best, " is next"});
  }
  if (!own.plan.hand_back || !before(own.plan, *best, own_id_)) {
    own.better.clear();
    return {};
  }
  if (own.better != *best) {
    own.better = *best;
    own.better_since = now;
  }
  if (now - own.better_since < timing_.hand_back || !may_hand_back(now)) return {};
  return "it is handed back to " + own.better;
}

std::vector<Ingest::Change> Ingest::decide(SteadyTime now) {
  for (const RowKey& dropped : table_.forget(now)) {
    changed_sources_.insert(dropped.mount);
    // Its node is linked and has not sent it again.
    if (dropped.second_kind && neighbours_.contains(dropped.node))
      ended_sources_.push_back({dropped.mount, dropped.node});
  }
  std::vector<Change> changes;
  for (auto& [mount, own] : own_) {
    const Others others = others_of(mount);
    if (own.rests_until != SteadyTime{} && (others.empty() || own.rests_until <= now)) {
      own.rests_until = SteadyTime{};
      own_changes();
    }
    const bool before = own.captures;
    std::string why = before ? decide_release(own, others, now) : decide_capture(own, others, now);
    if (why.empty()) continue;
    own.captures = !before;
    own.ending = before;
    own.better.clear();
    own_changes();
    changes.push_back({mount, own.captures, std::move(why)});
  }
  return changes;
}

// -- what the neighbours are told -----------------------------------------------------------------

void Ingest::note_own() {
  if (!std::exchange(own_changed_, false)) return;
  for (const auto& [mount, own] : own_) {
    const IngestState state = own_state(own);
    table_.set_own({mount, false, own_id_},
                   state == IngestState::kOff
                       ? std::nullopt
                       : std::optional(IngestRow{mount, own_id_, state, {}}));
  }
}

std::vector<IngestRow> Ingest::news_for(const std::string& neighbour) {
  const auto at = neighbours_.find(neighbour);
  if (at == neighbours_.end() || (!at->second.upward && !at->second.spoke)) return {};
  note_own();
  const auto show = [&](const RowKey& key, const Table::Entry& entry) -> std::optional<IngestRow> {
    IngestRow row = *entry.row;
    if (entry.is_own())
      return key.second_kind && !at->second.upward ? std::nullopt : std::optional(row);
    if (key.second_kind || key.node == neighbour || entry.sender == neighbour ||
        has_word(row.via, neighbour) || row.via.size() >= kMaxVia)
      return std::nullopt;
    row.via.push_back(own_id_);
    return row;
  };
  const auto gone = [this](const RowKey& key) {
    IngestRow row{key.mount, key.node, IngestState::kOff, {}, key.second_kind};
    if (key.node != own_id_) row.via.push_back(own_id_);
    return row;
  };
  return table_.news_for(neighbour, show, gone);
}

std::vector<IngestRow> Ingest::known(const std::string& mount) const {
  std::vector<IngestRow> rows;
  if (const auto own = own_.find(mount); own != own_.end())
    rows.push_back({mount, own_id_, own_state(own->second), {}});
  for (const auto* other : others_of(mount)) rows.push_back(*other->row);
  return rows;
}

std::vector<std::pair<std::string, IngestRow>> Ingest::refused() const {
  std::vector<std::pair<std::string, IngestRow>> rows;
  for (const auto& [key, entry] : table_.entries())
    for (const Table::Heard& heard : entry.heard)
      if (!key.second_kind && !heard.sender.empty() && !believes_(heard.sender, *heard.row))
        rows.emplace_back(heard.sender, *heard.row);
  return rows;
}

}  // namespace lb
