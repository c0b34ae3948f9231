// SeatNotice: the seat of a listener's user, until its end, around the ticket that it may have.
// Thread: the listener's worker.
// Ownership: the listener.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "app/cluster/seat_service.h"
#include "stream/listener/listener.h"
#include "stream/listener/notice_record.h"

namespace lb {

class SeatNotice final : public EndNotice {
 public:
  SeatNotice(std::unique_ptr<EndNotice> inner, SeatPass seat)
      : inner_(std::move(inner)), seat_(std::move(seat)) {}
  void set_bytes_sent(std::uint64_t bytes) noexcept override {
    if (inner_) inner_->set_bytes_sent(bytes);
  }
  bool save(NoticeRecord& saved) const override {
    saved.seat = seat_.number();
    return !inner_ || inner_->save(saved);
  }

 private:
  std::unique_ptr<EndNotice> inner_;
  SeatPass seat_;
};

}  // namespace lb
