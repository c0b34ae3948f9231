// ParkedRequests: requests of listeners that wait for something which control finds out, by what
// they wait for (the name of a mount): until it is released, or its deadline is over.
//
// A parked request is an open connection on its worker; here it is a number.  Its stage has
// returned Verdict::kPending, and is asked again with the outcome (Worker::resume()).  A key's
// deadline counts from its first request on.
// Bounds: so many keys, requests of a key, and requests in all; what is above is not taken.
// Thread: control.
// Ownership: RelayService, MountLookup.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/loop.h"

namespace lb {

// How the wait of a request has ended.
enum class WaitOutcome : std::uint8_t {
  kReady,      // what it waited for is there
  kElsewhere,  // another server may serve it, or may serve it sooner
  kNever,      // it will not come
};

struct ParkedRequest {
  unsigned worker = 0;
  std::uint64_t connection = 0;  // its id there
  bool may_leave = false;        // for another server, when it has waited for a while
};

class ParkedRequests {
 public:
  struct Limits {
    std::size_t keys, of_key, all;
  };
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
      : loop_(loop), limits_(limits), callbacks_(std::move(callbacks)) {}

  // False: there are too many, and it is not parked.  Nothing is called back from inside.
  [[nodiscard]] bool park(const std::string& key, const ParkedRequest& request,
                          const Patience& patience);
  // From now on so long.
  void extend(const std::string& key, std::chrono::milliseconds patience);
  // Wakes all of this key.
  void release(const std::string& key, WaitOutcome outcome);
  // No request is woken: the server stops.
  void clear();

  // It has a deadline, though all its requests may have left.
  bool contains(std::string_view key) const { return rows_.find(key) != rows_.end(); }
  std::vector<std::string> keys() const;
  std::size_t size() const noexcept { return size_; }

 private:
  struct Row {
    std::uint64_t number = 0;  // a timer is of this row, not of a later one with its key
    std::vector<ParkedRequest> requests;
    std::unique_ptr<Deadline> deadline;
    std::unique_ptr<Timer> leaving;
    bool slow = false;  // Patience::leaving is over
  };
  using Rows = std::map<std::string, Row, std::less<>>;
  Rows::iterator find(const std::string& key, std::uint64_t number);
  void let_leave(Row& row);

  Loop& loop_;
  const Limits limits_;
  Callbacks callbacks_;
  Rows rows_;
  std::size_t size_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace lb
