// Gate: an exact limit that many threads enter and leave.  Statistics are counted elsewhere,
// because a limit must not be off by one.
//
// Each place may have a weight (bit/s): gates then share a total, the sum over all places inside.
// The number inside and the weight change in one word, so a thread that changes one knows what to
// add, and the total is exact whenever no thread is between two steps.  Of two threads that enter
// at once and then read the total, at least one sees both.
// Thread: all functions from any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace lb {

class Gate {
 public:
  static constexpr std::int64_t kNoLimit = -1;
  static constexpr std::int64_t kMaxWeight = (std::int64_t{1} << 40) - 1;

  using Total = std::atomic<std::int64_t>;
  // Watcher: called when a thread takes a place in an empty gate, on that thread.
  class Watcher {
   public:
    virtual void first_entered() = 0;

   protected:
    ~Watcher() = default;
  };
  Gate() = default;
  // total, watcher: outlive the gate; may be null.
  Gate(Total* total, std::int64_t weight, Watcher* watcher = nullptr) noexcept
      : total_(total), watcher_(watcher), state_(word(weight)) {}

  // False: `limit` are inside already.
  bool try_enter(std::int64_t limit) {
    std::uint64_t now = state_.load(std::memory_order_relaxed);
    do {
      if (limit >= 0 && inside_of(now) >= limit) return false;
    } while (!state_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
    entered(now);
    return true;
  }
  void enter() { entered(state_.fetch_add(1, std::memory_order_relaxed)); }
  void leave() noexcept { add(-weight_of(state_.fetch_sub(1, std::memory_order_relaxed))); }
  std::int64_t inside() const noexcept { return inside_of(state_.load(std::memory_order_relaxed)); }

  // Sets the weight of all present and later places.
  void set_weight(std::int64_t weight) noexcept {
    std::uint64_t now = state_.load(std::memory_order_relaxed);
    do {
      if (word(weight) == (now & ~kInside)) return;
    } while (!state_.compare_exchange_weak(now, word(weight) | (now & kInside),
                                           std::memory_order_relaxed));
    add(inside_of(now) * (weight_of(word(weight)) - weight_of(now)));
  }

 private:
  static constexpr unsigned kInsideBits = 24;
  static constexpr std::uint64_t kInside = (std::uint64_t{1} << kInsideBits) - 1;
  static constexpr std::int64_t inside_of(std::uint64_t state) {
    return static_cast<std::int64_t>(state & kInside);
  }
  static constexpr std::int64_t weight_of(std::uint64_t state) {
    return static_cast<std::int64_t>(state >> kInsideBits);
  }
  static constexpr std::uint64_t word(std::int64_t weight) {
    return static_cast<std::uint64_t>(std::clamp<std::int64_t>(weight, 0, kMaxWeight))
           << kInsideBits;
  }
  void entered(std::uint64_t before) {
    add(weight_of(before));
    if (watcher_ != nullptr && inside_of(before) == 0) watcher_->first_entered();
  }
  void add(std::int64_t weight) noexcept {
    if (total_ != nullptr && weight != 0) total_->fetch_add(weight, std::memory_order_relaxed);
  }

  Total* const total_ = nullptr;
  Watcher* const watcher_ = nullptr;
  std::atomic<std::uint64_t> state_{0};  // weight, and how many are inside
};

// One place inside a gate, freed by the destructor.
class GatePass {
 public:
  GatePass() = default;
  explicit GatePass(Gate* entered) noexcept : gate_(entered) {}
  // Enters without a limit.
  static GatePass enter(Gate& gate) {
    gate.enter();
    return GatePass(&gate);
  }
  GatePass(GatePass&& other) noexcept : gate_(other.gate_) { other.gate_ = nullptr; }
  GatePass& operator=(GatePass&& other) noexcept {
    if (this != &other) {
      leave();
      gate_ = other.gate_;
      other.gate_ = nullptr;
    }
    return *this;
  }
  ~GatePass() { leave(); }
  explicit operator bool() const noexcept { return gate_ != nullptr; }
  void leave() noexcept {
    if (gate_ != nullptr) gate_->leave();
    gate_ = nullptr;
  }

 private:
  Gate* gate_ = nullptr;
};

// The bit/s of all listeners of all mounts: exact after each listener that comes or goes, and after
// each change of a rate.
struct PromisedBits {
  Gate::Total sum{0};
  std::int64_t nominal = 0;  // of a listener of a mount whose rate is not known yet
};

}  // namespace lb
