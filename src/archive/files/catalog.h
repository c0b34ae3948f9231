// Catalog: the files of the archive, by mount, in the order of time.
//
// Thread: changed on the archive's thread; files(), mounts() and is_reading() from any thread
// return immutable values.
// Ownership: app/services/archive_service.
// Bounds: 40 bytes a file, however long it is; the newest end of each mount.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "archive/files/archive_name.h"
#include "archive/files/record.h"
#include "base/result.h"

namespace lb {

// PastOwner: the record for which the files of a mount are recorded, kept in DIR/<mount>/.owner.
//
// The recordings of a deleted record fall to the section that is then responsible for the name,
// which may allow all listeners.  So the end of the record is stored beside the files: it survives
// a restart, and is found later if the deletion was not seen.  A record that returns counts as the
// same one and keeps its recordings: a deletion is never final.
// Thread: pure; read_past_owner() and write_past_owner() wait for a disk.
// Errors: an unreadable note counts as the note of a record that has just ended.
struct PastOwner {
  static constexpr std::int64_t kNone = -1;

  std::int64_t made = kNone;   // of the last record (MountArchive::since)
  std::int64_t ended_ms = 0;   // Unix; 0: it has not ended, or there was no record
  std::int64_t before_ms = 0;  // when an earlier record ended; 0: none

  bool is_over() const noexcept { return made != kNone && ended_ms > 0; }
  bool operator==(const PastOwner&) const = default;
};

// made: of the present record; kNone: none.
PastOwner owner_now(const PastOwner& noted, std::int64_t made, std::int64_t now_ms) noexcept;

// Without a note: kNone.
PastOwner read_past_owner(const std::string& dir, const std::string& mount, std::int64_t now_ms);
// Makes the mount's directory if it is missing.
Result<void> write_past_owner(const std::string& dir, const std::string& mount,
                              const PastOwner& owner);

// A source may send ahead, so recordings may end this much later than now.
inline constexpr std::int64_t kAheadMs = 5000;

struct FileRow {
  std::int64_t from_ms = 0, to_ms = 0;  // Unix
  std::uint64_t bytes = 0;              // that are marked
  std::uint64_t origin = 0;             // of the first byte
  std::uint32_t id = 0;                 // the first 32 bits of the stream's identity
  bool open = false;                    // it is being written
  bool remote = false;                  // another node has it

  ArchiveFileName name() const noexcept { return {from_ms / 1000, id, origin}; }
  std::uint64_t origin_end() const noexcept { return origin + bytes; }
  // Whether `next` continues this file.
  bool goes_on_in(const FileRow& next) const noexcept {
    return next.id == id && next.origin <= origin_end() && next.origin_end() > origin_end();
  }
  bool operator==(const FileRow&) const = default;
};

// The row of a file of this node that ends with this mark.
FileRow recorded_row(const FileHead& head, const FileMark& end) noexcept;

// The end of a recorded stream, and the numbers of segments that follow it in a list without a gap.
struct RecordedEnd {
  SegmentNumbers next;  // its first 0: the stream has no numbers
  std::int64_t to_ms = 0;
};
RecordedEnd recorded_end(const FileHead& head, const FileMark& end) noexcept;

struct ArchiveRange {
  std::int64_t from_ms = 0, to_ms = 0;
  std::uint64_t bytes = 0;
};

// Sums over closed files, which save walking through them.
struct ClosedSums {
  static constexpr std::int64_t kPauseMs = 2500;

  std::vector<ArchiveRange> runs;  // between pauses of over kPauseMs
  std::uint64_t bytes = 0;
};

// The files of one mount.
class RecordedFiles {
 public:
  RecordedFiles() : RecordedFiles(std::make_shared<const std::vector<FileRow>>(), std::nullopt) {}
  // before: of the same mount; equal closed files share its sums.
  RecordedFiles(std::shared_ptr<const std::vector<FileRow>> closed, std::optional<FileRow> open,
                const RecordedFiles* before = nullptr);

