#include "app/operate/plan_turns.h"

#include <utility>

#include "app/operate/record_job.h"

namespace lb {
namespace {

constexpr Rate kMade{PlanTurns::kMaxMade,
                     std::chrono::nanoseconds(std::chrono::hours(24)) / PlanTurns::kMaxMade};

}  // namespace

void PlanTurns::plan(const std::string& lane, bool first, UniqueFunction<void()> begin) {
  if (lane.empty()) return begin();
  const auto [at, is_free] = waiting_.try_emplace(lane);
  if (is_free) return begin();
  if (first)
    at->second.push_front(std::move(begin));
  else
    at->second.push_back(std::move(begin));
}

void PlanTurns::planned(const std::string& lane) {
  const auto at = waiting_.find(lane);
  if (at == waiting_.end()) return;  // an administrator's
  if (at->second.empty()) {
    waiting_.erase(at);
    return;
  }
  auto next = std::move(at->second.front());
  at->second.pop_front();
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
  const auto at = place_in_line(line, job->lane,
                                [](const auto& other) { return std::string_view(other->lane); });
  line.insert(at, std::move(job));
}

}  // namespace lb
