// RecordingRecord: a recording, for the process that continues it in the same file at the same
// byte.
//
// Thread: plain values.
// Source: doc/architecture.md, "The hand-over".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/files/passes.h"
#include "archive/files/record.h"
#include "base/clock.h"
#include "base/record.h"
#include "base/unique_fd.h"
#include "stream/log/span.h"
#include "stream/mount/moved_fd.h"

namespace lb {

class Mount;

template <class Io, RecordOf<FileMark> T>
void record_fields(Io& io, T& mark) {
  auto& [offset, samples, wall_ms, crc] = mark;
  io(1, offset, samples, wall_ms, crc);
}

template <class Io, RecordOf<FileHead> T>
void record_fields(Io& io, T& head) {
  auto& [span, content_type] = head;
  io(1, span, content_type);
}

// A file being written.
struct FileRecord {
  FileHead head;
  std::string path;  // without an extension
  MovedFd data = 0, index = 0;
  std::string records;  // of the index, for the next mark
  FileMark last;
  std::uint64_t written = 0;  // of the data
  std::uint64_t index_bytes = 0;
  std::uint32_t crc = 0;
  bool marked = false;
};
template <class Io, RecordOf<FileRecord> T>
void record_fields(Io& io, T& file) {
  auto& [head, path, data, index, records, last, written, index_bytes, crc, marked] = file;
  io.needed(1, head, path, data, index);
  io(5, records, last, written, index_bytes, crc, marked);
}

struct RecordingRecord {
  std::string mount;
  std::optional<FileRecord> file;
  bool by_clock = false;  // the file's format has no media time
  bool paused = false, full_logged = false;
  std::uint64_t begin = 0;     // of the file, in the log
  std::uint64_t position = 0;  // without a file: earlier bytes are not recorded
  std::uint64_t noted = 0;     // titles and headers before it are in the index
  std::uint64_t missed = 0;    // not yet logged
  std::int64_t cell = 0;       // of the file
  std::int64_t paused_at_ms = 0;
  std::optional<StreamSpan> guess;  // the file's clock, until the real one is known
  SteadyTime retry_at{};
  std::optional<SteadyTime> unclocked_since;
  bool whole = false;  // all bytes of the log are recorded, or will be
};
template <class Io, RecordOf<RecordingRecord> T>
void record_fields(Io& io, T& recording) {
  auto& [mount, file, by_clock, paused, full_logged, begin, position, noted, missed, cell,
         paused_at_ms, guess, retry_at, unclocked_since, whole] = recording;
  io.needed(1, mount);
  io(2, file, by_clock, paused, full_logged, begin, position, noted, missed, cell, paused_at_ms,
     guess, retry_at, unclocked_since, whole);
}

// A range that an administrator has removed, which is not fetched from other nodes again.
struct RemovedRecord {
  std::string mount;
  std::int64_t from_ms = 0, to_ms = 0;
  static constexpr PlainRecord kRecord{.members = 3};
};

// All files being written.
struct ArchiveRecord {
  std::string dir;
  MovedFd lock = 0;
  std::vector<RemovedRecord> removed;
  std::vector<RecordingRecord> recordings;
  std::optional<PassesRecord> passes;
  static constexpr PlainRecord kRecord{.members = 5, .needed = 2};
};

// The recording of the former process so far.
struct TakenRecording {
  std::shared_ptr<Mount> mount;
  RecordingRecord saved;
  UniqueFd data, index;
};
struct TakenArchive {
  std::string dir;
  UniqueFd lock;
  std::vector<RemovedRecord> removed;
  std::vector<TakenRecording> recordings;
};

}  // namespace lb
