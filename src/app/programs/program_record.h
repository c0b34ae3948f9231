// ProgramRecord: a program that writes a mount (<exec>), for the process that goes on with it.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/programs/child_record.h"
#include "base/record.h"

namespace lb {

struct ProgramRecord {
  std::uint64_t lease = 0;  // of the source that reads its output
  std::string mount;
  std::vector<std::string> words;
  ChildRecord child;
};
template <class Io, RecordOf<ProgramRecord> T>
void record_fields(Io& io, T& program) {
  auto& [lease, mount, words, child] = program;
  io.needed(1, lease, mount, words, child);
}

}  // namespace lb
