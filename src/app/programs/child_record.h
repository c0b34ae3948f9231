// ChildRecord: a program that runs beside the server (ChildProcess), for the next process.
// Thread: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/record.h"
#include "net/loop/child_process.h"
#include "stream/mount/moved_fd.h"

namespace lb {

using ChildRecord = ChildProcess::Handed<MovedFd>;
template <class Io, RecordOf<ChildRecord> T>
void record_fields(Io& io, T& child) {
  auto& [pid, pidfd, errors, lifeline, started, line] = child;
  io.needed(1, pid, pidfd, errors, lifeline);
  io(5, started, line);
}

// REQUIRES: child.can_be_handed()
inline ChildRecord save_child(const ChildProcess& child, FdsOut& fds) {
  const auto lent = child.lend();
  return {lent.pid, fds.add(lent.pidfd), fds.add(lent.errors), fds.add(lent.lifeline), lent.started,
          lent.line};
}

// nullopt: an invalid number, or a missing descriptor.
inline std::optional<ChildProcess::Handed<UniqueFd>> restore_child(const ChildRecord& saved,
                                                                   FdsIn& fds) {
  ChildProcess::Handed<UniqueFd> child{saved.pid,
                                       fds.take(saved.pidfd),
                                       fds.take(saved.errors),
                                       fds.take(saved.lifeline),
                                       saved.started,
                                       saved.line};
  if (child.pid <= 1 || !child.pidfd || !child.errors || !child.lifeline) return std::nullopt;
  return child;
}

// ProgramRecord: a program that writes a mount (<exec>), for the next process.
struct ProgramRecord {
  std::uint64_t lease = 0;  // of the source that reads it
  std::string mount;
  std::vector<std::string> words;
  ChildRecord child;
  static constexpr PlainRecord kRecord{.members = 4, .needed = 4};
};

}  // namespace lb
