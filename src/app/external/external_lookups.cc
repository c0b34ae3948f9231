#include "app/external/external_lookups.h"

#include <utility>

namespace lb {

ExternalLookups::ExternalLookups(Loop& loop, Callbacks callbacks)
    : loop_(loop),
      callbacks_(std::move(callbacks)),
      parked_(loop, {kMaxNames * 4, kMaxRequests, kMaxParked},
              {callbacks_.wake,
               [this](const std::string& mount) { parked_.release(mount, WaitOutcome::kNever); }}),
      gather_(loop, [this] { callbacks_.ask(std::exchange(next_, {})); }) {}

void ExternalLookups::look_up(const std::string& mount, const ParkedRequest& request,
                              bool of_source) {
  if (callbacks_.is_here(mount)) {
    callbacks_.wake(request, WaitOutcome::kReady);
    return;
  }
  const auto known = unknown_.find(mount);
  const bool refused = known != unknown_.end() && loop_.now() < known->second;
  const bool has_room =
      asked_.contains(mount) || asked_.size() < kMaxNames + (of_source ? kMaxOfSources : 0);
  if (refused || !has_room || !parked_.park(mount, request, {kPatience})) {
    callbacks_.wake(request, WaitOutcome::kNever);
    return;
  }
  if (!asked_.insert(mount).second) return;
  next_.push_back(mount);
  if (!gather_.armed()) gather_.after(kGather);
}

void ExternalLookups::answered(const std::vector<std::string>& names,
                               const std::set<std::string>& found) {
  for (const std::string& name : names) {
    asked_.erase(name);
    if (!found.contains(name)) settle(name, kUnknownFor);
  }
}

void ExternalLookups::failed(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    asked_.erase(name);
    settle(name, kFailedFor);
  }
}

void ExternalLookups::settle(const std::string& mount, std::chrono::seconds remembered) {
  remember(mount, remembered);
  parked_.release(mount, WaitOutcome::kNever);
}

void ExternalLookups::remember(const std::string& mount, std::chrono::seconds time) {
  const SteadyTime now = loop_.now();
  if (unknown_.size() >= kMaxRemembered)
    std::erase_if(unknown_, [now](const auto& row) { return row.second <= now; });
  if (unknown_.size() < kMaxRemembered) unknown_[mount] = now + time;
}

void ExternalLookups::configured() {
  for (const std::string& mount : parked_.keys())
    if (callbacks_.is_here(mount)) parked_.release(mount, WaitOutcome::kReady);
}

void ExternalLookups::abandon() {
  gather_.cancel();
  next_.clear();
  asked_.clear();
  for (const std::string& mount : parked_.keys()) parked_.release(mount, WaitOutcome::kNever);
}

void ExternalLookups::stop() {
  gather_.cancel();
  next_.clear();
  asked_.clear();
  parked_.clear();
}

}  // namespace lb
