// stream_start: where a listener of the past begins in a recorded file: at exactly the requested
// byte, or at the frame of MPEG audio heard at the moment, for other formats at the mark before it.
// Ogg pages may have seconds of sound and begin within a packet: the start is then the packet heard
// at that moment, and the first page is sent without earlier packets.
//
// Thread: find_start_file() is pure; the rest runs within a step of PastReading.
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

// After a longer pause another broadcast begins.
inline constexpr std::chrono::milliseconds kLongestHole{60'000};

// The requested start.
struct PastMoment {
  std::int64_t from_ms = 0;         // Unix
  std::optional<StreamAddress> at;  // exactly this byte
  std::int64_t earliest_ms = 0;     // no older bytes
};

struct StartFile {
  std::size_t file = 0;  // files.size(): none
  PastMoment moment;     // without `at`, if another file follows that byte
  bool soon = false;     // that byte will be recorded in a moment
};
// plays: the mount has a source.
StartFile find_start_file(const RecordedFiles& files, PastMoment moment, bool plays);

struct StreamStart {
  std::shared_ptr<const ArchiveFile> file;
  std::uint64_t offset = 0;  // in the file, of the bytes sent unchanged
  std::int64_t wall_ms = 0;  // of the first sound
  Bytes lead;                // a part of a page, sent after the headers and before these
};

// Where a listener begins.
struct ShiftedStart : StreamStart {
  std::shared_ptr<Mount> mount;              // the live mount, or the off-air mount of its name
  std::shared_ptr<const SourceFacts> facts;  // of the stream that it hears
  std::string recorded;                      // the mount's name in the archive
};

// The start in the file found; nullopt: it has no start, or `reading` lacks bytes for it.
std::optional<StreamStart> start_in(PastReading& reading, const RecordedFiles& files,
                                    const StartFile& found);
// next: the file that continues this one; null: none, or not known.  The listener begins there if
// this file ends before the moment.
StreamStart start_at(PastReading& reading, std::shared_ptr<const ArchiveFile> file,
                     std::shared_ptr<const ArchiveFile> next, std::int64_t wall_ms);

}  // namespace lb
