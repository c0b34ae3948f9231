// Gate: an exact limit that many threads enter and leave.  Statistics are counted elsewhere; a
// limit must not be off by one.
// Thread safety: all functions from any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace lb {

class Gate {
 public:
  static constexpr std::int64_t kNoLimit = -1;

  // False when `limit` are inside already.
  bool try_enter(std::int64_t limit) noexcept {
    std::int64_t inside = inside_.load(std::memory_order_relaxed);
    do {
      if (limit >= 0 && inside >= limit) return false;
    } while (!inside_.compare_exchange_weak(inside, inside + 1, std::memory_order_relaxed));
    return true;
  }
  void enter() noexcept { inside_.fetch_add(1, std::memory_order_relaxed); }
  void leave() noexcept { inside_.fetch_sub(1, std::memory_order_relaxed); }
  std::int64_t inside() const noexcept { return inside_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> inside_{0};
};

// One place inside a gate, left when it goes.
class GatePass {
 public:
  GatePass() = default;
  explicit GatePass(Gate* entered) noexcept : gate_(entered) {}
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

}  // namespace lb
