#include "app/operate/plan_turns.h"

#include <algorithm>
#include <utility>

#include "app/operate/record_job.h"

namespace lb {
namespace {

constexpr Rate kMade{PlanTurns::kMaxMade,
                     std::chrono::nanoseconds(std::chrono::hours(24)) / PlanTurns::kMaxMade};

}  // namespace

std::string lane_of(const ApiCaller& who) {
  if (who.role == Role::kAdmin) return {};
  if (!who.account.empty()) return who.account;
  // No account has a NUL in its name.
  std::string lane = who.name;
  for (const std::string& mount : who.mounts) lane.append(1, '\0').append(mount);
  return lane.append(1, '\0');
}

bool PlanTurns::enter(const std::string& lane) {
  if (inside_ >= kMaxInside) return false;
  if (!lane.empty()) {
    if (customers_ >= kMaxOfCustomers || inside(lane) >= kMaxOfLane) return false;
    ++customers_;
    ++lanes_[lane].inside;
  }
  ++inside_;
  return true;
}

void PlanTurns::leave(const std::string& lane) {
  --inside_;
  if (lane.empty()) return;
  --customers_;
  const auto at = lanes_.find(lane);
  if (--at->second.inside == 0 && !at->second.plans) lanes_.erase(at);
}

std::size_t PlanTurns::inside(const std::string& lane) const {
  const auto at = lanes_.find(lane);
  return at == lanes_.end() ? 0 : at->second.inside;
}

void PlanTurns::plan(const std::string& lane, bool first, UniqueFunction<void()> begin) {
  if (lane.empty()) return begin();
  Lane& row = lanes_[lane];
  if (!std::exchange(row.plans, true)) return begin();
  if (first)
    row.waiting.push_front(std::move(begin));
  else
    row.waiting.push_back(std::move(begin));
}

void PlanTurns::planned(const std::string& lane) {
  const auto at = lanes_.find(lane);
  if (at == lanes_.end()) return;  // an administrator's
  Lane& row = at->second;
  if (row.waiting.empty()) {
    row.plans = false;
    if (row.inside == 0) lanes_.erase(at);
    return;
  }
  auto next = std::move(row.waiting.front());
  row.waiting.pop_front();
  next();
}

bool PlanTurns::remembers(const std::string& lane, SteadyTime now) const {
  const auto at = made_.find(lane);
  return at == made_.end() || at->second.allows(now, kMade);
}

void PlanTurns::remembered(const std::string& lane, std::size_t bytes, SteadyTime now) {
  if (!lane.empty())
    made_[lane].spend(now, kMade.pause * static_cast<std::int64_t>(bytes + kMadeRecord));
}

void put_in_line(std::deque<std::shared_ptr<RecordJob>>& line, std::shared_ptr<RecordJob> job) {
  const auto same = [&job](const auto& other) { return other->lane == job->lane; };
  const std::size_t rank =
      job->lane.empty() ? 0
                        : static_cast<std::size_t>(std::count_if(line.begin(), line.end(), same));
  std::map<std::string_view, std::size_t> seen;
  const auto at = std::find_if(line.begin(), line.end(), [&](const auto& other) {
    if (other->lane.empty()) return false;
    return job->lane.empty() || seen[other->lane]++ > rank;
  });
  line.insert(at, std::move(job));
}

}  // namespace lb
