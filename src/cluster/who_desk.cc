#include "cluster/who_desk.h"

#include <utility>

namespace lb {

void WhoDesk::wait(const std::string& mount, const Waiter& waiter) {
  if (doors_.is_here(mount)) {
    doors_.release(waiter, true);
    return;
  }
  if (const auto known = asked_.find(mount); known != asked_.end()) {
    if (known->second.waiters.size() < kMostWaiters)
      known->second.waiters.push_back(waiter);
    else
      doors_.release(waiter, false);
    return;
  }
  const bool may_ask =
      asked_.size() < kMostMounts && questions_.allows(loop_.now(), kMostQuestions);
  const unsigned masters = may_ask ? doors_.ask(mount) : 0;
  if (masters == 0) {
    doors_.release(waiter, false);
    return;
  }
  Asked& asked = asked_[mount];
  asked.unanswered = masters;
  asked.waiters.push_back(waiter);
  // By way of the inbox: the timer dies with those who wait.
  asked.deadline = std::make_unique<Timer>(
      loop_, [this, mount] { loop_.post([this, mount] { release(mount, false); }); });
  asked.deadline->after(kPatience);
}

void WhoDesk::answered(const std::string& mount, bool known) {
  const auto at = asked_.find(mount);
  if (at == asked_.end()) return;
  // The offer came before this answer: the mount is here, unless we may not have it.
  if (known && doors_.is_here(mount))
    release(mount, true);
  else if (at->second.unanswered > 0 && --at->second.unanswered == 0)
    release(mount, false);
}

void WhoDesk::give_up() {
  for (const auto& [mount, asked] : std::exchange(asked_, {}))
    for (const Waiter& waiter : asked.waiters) doors_.release(waiter, false);
}

void WhoDesk::release(const std::string& mount, bool known) {
  const auto at = asked_.find(mount);
  if (at == asked_.end()) return;
  const std::vector<Waiter> waiters = std::move(at->second.waiters);
  asked_.erase(at);
  for (const Waiter& waiter : waiters) doors_.release(waiter, known);
}

}  // namespace lb
