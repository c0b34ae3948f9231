// PullPath: whether streams can be pulled from one server at all: whether anything answers where
// they are.  A node asks before it tells a master what it carries, so that no listener has to find
// out.
//
// The question is GET /_lb/live; whatever is answered, the way is open.  It is asked again every
// 30 s, sooner when a stream has failed on the way, and while it fails after 1 s, 2 s … 10 s; each
// time varies by a quarter.
//
// Thread: control.
// Ownership: app/cluster/pull_paths, one for each master.
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
  // A test makes it quick.
  struct Timing {
    std::chrono::milliseconds deadline{3000};  // of the connection, and of the answer
    std::chrono::milliseconds again{30'000};
    std::chrono::milliseconds first_retry{1000}, longest_retry{10'000};
    std::chrono::milliseconds least_pause{500};  // of doubts
  };
  // changed: fault() is another one, or is known for the first time; may destroy this.
  PullPath(Connector& connector, Rng& rng, ConnectTarget target, std::function<void()> changed)
      : PullPath(connector, rng, std::move(target), std::move(changed), Timing{}) {}
  PullPath(Connector& connector, Rng& rng, ConnectTarget target, std::function<void()> changed,
           Timing timing);

  const ConnectTarget& target() const noexcept { return target_; }
  // Now, and until then nothing is known.
  void prove();
  // A stream could not be pulled over it.
  void doubt();
  // It has been waited for long enough: until it answers it counts as one that does not.
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
  std::unique_ptr<Client> client_;  // null: nothing is under way
  Timer timer_;
};

}  // namespace lb
