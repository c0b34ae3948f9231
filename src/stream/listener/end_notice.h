// EndNotice: called when a listener ends, of a mount or of HLS.
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

// A listening that is in the journal (AudienceService).
struct ListeningMark {
  std::uint64_t number = 0;
  std::int64_t began_ms = 0;
  SteadyTime began{};
  bool cached = false;  // a cache in front of this server may send some of its bytes
  static constexpr PlainRecord kRecord{.members = 4, .needed = 2};
};

// A listener that an authenticator has let in (ListenerLedger).
struct TicketMark {
  std::uint64_t seq = 0;
  SteadyTime since{};
  static constexpr PlainRecord kRecord{.members = 2, .needed = 1};
};

// A notice's state, for the process that takes the listener over.
struct NoticeRecord {
  std::optional<ListeningMark> listening;
  std::vector<std::string> places;  // its places by address: keys of AddressTally
  std::optional<TicketMark> ticket;
  std::uint64_t seat = 0;  // of its user (SeatService); 0: none
  static constexpr PlainRecord kRecord{.members = 4};
};

// EndNotice: the listener's owner keeps the notice until the listener ends, and then reports the
// sent bytes to it; auth decides what follows.
class EndNotice {
 public:
  virtual ~EndNotice() = default;
  virtual void set_bytes_sent(std::uint64_t bytes) noexcept = 0;
  // For a listener that ended before the server noticed; without this call it listened until now.
  virtual void set_listened(std::chrono::milliseconds) noexcept {}
  // Saves what another process needs to give the notice.  False: it cannot be moved.
  virtual bool save(NoticeRecord&) const { return false; }
};

// A notice that wraps another one.
class OuterNotice : public EndNotice {
 public:
  // inner: may be null.
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
