// CountedNotice: the places that a listener's address has taken (AddressTally), until its end, with
// what else wants to know the end.
// Thread: the listener's worker.
// Ownership: the listener; the tally outlives it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "stream/listener/address_tally.h"
#include "stream/listener/listener.h"
#include "stream/listener/notice_record.h"

namespace lb {

class CountedNotice final : public EndNotice {
 public:
  // inner: or null.
  CountedNotice(std::unique_ptr<EndNotice> inner, std::vector<AddressTally::Pass> places)
      : inner_(std::move(inner)), places_(std::move(places)) {}
  void set_bytes_sent(std::uint64_t bytes) noexcept override {
    if (inner_) inner_->set_bytes_sent(bytes);
  }
  void set_listened(std::chrono::milliseconds heard) noexcept override {
    if (inner_) inner_->set_listened(heard);
  }
  bool save(NoticeRecord& saved) const override {
    for (const AddressTally::Pass& place : places_) saved.places.push_back(place.key());
    return !inner_ || inner_->save(saved);
  }

 private:
  std::unique_ptr<EndNotice> inner_;
  std::vector<AddressTally::Pass> places_;
};

}  // namespace lb
