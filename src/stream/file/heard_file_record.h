// HeardFileRecord: a file of audio that listeners hear (an intro, a fallback), for the process that
// takes over.  Its bytes go as they are in memory, because the file on the disk may have changed.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/record.h"
#include "media/framer.h"
#include "media/ogg_page.h"
#include "media/ogg_sound.h"
#include "stream/mount/moved_fd.h"
#include "stream/source/admission_record.h"

namespace lb {

// A fallback that is played: its position in its file, and its log.
struct FeederRecord {
  SourceFacts facts;
  CodecFacts codec;
  std::string log, framer;  // records of their own
  MovedFd log_file = 0;
  std::optional<OggPageScanner> scanner;
  std::uint64_t at = 0, bytes_per_second = 0;
  std::uint32_t round = 0;
  OggSound sound;  // of Ogg: its chain so far
};
template <class Io, RecordOf<FeederRecord> T>
void record_fields(Io& io, T& feeder) {
  auto& [facts, codec, log, framer, log_file, scanner, at, bytes_per_second, round, sound] = feeder;
  io(1, facts, codec);
  io.needed(3, log);
  io(4, framer);
  io.needed(5, log_file);
  io(6, scanner);
  io.needed(7, at, bytes_per_second);
  io(9, round, sound);
}

struct HeardFileRecord {
  std::uint64_t number = 0;  // by which listeners refer to it, from 1 on
  std::string name, path;
  std::string plugin;  // of its framer
  MovedFd file = 0;
  std::uint64_t bytes = 0;
  bool by_admin = false;               // an administrator's command has set it as fallback
  std::optional<FeederRecord> feeder;  // none: an intro
  std::uint64_t bytes_read = 0, bytes_sent = 0;
};
template <class Io, RecordOf<HeardFileRecord> T>
void record_fields(Io& io, T& saved) {
  auto& [number, name, path, plugin, file, bytes, by_admin, feeder, bytes_read, bytes_sent] = saved;
  io.needed(1, number, name);
  io(3, path);
  io.needed(4, plugin, file, bytes);
  io(7, by_admin, feeder, bytes_read, bytes_sent);
}

}  // namespace lb
