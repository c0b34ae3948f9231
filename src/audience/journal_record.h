// JournalRecord: a journal between two processes that write to it one after the other.
//
// The file stays as it is; with its descriptor goes its lock, which both hold until the first one
// ends.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/record.h"

namespace lb {

// A listening that has begun: what the listener's notice calls it, and its row.
struct OpenListeningRecord {
  std::uint64_t listening = 0, begun = 0;
  std::int64_t began_ms = 0;
  std::int64_t by_clock_ms = 0;  // 0: the same; see Journal::clocks()
};
template <class Io, RecordOf<OpenListeningRecord> T>
void record_fields(Io& io, T& open) {
  auto& [listening, begun, began_ms, by_clock_ms] = open;
  io.needed(1, listening, begun);
  io(3, began_ms, by_clock_ms);
}

struct JournalRecord {
  std::string epoch;
  std::uint64_t next_number = 1, acknowledged = 0;
  std::uint64_t size = 0, unread = 0, lost = 0;
  std::vector<OpenListeningRecord> open;
  std::int64_t ahead_ms = 0;  // 0: not known
};
template <class Io, RecordOf<JournalRecord> T>
void record_fields(Io& io, T& journal) {
  auto& [epoch, next_number, acknowledged, size, unread, lost, open, ahead_ms] = journal;
  io.needed(1, epoch, next_number, acknowledged, size, unread);
  io(6, lost);
  io.needed(7, open);
  io(8, ahead_ms);
}

}  // namespace lb
