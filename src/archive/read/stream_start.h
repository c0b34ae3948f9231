// stream_start: where a listener of the past begins in a recorded file: at exactly the byte that it
// asks for, or at the frame of MPEG audio that is heard at the moment, of other formats at the mark
// before it.  Pages of Ogg may have seconds of sound and begin within a packet: there it is the
// packet that is heard at that moment, and the first page is sent without those before it.
//
// Thread: find_start_file() is pure; the rest is done within a step of PastReading.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "media/framer.h"
#include "stream/log/stream_place.h"

namespace lb {

class Mount;
class PastReading;
class RecordedFiles;
struct ArchiveFile;
struct SourceFacts;

// What follows a pause that is longer is another broadcast.
inline constexpr std::chrono::milliseconds kLongestHole{60'000};

// What is asked for.
struct PastMoment {
  std::int64_t from_ms = 0;         // Unix
  std::optional<StreamAddress> at;  // exactly there
  std::int64_t earliest_ms = 0;     // nothing older
};

struct StartFile {
  std::size_t file = 0;  // files.size(): none
  PastMoment moment;     // without `at`, where another file follows that byte
  bool soon = false;     // that byte is recorded in a moment, and perhaps told then
};
// plays: the mount has a source.
StartFile find_start_file(const RecordedFiles& files, PastMoment moment, bool plays);

struct StreamStart {
  std::shared_ptr<const ArchiveFile> file;
  std::uint64_t offset = 0;  // in the file: what is sent as it is
  std::int64_t wall_ms = 0;  // of the first sound
  Bytes lead;                // a part of a page, to be sent before it and behind the headers
};

// Where a listener begins.
struct ShiftedStart : StreamStart {
  std::shared_ptr<Mount> mount;  // the live one, or that of its name that is off the air
  std::shared_ptr<const SourceFacts> facts;  // of what it hears
  std::string recorded;                      // the mount's name in the archive
};

// In the file that was found; nullopt: there is no start, or `reading` lacks bytes for it.
std::optional<StreamStart> start_in(PastReading& reading, const RecordedFiles& files,
                                    const StartFile& found);
// next: the file that goes on where this one ends; null: none, or not known.  It is there that the
// listener begins where this one ends before the moment.
StreamStart start_at(PastReading& reading, std::shared_ptr<const ArchiveFile> file,
                     std::shared_ptr<const ArchiveFile> next, std::int64_t wall_ms);

}  // namespace lb
