// PullPath: whether one server can be reached for pulling streams.  A node checks this before it
// reports its mounts to a master, so that no listener is sent to it in vain.
//
// It sends GET /_lb/live; any answer means that the path is open.  The check is repeated every 30
// s, sooner when a stream has failed on the path, and after failures in 1 s, 2 s … 10 s; each time
// varies by a quarter.
//
// Thread: control.
// Ownership: app/topology/pull_paths, one for each master.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/random.h"
#include "cluster/nodes/pull_fault.h"
#include "http/client.h"

namespace lb {

class PullPath {
 public:
  // Shorter in tests.
  struct Timing {
    std::chrono::milliseconds deadline{3000};  // for connection and answer together
    std::chrono::milliseconds again{30'000};
    std::chrono::milliseconds first_retry{1000}, longest_retry{10'000};
    std::chrono::milliseconds least_pause{500};  // between checks for doubt()
  };
  // changed: fault() has changed, or is known for the first time; may destroy this.
  PullPath(Connector& connector, Rng& rng, ConnectTarget target, std::function<void()> changed)
      : PullPath(connector, rng, std::move(target), std::move(changed), Timing{}) {}
  PullPath(Connector& connector, Rng& rng, ConnectTarget target, std::function<void()> changed,
           Timing timing);

  const ConnectTarget& target() const noexcept { return target_; }
  // Checks now; until the answer the fault is unknown.
  void prove();
  // A stream could not be pulled over it.
  void doubt();
  // Ends the wait for an answer: until one comes, the path counts as failed.
  void give_up_waiting();
  bool known() const noexcept { return known_; }
  PullFault fault() const noexcept { return fault_; }  // kNone: open, or not known

 private:
  void ask();
  void answered(Result<ClientAnswer> answer);
  void ask_after(std::chrono::milliseconds pause);
  void become(PullFault fault);

  Connector& connector_;
  Rng& rng_;
  const ConnectTarget target_;
  const std::function<void()> changed_;
  const Timing timing_;
  bool known_ = false;
  PullFault fault_ = PullFault::kNone;
  std::chrono::milliseconds delay_{0};
  SteadyTime asked_{};
  std::unique_ptr<Client> client_;  // null: no check is under way
  Timer timer_;
};

}  // namespace lb
