// PastRecord: a listener of the past, for the process that takes over.  It names the next byte by
// its address, because file names may differ there.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/record.h"
#include "stream/listener/listener_record.h"
#include "stream/log/stream_place.h"

namespace lb {

struct PastRecord {
  ListenerRecord listener;
  std::uint32_t worker = 0;
  std::string recorded;      // the mount's name in the archive
  std::string content_type;  // of the stream that it hears
  StreamAddress next;
  std::int64_t wall_ms = 0;  // of where it began
  SteadyTime since{};        // when wall_ms was due
  std::uint64_t bytes_per_second = 0;
};
template <class Io, RecordOf<PastRecord> T>
void record_fields(Io& io, T& past) {
  auto& [listener, worker, recorded, content_type, next, wall_ms, since, bytes_per_second] = past;
  io.needed(1, listener);
  io(2, worker);
  io.needed(3, recorded, content_type, next, wall_ms, since);
  io(8, bytes_per_second);
}

}  // namespace lb
