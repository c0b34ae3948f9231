// EndNotices of a listener: for its ticket, the seat of its user, the places of its address.
// Thread: the listener's worker.
// Ownership: the listener, or its HLS session; the counters that they decrement outlive them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/cluster/seat_pass.h"
#include "audience/row.h"
#include "auth/listener/listener_ledger.h"
#include "stream/listener/address_tally.h"
#include "stream/listener/end_notice.h"
#include "stream/listener/listener.h"

namespace lb {

class Connection;
struct Network;
struct Worker;

// For a listener that an authenticator has let in.
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

class SeatNotice final : public OuterNotice {
 public:
  SeatNotice(std::unique_ptr<EndNotice> inner, SeatPass seat)
      : OuterNotice(std::move(inner)), seat_(std::move(seat)) {}
  bool save(NoticeRecord& saved) const override {
    saved.seat = seat_.number();
    return OuterNotice::save(saved);
  }

 private:
  SeatPass seat_;
};

class CountedNotice final : public OuterNotice {
 public:
  CountedNotice(std::unique_ptr<EndNotice> inner, std::vector<AddressTally::Pass> places)
      : OuterNotice(std::move(inner)), places_(std::move(places)) {}
  bool save(NoticeRecord& saved) const override {
    for (const AddressTally::Pass& place : places_) saved.places.push_back(place.key());
    return OuterNotice::save(saved);
  }

 private:
  std::vector<AddressTally::Pass> places_;
};

// A trusted proxy is in front, and its cache may answer requests for segments of HLS.
bool may_be_cached(const Network& network, const Connection& connection);

// Begins a listening for the audience; it ends with the returned notice.  Takes over the notice in
// the request's context.  server: is_server() of the request.
std::unique_ptr<EndNotice> begin_listening(Worker& worker, Connection& connection,
                                           const std::string& mount, ListeningWay way, bool server);

}  // namespace lb
