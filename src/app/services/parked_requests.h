// ParkedRequests: Waits of listeners' requests for something that control finds out, by the name of
// a mount: each is woken with an outcome when that is known.
//
// A parked request is an open connection on its worker; here it is a number.  Its stage has
// returned Verdict::kPending, and is asked again with the outcome (Worker::resume()).
// Bounds: so many keys, requests of a key, and requests in all; what is above is not taken.
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

// How the wait of a request has ended.
enum class WaitOutcome : std::uint8_t {
  kReady,      // what it waited for is there
  kElsewhere,  // another server may serve it, or may serve it sooner
  kNever,      // it will not come
};

// … for the stage that has waited.
struct Waited {
  std::optional<WaitOutcome> outcome;  // nullopt: it has not waited
  std::shared_ptr<DirectOffer> offer;  // the bytes that it has waited for

  explicit operator bool() const noexcept { return outcome.has_value(); }
  Waited take() noexcept { return std::exchange(*this, Waited()); }
};

struct ParkedRequest {
  unsigned worker = 0;
  std::uint64_t connection = 0;  // its id there
  bool may_leave = false;        // for another server, when it has waited for a while
};

class ParkedRequests {
 public:
  using Limits = Waits<ParkedRequest>::Limits;
  struct Patience {
    std::chrono::milliseconds all;
    std::chrono::milliseconds leaving{0};  // of those that may leave; 0: none does
  };
  struct Callbacks {
    std::function<void(const ParkedRequest&, WaitOutcome)> wake;
    // The deadline of the key is over; its requests wait on until release().
    std::function<void(const std::string& key)> expired;
  };
  ParkedRequests(Loop& loop, const Limits& limits, Callbacks callbacks)
      : callbacks_(std::move(callbacks)),
        waits_(loop, limits, callbacks_.expired),
        leaving_(loop, {}, [this](const std::string& key) { let_leave(key); }) {}

  // False: there are too many, and it is not parked.  Nothing is called back from inside.
  [[nodiscard]] bool park(const std::string& key, ParkedRequest request, const Patience& patience) {
    if (!waits_.park(key, ParkedRequest(request), patience.all)) return false;
    return !request.may_leave || patience.leaving.count() == 0 ||
           leaving_.park(key, std::move(request), patience.leaving);
  }
  // From now on so long.
  void extend(const std::string& key, std::chrono::milliseconds patience) {
    waits_.extend(key, patience);
  }
  // Wakes all of this key.
  void release(const std::string& key, WaitOutcome outcome) {
    leaving_.release(key);
    for (const ParkedRequest& request : waits_.release(key)) callbacks_.wake(request, outcome);
  }
  // No request is woken: the server stops.
  void clear() {
    waits_.clear();
    leaving_.clear();
  }

  // It has a deadline, though all its requests may have left.
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
  Waits<ParkedRequest> leaving_;  // those that may leave, until the first has waited for a while
};

}  // namespace lb
