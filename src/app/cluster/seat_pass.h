// SeatPass: the seat of a listener; the destructor gives it up.
// Thread: any.
// Ownership: the listener's notice.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace lb {

class Loop;
class SeatService;

class SeatPass {
 public:
  SeatPass() = default;
  // True: a newer listening of its user has the seat.
  using Dropped = std::shared_ptr<const std::atomic<bool>>;

  SeatPass(Loop& control, std::weak_ptr<SeatService*> service, std::uint64_t number,
           Dropped dropped)
      : control_(&control),
        service_(std::move(service)),
        number_(number),
        dropped_(std::move(dropped)) {}
  SeatPass(SeatPass&& other) noexcept { *this = std::move(other); }
  SeatPass& operator=(SeatPass&& other) noexcept {
    std::swap(control_, other.control_);
    std::swap(service_, other.service_);
    std::swap(number_, other.number_);
    std::swap(dropped_, other.dropped_);
    return *this;
  }
  ~SeatPass();
  std::uint64_t number() const noexcept { return control_ == nullptr ? 0 : number_; }
  // Null: no seat.
  const Dropped& dropped() const noexcept { return dropped_; }

 private:
  Loop* control_ = nullptr;  // null: no seat
  std::weak_ptr<SeatService*> service_;
  std::uint64_t number_ = 0;
  Dropped dropped_;
};

}  // namespace lb