  std::size_t size() const noexcept { return closed_->size() + (open_ ? 1 : 0); }
  const FileRow& operator[](std::size_t i) const noexcept {
    return i < closed_->size() ? (*closed_)[i] : *open_;
  }
  const std::vector<FileRow>& closed() const noexcept { return *closed_; }
  const std::shared_ptr<const std::vector<FileRow>>& closed_ptr() const noexcept { return closed_; }
  const std::optional<FileRow>& open() const noexcept { return open_; }
  // Whether it is being recorded, here or elsewhere.
  bool growing() const noexcept { return size() > 0 && (*this)[size() - 1].open; }
  std::uint64_t bytes() const noexcept;
  // The file with this time, or the first one after it; size(): none.
  std::size_t find(std::int64_t wall_ms) const noexcept;
  // The file with this byte; size(): none.
  std::size_t find(std::uint32_t id, std::uint64_t origin) const noexcept;
  // Whether all of [from_ms, to_ms) is recorded, except pauses of up to `pause_ms`; the unwritten
  // part of a growing file counts as recorded.
  bool covers(std::int64_t from_ms, std::int64_t to_ms,
              std::int64_t pause_ms = 2500) const noexcept;
  // Runs without a pause of over `pause_ms`; the cost depends on runs, not files.
  // REQUIRES: pause_ms >= ClosedSums::kPauseMs
  std::vector<ArchiveRange> ranges(std::int64_t pause_ms = ClosedSums::kPauseMs) const;
  // The same object while the closed files are the same.
  const std::shared_ptr<const ClosedSums>& sums() const noexcept { return sums_; }

 private:
  std::shared_ptr<const std::vector<FileRow>> closed_;
  std::shared_ptr<const ClosedSums> sums_;
  std::optional<FileRow> open_;
};

// The files that begin at or after this time; the same object if all do.
std::shared_ptr<const RecordedFiles> files_from(std::shared_ptr<const RecordedFiles> files,
                                                std::int64_t from_ms);

class Catalog {
 public:
  using Files = std::shared_ptr<const RecordedFiles>;

  // Never null.
  Files files(const std::string& mount) const;
  std::vector<std::string> mounts() const;
  std::uint64_t bytes() const;
  // Whether the directory is still being read for this mount, so missing files mean nothing.  Call
  // this before files().
  bool is_reading(const std::string& mount) const;
  // Whether the list of mounts may be incomplete.
  bool is_reading() const;

  // Between these two calls add() is called with all files, mount by mount.
  void begin_reading();
  void end_reading();
  // An open file was begun or has grown; replaces the earlier row if it is the same file.
  void grow(const std::string& mount, const FileRow& row);
  // The file is complete; an empty one is dropped.
  void close(const std::string& mount, const FileRow& row);
  void add(const std::string& mount, const std::vector<FileRow>& rows);
  void remove(const std::string& mount, const std::vector<FileRow>& rows);
  // A stream is recorded up to there.
  void note_end(const std::string& mount, const RecordedEnd& end);
  // The numbers of a source that begins now.  nullopt: unknown, because a whole segment may not be
  // written yet; or not needed, because no list is as long as the pause.
  std::optional<SegmentNumbers> next_numbers(const std::string& mount, std::int64_t now_ms) const;
  // The open file is gone.
  void forget_open(const std::string& mount);

  // The record for which the mount is or was recorded.
  PastOwner owner(const std::string& mount) const;
  void set_owner(const std::string& mount, const PastOwner& owner);

 private:
  void publish(const std::string& mount, RecordedFiles next);

  mutable std::mutex mutex_;
  std::map<std::string, Files, std::less<>> mounts_;
  std::map<std::string, PastOwner> owners_;  // of records
  std::map<std::string, RecordedEnd> ends_;
  bool reading_ = false;
};

}  // namespace lb
