// WorkerLoads: how much each worker has to do, as it says itself, and the choice of the worker that
// a new listener comes to.
//
// Two workers that send the same pages cost 8 to 17 % more for each listener than one: the pages'
// reference counts go from processor to processor, and both workers wake.  So the listeners of a
// mount are at one worker, until that has worked kFullPercent of its time; then those that
// come next are at another one too, until the first has sunk to kRoomPercent.  The first worker of
// a mount is the one with the least to do, and of several the mount's source's, whose bytes need
// no wake-up of another thread.
//
// Thread: note() and count_*() by the worker itself; the others from any thread.
// Ownership: Services.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "stream/carriers.h"

namespace lb {

class WorkerLoads {
 public:
  static constexpr unsigned kFullPercent = 60, kRoomPercent = 50;
  static constexpr std::chrono::milliseconds kWindow{
      1000};  // a crowd that comes is no load that stays
  // A worker that has said nothing for so long has neither passes nor joins.
  static constexpr std::chrono::seconds kStale{3};

  explicit WorkerLoads(unsigned workers) : rows_(workers) {}

  // The worker that a listener of this mount comes to, which is at the worker `here` now.
  unsigned choose(Carriers& mount, unsigned here, SteadyTime now) const noexcept;

  // The worker has worked so long since its start.  Called with every pass and every join: what
  // costs a system call, thread_work(), is asked for once in kWindow.
  void note(unsigned worker, const Clock& clock, SteadyTime now) noexcept;
  void count_mounts(unsigned worker, std::size_t mounts) noexcept {
    rows_[worker].mounts.store(static_cast<unsigned>(mounts), std::memory_order_relaxed);
  }

  void count_listeners(unsigned worker, std::int64_t change) noexcept {
    rows_[worker].listeners.fetch_add(change, std::memory_order_relaxed);
  }

  unsigned percent(unsigned worker, SteadyTime now) const noexcept;
  // Those that get their bytes from a log.
  std::int64_t listeners(unsigned worker) const noexcept {
    return rows_[worker].listeners.load(std::memory_order_relaxed);
  }
  unsigned workers() const noexcept { return static_cast<unsigned>(rows_.size()); }

 private:
  struct alignas(64) Row {
    std::atomic<unsigned> percent{0}, mounts{0};
    std::atomic<std::int64_t> listeners{0};
    std::atomic<bool> full{false};
    std::atomic<SteadyTime> measured{};
    std::chrono::nanoseconds worked{0};  // of the worker alone
  };
  bool has_room(unsigned worker, SteadyTime now) const noexcept;
  // Of those with room; Carriers::kNone: there is none.
  unsigned least(const Carriers& mount, unsigned here, SteadyTime now) const noexcept;

  std::vector<Row> rows_;
};

}  // namespace lb
