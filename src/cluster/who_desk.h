// WhoDesk: listeners who have asked for a mount that nobody here has heard of, and who wait for a
// moment while the masters are asked.
//
// Bounds: so many mounts, listeners and questions a second; whoever is above is not made to wait.
// Thread: control.  Ownership: ClusterLinks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/loop.h"

namespace lb {

// How often something happened in this second.
struct SecondCount {
  bool allows(SteadyTime now, unsigned most) noexcept {
    if (now - since >= std::chrono::seconds(1)) {
      since = now;
      count = 0;
    }
    return ++count <= most;
  }
  SteadyTime since{};
  unsigned count = 0;
};

class WhoDesk {
 public:
  static constexpr std::chrono::milliseconds kPatience{300};
  static constexpr std::size_t kMostMounts = 256;
  static constexpr std::size_t kMostWaiters = 1024;  // of one mount
  static constexpr unsigned kMostQuestions = 50;     // a second

  // A request: its worker and the number of its connection there.
  struct Waiter {
    unsigned worker = 0;
    std::uint64_t connection = 0;
  };
  struct Doors {
    std::function<unsigned(const std::string& mount)> ask;  // how many masters were asked
    std::function<bool(const std::string& mount)> is_here;  // by now
    std::function<void(const Waiter&, bool known)> release;
  };
  WhoDesk(Loop& loop, Doors doors) : loop_(loop), doors_(std::move(doors)) {}

  void wait(const std::string& mount, const Waiter& waiter);
  // One master's answer.
  void answered(const std::string& mount, bool known);
  // There is nobody left who could answer.
  void give_up();

 private:
  struct Asked {
    std::vector<Waiter> waiters;
    unsigned unanswered = 0;  // masters
    std::unique_ptr<Timer> deadline;
  };
  void release(const std::string& mount, bool known);

  Loop& loop_;
  Doors doors_;
  std::map<std::string, Asked, std::less<>> asked_;
  SecondCount questions_;
};

}  // namespace lb
