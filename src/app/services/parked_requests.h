// ParkedRequests: listeners' requests that wait for a result from control, by the name of a mount.
//
// A parked request is an open connection on its worker; here it is a number.  Its stage has
// returned Verdict::kPending, and is asked again with the outcome (Worker::resume()).
// Bounds: keys, requests of a key, and requests in all; a request beyond that is not taken.
// Thread: control.
// Ownership: RelayService, MountLookup, ExternalLookups.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/loop/waits.h"

namespace lb {

struct DirectOffer;

// The end of a request's wait.
enum class WaitOutcome : std::uint8_t {
  kReady,      // the mount or the bytes are there
  kElsewhere,  // another server may serve the listener, perhaps sooner
  kNever,      // it was refused, or not found
  kFull,       // too many wait for such a result already
};

// The outcome, for the stage that has waited.
struct Waited {
  std::optional<WaitOutcome> outcome;  // nullopt: there was no wait
  std::shared_ptr<DirectOffer> offer;  // the bytes that were waited for

  explicit operator bool() const noexcept { return outcome.has_value(); }
  Waited take() noexcept { return std::exchange(*this, Waited()); }
};

struct ParkedRequest {
  unsigned worker = 0;
  std::uint64_t connection = 0;  // the connection's id there
  bool may_leave = false;        // may be sent to another server after a while
};

class ParkedRequests {
 public:
  using Limits = Waits<ParkedRequest>::Limits;
  struct Patience {
    std::chrono::milliseconds all;
    std::chrono::milliseconds leaving{0};  // until requests that may leave do so; 0: they stay
  };
  struct Callbacks {
    std::function<void(const ParkedRequest&, WaitOutcome)> wake;
    // The deadline of the key has passed; its requests wait on until release().
    std::function<void(const std::string& key)> expired;
  };
  ParkedRequests(Loop& loop, const Limits& limits, Callbacks callbacks)
      : callbacks_(std::move(callbacks)),
        waits_(loop, limits, callbacks_.expired),
        leaving_(loop, {}, [this](const std::string& key) { let_leave(key); }) {}

  // False: there are too many requests, and this one is not parked.  Calls no callback.
  [[nodiscard]] bool park(const std::string& key, ParkedRequest request, const Patience& patience) {
    if (!waits_.park(key, ParkedRequest(request), patience.all)) return false;
    return !request.may_leave || patience.leaving.count() == 0 ||
           leaving_.park(key, std::move(request), patience.leaving);
  }
  // Sets a new deadline, counted from now.
  void extend(const std::string& key, std::chrono::milliseconds patience) {
    waits_.extend(key, patience);
  }
  // Wakes all requests of this key.
  void release(const std::string& key, WaitOutcome outcome) {
    leaving_.release(key);
    for (const ParkedRequest& request : waits_.release(key)) callbacks_.wake(request, outcome);
  }
  // Drops all requests without waking them: the server stops.
  void clear() {
    waits_.clear();
    leaving_.clear();
  }

  // Whether the key has a deadline; all its requests may have left.
  bool contains(std::string_view key) const { return waits_.contains(key); }
  std::vector<std::string> keys() const { return waits_.keys(); }
  std::size_t size() const noexcept { return waits_.size(); }

 private:
  void let_leave(const std::string& key) {
    const auto may = [](const ParkedRequest& request) { return request.may_leave; };
    leaving_.take_if(key, may);
    for (const ParkedRequest& request : waits_.take_if(key, may))
      callbacks_.wake(request, WaitOutcome::kElsewhere);
  }

  const Callbacks callbacks_;
  Waits<ParkedRequest> waits_;
  Waits<ParkedRequest> leaving_;  // requests that may leave, until the key's time for that is over
};

}  // namespace lb
