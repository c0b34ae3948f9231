// PolledWaits: waiting requests of one worker whose stage polls for its data, because no other part
// could wake them.
//
// Thread: its worker.
// Ownership: a stage.
// Bounds: a number of requests and a time for each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "net/loop/waits.h"

namespace lb {

class Connection;
struct Worker;

class PolledWaits {
 public:
  PolledWaits(Worker& worker, std::size_t most, std::chrono::milliseconds pause);

  // Asks the stage again after the pause.  until: the request's deadline over all its waits, in
  // time of Loop::awake(); the first sets it.  False: the deadline has passed, or too many requests
  // wait.
  [[nodiscard]] bool wait(const Connection& connection, SteadyTime& until,
                          std::chrono::milliseconds patience);

 private:
  Worker& worker_;
  const std::chrono::milliseconds pause_;
  Waits<std::uint64_t> waits_;  // ids of connections, under one key
};

}  // namespace lb
