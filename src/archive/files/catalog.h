// Catalog: what the archive holds: the files of each mount, in the order of time.
//
// Thread: changed on the archive's thread; files(), mounts() and is_reading() from any thread, which
// get what never changes again.
// Bounds: 40 bytes a file, however long it is.
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

// PastOwner: for whose record the files of a mount are recorded, as DIR/<mount>/.owner says.
//
// A record that is deleted leaves its recordings to the section that then is responsible for the
// name, which may let all listeners have them.  So it is noted beside them until when they are a
// record's, and stays noted over restarts and where the deletion was not seen.  A record that comes
// back is the same one, and nothing is taken from it: no deletion is believed for ever.
// Thread: pure; read_past_owner() and write_past_owner() wait for a disk.
// Errors: a note that cannot be read counts as that of a record that has ended just now.
struct PastOwner {
  static constexpr std::int64_t kNone = -1;

  std::int64_t made = kNone;   // of the last record (MountArchive::since)
  std::int64_t ended_ms = 0;   // Unix; 0: it goes on, or there was none
  std::int64_t before_ms = 0;  // when another record before it ended; 0: there was none

  bool is_over() const noexcept { return made != kNone && ended_ms > 0; }
  bool operator==(const PastOwner&) const = default;
};

// made: of the record that counts now; kNone: none.
PastOwner owner_now(const PastOwner& noted, std::int64_t made, std::int64_t now_ms) noexcept;

// Without a note: of none.
PastOwner read_past_owner(const std::string& dir, const std::string& mount, std::int64_t now_ms);
// The mount's directory is made where it is not there.
Result<void> write_past_owner(const std::string& dir, const std::string& mount,
                              const PastOwner& owner);

// A source may send ahead: what is recorded, and told, then ends that much later than now.
inline constexpr std::int64_t kAheadMs = 5000;

struct FileRow {
  std::int64_t from_ms = 0, to_ms = 0;  // Unix
  std::uint64_t bytes = 0;              // that are marked
  std::uint64_t origin = 0;             // of the first one
  std::uint32_t id = 0;                 // the first 32 bits of the stream's identity
  bool open = false;                    // it is being written
  bool remote = false;                  // another node has it

  ArchiveFileName name() const noexcept { return {from_ms / 1000, id, origin}; }
  std::uint64_t origin_end() const noexcept { return origin + bytes; }
  // The other one goes on where this one ends.
  bool goes_on_in(const FileRow& next) const noexcept {
    return next.id == id && next.origin <= origin_end() && next.origin_end() > origin_end();
  }
  bool operator==(const FileRow&) const = default;
};

// Of a file of this node that ends with this mark.
FileRow recorded_row(const FileHead& head, const FileMark& end) noexcept;

struct ArchiveRange {
  std::int64_t from_ms = 0, to_ms = 0;
  std::uint64_t bytes = 0;
};

// What is known of files that are closed without walking through them.
struct ClosedSums {
  static constexpr std::int64_t kPauseMs = 2500;

  std::vector<ArchiveRange> runs;  // without a pause of over kPauseMs
  std::uint64_t bytes = 0;
};

// The files of one mount.
class RecordedFiles {
 public:
  RecordedFiles() : RecordedFiles(std::make_shared<const std::vector<FileRow>>(), std::nullopt) {}
  // before: of the same mount; where its closed files are the same, nothing is worked out.
  RecordedFiles(std::shared_ptr<const std::vector<FileRow>> closed, std::optional<FileRow> open,
                const RecordedFiles* before = nullptr);

  std::size_t size() const noexcept { return closed_->size() + (open_ ? 1 : 0); }
  const FileRow& operator[](std::size_t i) const noexcept {
    return i < closed_->size() ? (*closed_)[i] : *open_;
  }
  const std::vector<FileRow>& closed() const noexcept { return *closed_; }
  const std::shared_ptr<const std::vector<FileRow>>& closed_ptr() const noexcept { return closed_; }
  const std::optional<FileRow>& open() const noexcept { return open_; }
  // It is being recorded, here or elsewhere.
  bool growing() const noexcept { return size() > 0 && (*this)[size() - 1].open; }
  std::uint64_t bytes() const noexcept;
  // The file that holds this time, or the first one after it; size(): none.
  std::size_t find(std::int64_t wall_ms) const noexcept;
  // The one that holds this byte; size(): none.
  std::size_t find(std::uint32_t id, std::uint64_t origin) const noexcept;
  // All of [from_ms, to_ms), but for pauses of up to `pause_ms` behind its begin; what is not
  // written yet of a file that grows counts as there.
  bool covers(std::int64_t from_ms, std::int64_t to_ms,
              std::int64_t pause_ms = 2500) const noexcept;
  // Runs without a pause of over `pause_ms`; costs by runs, not by files.
  // REQUIRES: pause_ms >= ClosedSums::kPauseMs
  std::vector<ArchiveRange> ranges(std::int64_t pause_ms = ClosedSums::kPauseMs) const;
  // The same object as long as the closed files are the same.
  const std::shared_ptr<const ClosedSums>& sums() const noexcept { return sums_; }

 private:
  std::shared_ptr<const std::vector<FileRow>> closed_;
  std::shared_ptr<const ClosedSums> sums_;
  std::optional<FileRow> open_;
};

// Those of them that begin at or after this; the same object where all do.
std::shared_ptr<const RecordedFiles> files_from(std::shared_ptr<const RecordedFiles> files,
                                                std::int64_t from_ms);

class Catalog {
 public:
  using Files = std::shared_ptr<const RecordedFiles>;

  // Never null.
  Files files(const std::string& mount) const;
  std::vector<std::string> mounts() const;
  std::uint64_t bytes() const;
  // The directory is being read, and what it holds of this mount is not here yet: that nothing is
  // found means nothing.  Ask this before files().
  bool is_reading(const std::string& mount) const;
  // … and it is not known which mounts there are.
  bool is_reading() const;

  // Between the two, add() brings all files of one mount after the other.
  void begin_reading();
  void end_reading();
  // A file is written, or has grown; it replaces the one that was open before if that is the same.
  void grow(const std::string& mount, const FileRow& row);
  // The file is complete; a file without bytes is dropped.
  void close(const std::string& mount, const FileRow& row);
  void add(const std::string& mount, const std::vector<FileRow>& rows);
  void remove(const std::string& mount, const std::vector<FileRow>& rows);
  // The open file is gone.
  void forget_open(const std::string& mount);

  // For whose record the mount is, or was, recorded.
  PastOwner owner(const std::string& mount) const;
  void set_owner(const std::string& mount, const PastOwner& owner);

 private:
  void publish(const std::string& mount, RecordedFiles next);

  mutable std::mutex mutex_;
  std::map<std::string, Files, std::less<>> mounts_;
  std::map<std::string, PastOwner> owners_;  // of records
  bool reading_ = false;
};

}  // namespace lb
