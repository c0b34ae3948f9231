#include "app/external/external_lookups.h"

#include <algorithm>
#include <utility>

namespace lb {

ExternalLookups::ExternalLookups(Loop& loop, Callbacks callbacks)
    : loop_(loop),
      callbacks_(std::move(callbacks)),
      parked_(loop, {kMaxNames * 4, kMaxRequests, kMaxParked},
              {callbacks_.wake,
               [this](const std::string& mount) { parked_.release(mount, WaitOutcome::kNever); }}),
      gather_(loop, [this] { callbacks_.ask(std::exchange(next_, {})); }) {}

bool ExternalLookups::has_room(const Asker& asker) const {
  const std::size_t most = kMaxNames + (asker.feeds ? kMaxOfSources : 0);
  const auto own = std::count_if(asked_.begin(), asked_.end(), [&](const auto& name) {
    return name.second.feeds == asker.feeds && name.second.network == asker.network;
  });
  return asked_.size() < most && (own < kFewOfOne || asked_.size() < most / 2);
}

void ExternalLookups::look_up(const std::string& mount, const ParkedRequest& request, Asker asker) {
  if (callbacks_.is_here(mount)) {
    callbacks_.wake(request, WaitOutcome::kReady);
    return;
  }
  const auto known = unknown_.find(mount);
  if (known != unknown_.end() && loop_.now() < known->second) {
    callbacks_.wake(request, WaitOutcome::kNever);
    return;
  }
  const bool is_asked = asked_.contains(mount);
  if ((!is_asked && !has_room(asker)) || !parked_.park(mount, request, {kPatience})) {
    callbacks_.wake(request, WaitOutcome::kFull);
    return;
  }
  if (is_asked) return;
  asked_.emplace(mount, std::move(asker));
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
