// SeatBookRecord: the seats at a node, as the process that replaces it goes on with them.
//
// Links are made again, as the same run: nodes tell each other what they have, as behind every cut.
// Thread: plain values.
// Source: seat_book.h; doc/architecture.md, "The hand-over".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/record.h"
#include "cluster/slots/seat_row.h"

namespace lb {

struct SeatRecord {
  std::uint64_t number = 0;  // of this node
  SeatRow row;
  std::string via, parent;
  bool on = false;
  SteadyTime hold_until = SteadyTime::max();
};
template <class Io, RecordOf<SeatRow> T>
void record_fields(Io& io, T& row) {
  auto& [mount, user, who, number, act, most, drop] = row;
  io.needed(1, mount, user);
  io(3, who);
  io.needed(4, number);
  io.choice(5, act, SeatAct::kDrop);
  io(6, most, drop);
}
template <class Io, RecordOf<SeatRecord> T>
void record_fields(Io& io, T& seat) {
  auto& [number, row, via, parent, on, hold_until] = seat;
  io.needed(1, number, row);
  io(3, via, parent, on, hold_until);
}

// A listener of this node, by the number of its seat.
struct SeatedRecord {
  std::uint64_t number = 0, listener = 0;
  std::string mount;
};
template <class Io, RecordOf<SeatedRecord> T>
void record_fields(Io& io, T& seated) {
  auto& [number, listener, mount] = seated;
  io.needed(1, number, listener, mount);
}

struct SeatBookRecord {
  std::uint64_t next = 1, next_here = 1;  // numbers: of seats, of listeners here
  std::vector<SeatRecord> seats;
  std::vector<SeatedRecord> seated;
};
template <class Io, RecordOf<SeatBookRecord> T>
void record_fields(Io& io, T& book) {
  auto& [next, next_here, seats, seated] = book;
  io.needed(1, next, next_here);
  io(3, seats, seated);
}

}  // namespace lb
