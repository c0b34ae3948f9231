// EndNotice: what is called when a listener ends, however it listened.
// Thread: the listener's worker.
// Ownership: the listener, or a session of HLS.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/record.h"

namespace lb {

// A listening that is written down (AudienceService).
struct ListeningMark {
  std::uint64_t number = 0;
  std::int64_t began_ms = 0;
  SteadyTime began{};
};
template <class Io, RecordOf<ListeningMark> T>
void record_fields(Io& io, T& mark) {
  auto& [number, began_ms, began] = mark;
  io.needed(1, number, began_ms);
  io(3, began);
}

// An authenticator has let it in (ListenerLedger).
struct TicketMark {
  std::uint64_t seq = 0;
  SteadyTime since{};
};
template <class Io, RecordOf<TicketMark> T>
void record_fields(Io& io, T& mark) {
  auto& [seq, since] = mark;
  io.needed(1, seq);
  io(2, since);
}

// What the notice of a listener's end has to do, for the process that goes on with the listener.
struct NoticeRecord {
  std::optional<ListeningMark> listening;
  std::vector<std::string> places;  // of its address: the keys of AddressTally
  std::optional<TicketMark> ticket;
  std::uint64_t seat = 0;  // of its user (SeatService); 0: none
};
template <class Io, RecordOf<NoticeRecord> T>
void record_fields(Io& io, T& notice) {
  auto& [listening, places, ticket, seat] = notice;
  io(1, listening, places, ticket, seat);
}

// Held to the listener's end, and given the bytes that it got; auth decides what follows from that.
class EndNotice {
 public:
  virtual ~EndNotice() = default;
  virtual void set_bytes_sent(std::uint64_t bytes) noexcept = 0;
  // Of a listener that has ended before its end was noticed; else it listened until now.
  virtual void set_listened(std::chrono::milliseconds) noexcept {}
  // What another process needs to notice the end in its place.  False: it cannot.
  virtual bool save(NoticeRecord&) const { return false; }
};

// One around another.
class OuterNotice : public EndNotice {
 public:
  // inner: or null.
  explicit OuterNotice(std::unique_ptr<EndNotice> inner) : inner_(std::move(inner)) {}
  void set_bytes_sent(std::uint64_t bytes) noexcept override {
    if (inner_) inner_->set_bytes_sent(bytes);
  }
  void set_listened(std::chrono::milliseconds heard) noexcept override {
    if (inner_) inner_->set_listened(heard);
  }
  bool save(NoticeRecord& saved) const override { return !inner_ || inner_->save(saved); }

 private:
  std::unique_ptr<EndNotice> inner_;
};

}  // namespace lb
