#include "app/services/parked_requests.h"

#include <algorithm>
#include <utility>

namespace lb {

bool ParkedRequests::park(const std::string& key, const ParkedRequest& request,
                          const Patience& patience) {
  auto at = rows_.find(key);
  if (size_ >= limits_.all) return false;
  if (at == rows_.end() ? rows_.size() >= limits_.keys
                        : at->second.requests.size() >= limits_.of_key)
    return false;
  if (at == rows_.end()) {
    at = rows_.try_emplace(key).first;
    const std::uint64_t number = at->second.number = next_++;
    // By way of the inbox: the timer dies with its row.
    at->second.deadline = std::make_unique<Deadline>(loop_, [this, key, number] {
      loop_.post([this, key, number] {
        if (find(key, number) != rows_.end()) callbacks_.expired(key);
      });
    });
    at->second.deadline->after(patience.all);
  }
  Row& row = at->second;
  row.requests.push_back(request);
  ++size_;
  if (!request.may_leave || patience.leaving.count() == 0) return true;
  if (!row.leaving)
    row.leaving = std::make_unique<Timer>(loop_, [this, key, number = row.number] {
      loop_.post([this, key, number] {
        if (const auto slow = find(key, number); slow != rows_.end()) let_leave(slow->second);
      });
    });
  if (!row.leaving->armed()) row.leaving->after(row.slow ? patience.leaving * 0 : patience.leaving);
  return true;
}

void ParkedRequests::extend(const std::string& key, std::chrono::milliseconds patience) {
  if (const auto at = rows_.find(key); at != rows_.end()) at->second.deadline->after(patience);
}

void ParkedRequests::release(const std::string& key, WaitOutcome outcome) {
  const auto row = rows_.extract(key);
  if (!row) return;
  size_ -= row.mapped().requests.size();
  for (const ParkedRequest& request : row.mapped().requests) callbacks_.wake(request, outcome);
}

std::vector<std::string> ParkedRequests::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, row] : rows_) keys.push_back(key);
  return keys;
}

void ParkedRequests::clear() {
  rows_.clear();
  size_ = 0;
}

ParkedRequests::Rows::iterator ParkedRequests::find(const std::string& key, std::uint64_t number) {
  const auto at = rows_.find(key);
  return at != rows_.end() && at->second.number == number ? at : rows_.end();
}

void ParkedRequests::let_leave(Row& row) {
  row.slow = true;
  const auto leaving =
      std::stable_partition(row.requests.begin(), row.requests.end(),
                            [](const ParkedRequest& request) { return !request.may_leave; });
  const std::vector<ParkedRequest> left(leaving, row.requests.end());
  row.requests.erase(leaving, row.requests.end());
  size_ -= left.size();
  for (const ParkedRequest& request : left) callbacks_.wake(request, WaitOutcome::kElsewhere);
}

}  // namespace lb
