// PastRecord: a listener of the past, for the process that takes over.  It names the next byte by
// its address, because file names may differ there.
// Thread: plain values; the functions from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/record.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "stream/listener/listener_record.h"
#include "stream/log/stream_place.h"
#include "stream/mount/moved_fd.h"

namespace lb {

struct ArchiveFile;

// A file of this node that was removed while it was heard, and has no name any more.
struct UnnamedFileRecord {
  MovedFd data = 0;   // the same for all its listeners of a worker
  std::string index;  // print_index(); "": another listener's record has it
  static constexpr PlainRecord kRecord{.members = 2, .needed = 1};
};
bool is_unnamed(const ArchiveFile& file) noexcept;
// index: UnnamedFileRecord::index
Result<std::shared_ptr<const ArchiveFile>> restore_unnamed(std::string_view index, UniqueFd data);

struct PastRecord {
  ListenerRecord listener;
  std::uint32_t worker = 0;
  std::string recorded;      // the mount's name in the archive
  std::string content_type;  // of the stream that it hears
  StreamAddress next;
  std::int64_t wall_ms = 0;  // of where it began
  SteadyTime since{};        // when wall_ms was due
  std::uint64_t bytes_per_second = 0;
  std::int64_t next_ms = 0;                       // wall time of the next byte; 0: not known
  bool own = false;                               // this node has recorded that byte
  std::optional<UnnamedFileRecord> unnamed = {};  // the file with that byte
};
template <class Io, RecordOf<PastRecord> T>
void record_fields(Io& io, T& past) {
  auto& [listener, worker, recorded, content_type, next, wall_ms, since, bytes_per_second, next_ms,
         own, unnamed] = past;
  io.needed(1, listener);
  io(2, worker);
  io.needed(3, recorded, content_type, next, wall_ms, since);
  io(8, bytes_per_second, next_ms, own, unnamed);
}

}  // namespace lb
