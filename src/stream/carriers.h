// Carriers: the workers that have listeners of one mount, and the one that new listeners come to.
//
// Thread: any; atomics.  What is chosen by it is a preference, so that a reader that sees one of
// them before the others chooses another worker at worst.
// Ownership: the mount.
#pragma once

#include <atomic>
#include <cstdint>

namespace lb {

class Carriers {
 public:
  static constexpr unsigned kNone = 64;  // at most 64 workers, as in Channel

  // A worker has its first listener of the mount, or none any more: said by its fan-out.
  void begin_at(unsigned worker) noexcept { at_.fetch_or(bit(worker), std::memory_order_relaxed); }
  void end_at(unsigned worker) noexcept {
    // The next listener is the first one again, and its worker is chosen by the load of then.
    if (at_.fetch_and(~bit(worker), std::memory_order_relaxed) == bit(worker))
      first_.store(kNone, std::memory_order_relaxed);
  }
  bool are_at(unsigned worker) const noexcept {
    return (at_.load(std::memory_order_relaxed) & bit(worker)) != 0;
  }

  // Where new listeners come to as long as that worker has room; kNone: nothing has been chosen.
  unsigned first() const noexcept { return first_.load(std::memory_order_relaxed); }
  // Of two that choose at once the first holds; what does is returned.
  unsigned settle(unsigned worker) noexcept {
    unsigned chosen = kNone;
    return first_.compare_exchange_strong(chosen, worker, std::memory_order_relaxed) ? worker
                                                                                     : chosen;
  }

  // The worker of the mount's source; kNone: it has had none.
  unsigned source() const noexcept { return source_.load(std::memory_order_relaxed); }
  void set_source(unsigned worker) noexcept { source_.store(worker, std::memory_order_relaxed); }

 private:
  static std::uint64_t bit(unsigned worker) noexcept { return std::uint64_t{1} << worker; }

  std::atomic<std::uint64_t> at_{0};
  std::atomic<unsigned> first_{kNone}, source_{kNone};
};

}  // namespace lb
