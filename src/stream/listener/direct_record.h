// DirectRecord: a listener that gets another server's stream without a log, for the process that
// takes over: both connections, and the pipe between them with its bytes.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>

#include "base/record.h"
#include "net/address/address.h"
#include "stream/listener/listener_record.h"
#include "stream/mount/moved_fd.h"

namespace lb {

struct DirectRecord {
  ListenerRecord listener;
  std::uint32_t worker = 0;
  std::string mount;
  MovedFd upstream = 0, pipe_out = 0, pipe_in = 0;
  Address peer;            // upstream's
  std::uint64_t held = 0;  // bytes in the pipe
  bool source_ended = false;
};
template <class Io, RecordOf<DirectRecord> T>
void record_fields(Io& io, T& direct) {
  auto& [listener, worker, mount, upstream, pipe_out, pipe_in, peer, held, source_ended] = direct;
  io.needed(1, listener);
  io(2, worker);
  io.needed(3, mount, upstream, pipe_out, pipe_in);
  io(7, peer);
  io.needed(8, held);
  io(9, source_ended);
}

}  // namespace lb
