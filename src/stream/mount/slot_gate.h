// SlotGate: the listeners of a mount that is limited over a whole cluster, and this node's slots
// for them (cluster/slots/slot_book.h).
//
// The number of slots and the number inside change in one word, so control never takes a slot that
// a thread enters at that moment.  Slots are valid up to a time that control extends while the
// giving node is up; a thread of a process that was stopped reads the clock, and so lets in no
// listener that other nodes do not expect.
//
// Thread: try_enter(), leave() and the numbers from any thread; the rest on control.
// Ownership: shared by the SlotBook and all SlotPasses.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "base/clock.h"

namespace lb {

class SlotGate {
 public:
  using Count = std::int64_t;

  // False: no slot is free, or slots are no longer valid.
  bool try_enter(SteadyTime now) noexcept {
    if (now.time_since_epoch().count() >= until_.load(std::memory_order_acquire) && !is_open())
      return false;
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    do {
      if (inside_of(word) >= limit_of(word)) return false;
    } while (!word_.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel));
    return true;
  }
  // Enters a listener that brings its slot from the former process.
  void enter_again() noexcept {
    std::uint64_t word = word_.load(std::memory_order_relaxed), next = 0;
    do {
      const bool counted = limit_of(word) != kOpenLimit;
      next = word + 1 + (counted ? std::uint64_t{1} << kBits : 0);
    } while (!word_.compare_exchange_weak(word, next, std::memory_order_acq_rel));
  }
  void leave() noexcept { word_.fetch_sub(1, std::memory_order_acq_rel); }

  Count inside() const noexcept { return inside_of(word_.load(std::memory_order_acquire)); }
  // 0 while the gate is open.
  Count limit() const noexcept {
    const std::uint64_t word = word_.load(std::memory_order_acquire);
    return limit_of(word) == kOpenLimit ? 0 : limit_of(word);
  }
  Count idle() const noexcept {
    const std::uint64_t word = word_.load(std::memory_order_acquire);
    return limit_of(word) == kOpenLimit ? 0 : limit_of(word) - inside_of(word);
  }
  bool is_open() const noexcept {
    return limit_of(word_.load(std::memory_order_acquire)) == kOpenLimit;
  }

  // -- control
  // REQUIRES: !is_open()
  void add(Count slots) noexcept {
    word_.fetch_add(static_cast<std::uint64_t>(slots) << kBits, std::memory_order_acq_rel);
  }
  // Takes at most `most` free slots; returns their number.
  Count take(Count most) noexcept {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    while (limit_of(word) != kOpenLimit) {
      const Count taken = std::min(most, limit_of(word) - inside_of(word));
      if (taken <= 0) return 0;
      const std::uint64_t less = word - (static_cast<std::uint64_t>(taken) << kBits);
      if (word_.compare_exchange_weak(word, less, std::memory_order_acq_rel)) return taken;
    }
    return 0;
  }
  // Any number may enter.
  void open() noexcept { set_limit(kOpenLimit); }
  // Listeners inside keep their slots; no other slot is left.
  void close() noexcept {
    if (is_open()) set_limit(-1);
  }
  void set_until(SteadyTime until) noexcept {
    until_.store(until.time_since_epoch().count(), std::memory_order_release);
  }

 private:
  static constexpr unsigned kBits = 32;
  static constexpr Count kOpenLimit = 0x7fffffff;
  static constexpr Count inside_of(std::uint64_t word) noexcept {
    return static_cast<Count>(word & 0xffffffffU);
  }
  static constexpr Count limit_of(std::uint64_t word) noexcept {
    return static_cast<Count>(word >> kBits);
  }
  // -1: as many as are inside.
  void set_limit(Count limit) noexcept {
    std::uint64_t word = word_.load(std::memory_order_relaxed), next = 0;
    do {
      const Count inside = inside_of(word);
      next = static_cast<std::uint64_t>(limit < 0 ? inside : limit) << kBits |
             static_cast<std::uint64_t>(inside);
    } while (!word_.compare_exchange_weak(word, next, std::memory_order_acq_rel));
  }

  std::atomic<std::uint64_t> word_{0};  // slots, and the number inside
  std::atomic<SteadyTime::rep> until_{std::numeric_limits<SteadyTime::rep>::max()};
};

// One slot, freed by the destructor.
class SlotPass {
 public:
  SlotPass() = default;
  explicit SlotPass(std::shared_ptr<SlotGate> entered) noexcept : gate_(std::move(entered)) {}
  SlotPass(SlotPass&&) noexcept = default;
  SlotPass& operator=(SlotPass&& other) noexcept {
    if (this != &other) {
      leave();
      gate_ = std::move(other.gate_);
    }
    return *this;
  }
  ~SlotPass() { leave(); }
  explicit operator bool() const noexcept { return gate_ != nullptr; }
  bool is_of(const SlotGate& gate) const noexcept { return gate_.get() == &gate; }
  void leave() noexcept {
    if (gate_) gate_->leave();
    gate_.reset();
  }

 private:
  std::shared_ptr<SlotGate> gate_;
};

// A listener that has a slot.
struct SlotHolder {
  SteadyTime since{};
  std::uint64_t id = 0;
};

}  // namespace lb
