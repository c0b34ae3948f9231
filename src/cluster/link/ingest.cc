#include "cluster/link/ingest.h"

#include <algorithm>
#include <tuple>

#include "base/cat.h"
#include "cluster/balance/pick.h"

namespace lb {
namespace {

bool has_word(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

Ingest::Ingest(std::string own_id, Believes believes, SteadyTime now, IngestTiming timing)
    : own_id_(std::move(own_id)),
      believes_(std::move(believes)),
      timing_(timing),
      hold_until_(now + timing.longest_start) {}

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
  own_ = std::move(next);
  rows_changed();
}

// -- what the neighbours say ----------------------------------------------------------------------

void Ingest::joined(const std::string& neighbour, bool upward, SteadyTime now) {
  Neighbour& at = neighbours_[neighbour];
  if (!at.linked) at.upward = false;
  at.linked = true;
  lost_.erase(neighbour);
  at.upward = at.upward || upward;
  at.told.clear();  // the other end may be another run
  at.told_sources.clear();
  rows_changed();
  if (!std::exchange(heard_any_, true))
    hold_until_ = std::min(hold_until_, now + timing_.start_hold);
}

void Ingest::left(const std::string& neighbour, SteadyTime now) {
  const auto at = neighbours_.find(neighbour);
  if (at == neighbours_.end() || !at->second.linked) return;
  Neighbour& lost = at->second;
  rows_changed();
  lost.linked = lost.spoke = false;
  lost.told.clear();
  lost.told_sources.clear();
  for (const auto& [mount, by] : lost.sources) changed_sources_.insert(mount);
  lost.sources.clear();
  lost_[neighbour] = now + timing_.kept;
  for (auto& [id, each] : neighbours_)
    if (!each.linked)
      std::erase_if(each.rows, [&](const auto& row) { return lost_.contains(row.first.second); });
  for (auto& [key, heard] : lost.rows) {
    heard.stands = true;
    heard.until = now + timing_.kept;
  }
}

void Ingest::take(const std::string& teller, const std::vector<IngestRow>& rows) {
  const auto at = neighbours_.find(teller);
  if (at == neighbours_.end() || !at->second.linked) return;
  Neighbour& from = at->second;
  from.spoke = true;
  rows_changed();
  for (const IngestRow& row : rows) {
    if (row.source) {
      if (row.at != teller || !row.via.empty()) continue;
      if (row.state == IngestState::kOff) {
        if (from.sources.erase(row.mount) == 0) continue;
        changed_sources_.insert(row.mount);
        if (ended_sources_.size() < kMaxRows) ended_sources_.push_back({row.mount, teller});
      } else if (const auto known = from.sources.find(row.mount); known != from.sources.end()) {
        known->second = row.by;
      } else if (from.sources.size() < kMaxRows) {
        from.sources.emplace(row.mount, row.by);
        changed_sources_.insert(row.mount);
      }
      continue;
    }
    const bool own = row.at == own_id_ || has_word(row.via, own_id_);
    // A teller is named by its link; what it repeats has it at the end.
    const bool right = row.via.empty() ? row.at == teller : row.via.back() == teller;
    Key key(row.mount, row.at);
    if (row.state == IngestState::kOff || own || !right || row.via.size() > kMaxVia)
      from.rows.erase(key);
    else if (from.rows.size() < kMaxRows || from.rows.contains(key))
      from.rows.insert_or_assign(std::move(key), Heard{row.state, row.via, false, {}});
  }
}

void Ingest::forget(SteadyTime now) {
  std::erase_if(lost_, [now](const auto& row) { return row.second <= now; });
  for (auto at = neighbours_.begin(); at != neighbours_.end();) {
    Neighbour& each = at->second;
    if (std::erase_if(each.rows, [now](const auto& row) {
          return row.second.stands && row.second.until <= now;
        }) > 0)
      rows_changed();
    at = !each.linked && each.rows.empty() ? neighbours_.erase(at) : std::next(at);
  }
}

const Ingest::Others& Ingest::others_of(const std::string& mount) const {
  const auto [at, fresh] = others_.try_emplace(mount);
  if (fresh) at->second = find_others(mount);
  return at->second;
}

Ingest::Others Ingest::find_others(const std::string& mount) const {
  Others out;
  for (const auto& [teller, neighbour] : neighbours_) {
    for (auto at = neighbour.rows.lower_bound({mount, ""});
         at != neighbour.rows.end() && at->first.first == mount; ++at) {
      const std::string& node = at->first.second;
      const Heard& heard = at->second;
      if (!believes_(teller, {mount, node, heard.state, heard.via})) continue;
      const Other now{heard.state, !heard.stands, &heard.via, &teller};
      const auto [known, first] = out.try_emplace(node, now);
      if (first) continue;
      // The shortest way has the newest word; of two such, a capture must not be overlooked.
      const auto rank = [](const Other& each) {
        return std::tuple(!each.fresh, each.via->size(), each.state != IngestState::kOn);
      };
      if (rank(now) < rank(known->second)) known->second = now;
    }
  }
  return out;
}

// -- what this node does --------------------------------------------------------------------------

void Ingest::set_flow(const std::string& mount, Flow flow) {
  const auto at = own_.find(mount);
  if (at == own_.end()) return;
  if (at->second.flow.captures != flow.captures) ++version_;
  at->second.flow = flow;
}

bool Ingest::captures(std::string_view mount) const {
  const auto at = own_.find(mount);
  return at != own_.end() && at->second.captures;
}

void Ingest::set_sources(Sources sources) {
  if (sources == sources_) return;
  sources_ = std::move(sources);
  ++version_;
}

std::vector<Ingest::Elsewhere> Ingest::sources() const {
  std::vector<Elsewhere> out;
  for (const auto& [id, neighbour] : neighbours_)
    for (const auto& [mount, by] : neighbour.sources) out.push_back({mount, id});
  return out;
}

bool Ingest::is_source_at(std::string_view mount, std::string_view node) const {
  const auto at = neighbours_.find(node);
  return at != neighbours_.end() && at->second.sources.contains(mount);
}

std::optional<ToldSource> Ingest::source_at(std::string_view mount, std::string_view node) const {
  const auto at = neighbours_.find(node);
  if (at == neighbours_.end()) return std::nullopt;
  const auto source = at->second.sources.find(mount);
  if (source == at->second.sources.end() || source->second.since == 0) return std::nullopt;
  return source->second;
}

std::vector<std::string> Ingest::nodes_with_source(const std::string& mount) const {
  std::vector<std::string> nodes;
  for (const auto& [id, neighbour] : neighbours_)
    if (neighbour.sources.contains(mount)) nodes.push_back(id);
  return nodes;
}

std::size_t Ingest::neighbours_rows() const noexcept {
  std::size_t count = 0;
  for (const auto& [id, neighbour] : neighbours_)
    count += neighbour.rows.size() + neighbour.sources.size();
  return count;
}

std::size_t Ingest::captured() const {
  return static_cast<std::size_t>(
      std::count_if(own_.begin(), own_.end(), [](const auto& row) { return row.second.captures; }));
}

// A capture that ends is told when its upstream is closed.
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
    if (held || own.flow.follows || own_state(own) != IngestState::kReady) return {};
  }
  for (const auto& [node, other] : others)
    if (other.state == IngestState::kOn || before(own.plan, node, own_id_)) return {};
  own.captures = true;
  own.captured_since = now;
  own.failing = false;
  own.better.clear();
  return others.empty() ? "no other node does" : "it is the first of those that can";
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
  const std::string_view* best = nullptr;  // that is ready
  for (const auto& [node, other] : others) {
    if (!other.fresh) continue;
    if (other.state == IngestState::kOn) {
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
  forget(now);
  std::vector<Change> changes;
  for (auto& [mount, own] : own_) {
    const Others& others = others_of(mount);
    if (own.rests_until != SteadyTime{} && (others.empty() || own.rests_until <= now)) {
      own.rests_until = SteadyTime{};
      ++version_;
    }
    const bool before = own.captures;
    std::string why = before ? decide_release(own, others, now) : decide_capture(own, others, now);
    if (why.empty()) continue;
    own.captures = !before;
    own.ending = before;
    own.better.clear();
    ++version_;
    changes.push_back({mount, own.captures, std::move(why)});
  }
  return changes;
}

// -- what the neighbours are told -----------------------------------------------------------------

std::vector<IngestRow> Ingest::news_for(const std::string& neighbour) {
  const auto at = neighbours_.find(neighbour);
  if (at == neighbours_.end() || !at->second.linked) return {};
  Neighbour& to = at->second;
  if (!to.upward && !to.spoke) return {};
  std::set<std::string> mounts;
  for (const auto& [mount, own] : own_) mounts.insert(mount);
  for (const auto& [teller, other] : neighbours_)
    if (teller != neighbour)
      for (const auto& [key, heard] : other.rows) mounts.insert(key.first);
  std::map<Key, std::pair<IngestState, std::vector<std::string>>> wanted;
  for (const std::string& mount : mounts) {
    if (const auto own = own_.find(mount); own != own_.end())
      if (const IngestState state = own_state(own->second); state != IngestState::kOff)
        wanted[{mount, own_id_}] = {state, {}};
    for (const auto& [node, other] : others_of(mount)) {
      if (node == neighbour || *other.teller == neighbour || has_word(*other.via, neighbour) ||
          other.via->size() >= kMaxVia)
        continue;
      std::vector<std::string> via = *other.via;
      via.push_back(own_id_);
      wanted[{mount, std::string(node)}] = {other.state, std::move(via)};
    }
  }
  std::vector<IngestRow> news;
  for (const auto& [key, row] : wanted) {
    const auto told = to.told.find(key);
    if (told == to.told.end() || told->second != row)
      news.push_back({key.first, key.second, row.first, row.second});
  }
  for (const auto& [key, row] : to.told)
    if (!wanted.contains(key)) {
      std::vector<std::string> via;
      if (key.second != own_id_) via.push_back(own_id_);
      news.push_back({key.first, key.second, IngestState::kOff, std::move(via)});
    }
  to.told = std::move(wanted);
  if (!to.upward) return news;
  for (const auto& [mount, by] : sources_)
    if (const auto told = to.told_sources.find(mount);
        told == to.told_sources.end() || told->second != by)
      news.push_back({mount, own_id_, IngestState::kOn, {}, true, by});
  for (const auto& [mount, by] : to.told_sources)
    if (!sources_.contains(mount)) news.push_back({mount, own_id_, IngestState::kOff, {}, true});
  to.told_sources = sources_;
  return news;
}

std::vector<IngestRow> Ingest::known(const std::string& mount) const {
  std::vector<IngestRow> rows;
  if (const auto own = own_.find(mount); own != own_.end())
    rows.push_back({mount, own_id_, own_state(own->second), {}});
  for (const auto& [node, other] : others_of(mount))
    rows.push_back({mount, std::string(node), other.state, *other.via});
  return rows;
}

std::vector<std::pair<std::string, IngestRow>> Ingest::refused() const {
  std::vector<std::pair<std::string, IngestRow>> rows;
  for (const auto& [teller, neighbour] : neighbours_)
    for (const auto& [key, heard] : neighbour.rows) {
      IngestRow row{key.first, key.second, heard.state, heard.via};
      if (!believes_(teller, row)) rows.emplace_back(teller, std::move(row));
    }
  return rows;
}

}  // namespace lb
