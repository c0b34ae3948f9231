// EndedRecord: a stream that is over, but not for all its listeners, for the process that takes
// over.
//
// Its mount has left the table; a newer mount may have the same name.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/record.h"
#include "base/result.h"
#include "stream/mount/moved_fd.h"
#include "stream/source/admission_record.h"

namespace lb {

struct EndedRecord {
  std::uint64_t number = 0;  // by which listeners refer to it, as to files
  std::string mount;
  SourceFacts facts;
  std::string log;  // a record of its own
  MovedFd log_file = 0;
};
template <class Io, RecordOf<EndedRecord> T>
void record_fields(Io& io, T& ended) {
  auto& [number, mount, facts, log, log_file] = ended;
  io.needed(1, number, mount);
  io(3, facts, facts.from_file);
  io.needed(5, log, log_file);
}

inline bool is_over(const Mount& mount) { return mount.channel().newest()->ended; }
// The titles that its listeners may have been sent, in the same order before and after a hand-over.
std::vector<std::shared_ptr<const Metadata>> titles_of_ended(const Mount& mount);
// REQUIRES: is_over(mount)
EndedRecord save_ended(const Mount& mount, FdsOut& fds);
// Restores its stream into `mount`, which was made for it.
Result<void> restore_ended(const EndedRecord& saved, Mount& mount, FdsIn& fds);

}  // namespace lb
