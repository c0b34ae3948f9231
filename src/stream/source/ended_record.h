// EndedRecord: a stream that is over, of which listeners have not read all: another process goes on
// with them.
//
// Its mount has left the table of mounts; one that has come since may have the same name.
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
  std::uint64_t number = 0;  // listeners name it by that, as they do files
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
// Those that its listeners may have been told, in one order before and behind a hand-over.
std::vector<std::shared_ptr<const Metadata>> titles_of_ended(const Mount& mount);
// REQUIRES: is_over(mount)
EndedRecord save_ended(const Mount& mount, FdsOut& fds);
// Puts its stream into a mount that was made for it.
Result<void> restore_ended(const EndedRecord& saved, Mount& mount, FdsIn& fds);

}  // namespace lb
