// TicketNotice: the ticket of a listener that an authenticator has let in, until its end.
// Thread: the listener's worker.
// Ownership: the listener.
#pragma once

#include <cstdint>
#include <utility>

#include "auth/listener/listener_ledger.h"
#include "stream/listener/listener.h"
#include "stream/listener/notice_record.h"

namespace lb {

class TicketNotice final : public EndNotice {
 public:
  explicit TicketNotice(ListenerTicket ticket) : ticket_(std::move(ticket)) {}
  void set_bytes_sent(std::uint64_t bytes) noexcept override { ticket_.set_bytes_sent(bytes); }
  bool save(NoticeRecord& saved) const override {
    saved.ticket = TicketMark{ticket_.seq(), ticket_.since()};
    return true;
  }

 private:
  ListenerTicket ticket_;
};

}  // namespace lb
