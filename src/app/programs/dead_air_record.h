// DeadAirRecord: the programs that listen for dead air, for the process that goes on with them.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "app/programs/child_record.h"
#include "base/clock.h"
#include "base/record.h"
#include "stream/file/sound_feed_record.h"

namespace lb {

// A program that listens to an encoder.  Of one that stands by the feed is empty: what it is fed is
// of the encoder (StandbyRecord).
struct EarRecord {
  std::string mount;
  std::uint64_t encoder = 0;
  std::uint32_t home = 0;
  std::string about, content_type;
  std::chrono::seconds after{0};  // with the next two: DeadAirSettings
  std::int64_t level = 0;
  bool failover = false, silent = false;
  ChildRecord child;
  SoundFeedRecord feed;
};
template <class Io, RecordOf<EarRecord> T>
void record_fields(Io& io, T& ear) {
  auto& [mount, encoder, home, about, content_type, after, level, failover, silent, child, feed] =
      ear;
  io.needed(1, mount, encoder);
  io(3, home, about, content_type, after, level, failover, silent);
  io.needed(10, child, feed);
}

// A mount with dead air.
struct DeadMountRecord {
  std::string mount;
  std::uint64_t encoder = 0;
  SteadyTime since{};
};
template <class Io, RecordOf<DeadMountRecord> T>
void record_fields(Io& io, T& dead) {
  auto& [mount, encoder, since] = dead;
  io(1, mount, encoder, since);
}

struct DeadAirRecord {
  std::vector<EarRecord> ears;  // of those that write
  std::vector<DeadMountRecord> dead;
  std::vector<EarRecord> standbys;
};
template <class Io, RecordOf<DeadAirRecord> T>
void record_fields(Io& io, T& all) {
  auto& [ears, dead, standbys] = all;
  io(1, ears, dead, standbys);
}

}  // namespace lb
