// SoundFeedRecord: how far a program that listens to a mount has been fed, for the process that
// goes on with it.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/record.h"
#include "stream/mount/moved_fd.h"

namespace lb {

struct SoundFeedRecord {
  MovedFd pipe = 0;
  std::uint64_t from = 0;
  std::optional<std::uint64_t> position;  // nullopt: nothing is written yet
  std::string headers;                    // that are to be written before
};
template <class Io, RecordOf<SoundFeedRecord> T>
void record_fields(Io& io, T& feed) {
  auto& [pipe, from, position, headers] = feed;
  io.needed(1, pipe);
  io(2, from, position, headers);
}

}  // namespace lb
