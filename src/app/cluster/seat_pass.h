// SeatPass: the seat of a listener; the destructor gives it up.
// Thread: any.
// Ownership: the listener's notice.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

namespace lb {

class Loop;
class SeatService;

class SeatPass {
 public:
  SeatPass() = default;
  SeatPass(Loop& control, std::weak_ptr<SeatService*> service, std::uint64_t number)
      : control_(&control), service_(std::move(service)), number_(number) {}
  SeatPass(SeatPass&& other) noexcept { *this = std::move(other); }
  SeatPass& operator=(SeatPass&& other) noexcept {
    std::swap(control_, other.control_);
    std::swap(service_, other.service_);
    std::swap(number_, other.number_);
    return *this;
  }
  ~SeatPass();
  std::uint64_t number() const noexcept { return control_ == nullptr ? 0 : number_; }

 private:
  Loop* control_ = nullptr;  // null: no seat
  std::weak_ptr<SeatService*> service_;
  std::uint64_t number_ = 0;
};

}  // namespace lb
