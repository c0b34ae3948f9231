// ClosedRecord: mounts that are closed to sources for <wait-time>, for the process that goes on
// with the server.
// Thread: plain values.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/record.h"

namespace lb {

struct ClosedMountRecord {
  std::string mount, user;
  SteadyTime until{};
};
template <class Io, RecordOf<ClosedMountRecord> T>
void record_fields(Io& io, T& closed) {
  auto& [mount, user, until] = closed;
  io.needed(1, mount);
  io(2, user);
  io.needed(3, until);
}

struct ClosedRecord {
  std::vector<ClosedMountRecord> mounts;
};
template <class Io, RecordOf<ClosedRecord> T>
void record_fields(Io& io, T& all) {
  auto& [mounts] = all;
  io(1, mounts);
}

}  // namespace lb
