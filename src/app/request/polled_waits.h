// PolledWaits: requests of one worker whose stage looks every now and then whether what they want
// is there: no other part knows that they wait for it.
//
// Thread: its worker.
// Ownership: a stage.
// Bounds: so many requests, each for so long.
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

  // Its stage is asked again after the pause.  until: of the request, over all its waits; set with
  // the first.  False: it has waited for so long, or too many do.
  [[nodiscard]] bool wait(const Connection& connection, SteadyTime& until,
                          std::chrono::milliseconds patience);

 private:
  Worker& worker_;
  const std::chrono::milliseconds pause_;
  Waits<std::uint64_t> waits_;  // ids of connections, under one key
};

}  // namespace lb
