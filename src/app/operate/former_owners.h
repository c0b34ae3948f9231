// FormerOwners: the accounts of mounts that were deleted lately.
//
// Bounds: kKept, and kMaxKept mounts; further ones are not noted.
// Thread: any.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"

namespace lb {

class FormerOwners {
 public:
  // Longer than a stream without a source lingers at a node.
  static constexpr std::chrono::seconds kKept{30};
  static constexpr std::size_t kMaxKept = 10'000;

  void note(const std::string& mount, const std::string& account, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    for (; !order_.empty() && order_.front().first <= now; order_.pop_front())
      if (const auto at = owners_.find(order_.front().second);
          at != owners_.end() && at->second.until <= now)
        owners_.erase(at);
    if (order_.size() >= kMaxKept) return;
    order_.emplace_back(now + kKept, mount);
    owners_[mount] = {account, now + kKept};
  }
  // "": none.
  std::string of(const std::string& mount, SteadyTime now) const {
    const std::lock_guard lock(mutex_);
    const auto at = owners_.find(mount);
    return at == owners_.end() || at->second.until <= now ? std::string() : at->second.account;
  }

 private:
  struct Owner {
    std::string account;
    SteadyTime until;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Owner> owners_;
  std::deque<std::pair<SteadyTime, std::string>> order_;  // by the end
};

}  // namespace lb
