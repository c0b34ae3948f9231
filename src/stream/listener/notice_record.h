// NoticeRecord: what the notice of a listener's end has to do, for the process that goes on with
// the listener (EndNotice::save()).
// Thread: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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

}  // namespace lb
