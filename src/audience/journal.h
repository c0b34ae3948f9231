// Journal: the listenings of this node, in a file, until the database has them.
//
// Rows are collected and appended by flush(); it also writes that the open ones are heard still, so
// that after a kill -9 they end where they were heard last.  Rows stay in the file until they are
// acknowledged.  A journal that is opened again goes on with its epoch and its numbers, and begins
// with the ends of what was open.
//
// Times are of the clock on the wall.  Where that one is set, by hours or more than it drifts, the
// file is told when those that are open would have begun by it: so a kill -9 behind it still cuts
// them to what was heard.
//
// A disk that is full or broken: rows wait in memory, up to Limits::waiting_bytes, and are written
// when it takes them again; a row that was written in part is cut off.  What is beyond a limit is
// lost, counted, and logged; no listener is kept out.
// A file that is none of this program's, or of a later version, is set aside with its name and
// ".bad"; a torn line at the end is cut off, as a power failure leaves one.
// Thread: one, which may wait for the disk.
// Ownership: AudienceService.  The file is 0600 and locked.
// Bounds: Limits.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "audience/row.h"
#include "base/record.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

// A listening that has begun: what the listener's notice calls it, and its row.
struct OpenListeningRecord {
  std::uint64_t listening = 0, begun = 0;
  std::int64_t began_ms = 0;
  std::int64_t by_clock_ms = 0;  // 0: the same; see Journal::clocks()
};
template <class Io, RecordOf<OpenListeningRecord> T>
void record_fields(Io& io, T& open) {
  auto& [listening, begun, began_ms, by_clock_ms] = open;
  io.needed(1, listening, begun);
  io(3, began_ms, by_clock_ms);
}

// A journal between two processes that write to it one after the other.  The file stays as it is;
// with its descriptor goes its lock, which both hold until the first one ends.
struct JournalRecord {
  std::string epoch;
  std::uint64_t next_number = 1, acknowledged = 0;
  std::uint64_t size = 0, unread = 0, lost = 0;
  std::vector<OpenListeningRecord> open;
  std::int64_t ahead_ms = 0;  // 0: not known
};
template <class Io, RecordOf<JournalRecord> T>
void record_fields(Io& io, T& journal) {
  auto& [epoch, next_number, acknowledged, size, unread, lost, open, ahead_ms] = journal;
  io.needed(1, epoch, next_number, acknowledged, size, unread);
  io(6, lost);
  io.needed(7, open);
  io(8, ahead_ms);
}

// Consecutive rows of one journal.
struct JournalBatch {
  std::string epoch;  // of the file: another one begins again with number 1
  std::vector<JournalRow> rows;
  // Rows up to this number are here, or cannot be had; 0: that of the last row.
  std::uint64_t last = 0;
};

class Journal {
 public:
  static constexpr std::size_t kPiece = 256 * 1024;  // of the file, read at once
  struct Limits {
    std::size_t file_bytes = 256 << 20;
    std::size_t waiting_bytes = 8 << 20;  // of rows that the disk does not take
    std::size_t compact_above = 1 << 20;
  };
  static constexpr std::int64_t kSetMs = 250;  // a clock that drifts so far was set
  struct Notes {
    std::string set_aside;  // why the file of before was; "": it was not
    struct Cut {
      JournalOpen open;
      std::int64_t ended_ms = 0;
    };
    std::vector<Cut> cut;        // listenings that were open
    std::size_t torn_bytes = 0;  // at the end
  };
  // epoch: of a file that is made.
  static Result<std::unique_ptr<Journal>> open(const std::string& path, Limits limits,
                                               const std::string& epoch, Notes& notes);
  // The one that another process has written to so far: fd is its descriptor(), saved what it
  // told last.  Nothing ends by that.
  static Result<std::unique_ptr<Journal>> go_on(const std::string& path, Limits limits, UniqueFd fd,
                                                const JournalRecord& saved);
  ~Journal();

  // listening: a number that the caller gives each; it is used once.  The number of its row; 0: it
  // is lost.
  std::uint64_t begun(std::uint64_t listening, ListeningBegun row);
  // nullopt: its begin was lost.
  std::optional<JournalOpen> ended(std::uint64_t listening, std::int64_t at_ms,
                                   std::uint64_t bytes);
  void title(TitleBegun row);
  void song(SongDescribed row);

  // What the clocks show now; to be called before begun() and flush().  steady_ms: of one that
  // nothing sets.
  void clocks(std::int64_t wall_ms, std::int64_t steady_ms);
  // To the file.  An error says what was done: the rows wait.
  Result<void> flush(std::int64_t now_ms);
  void sync();  // to the disk

  // The first rows that are not acknowledged, and written; empty: there are none.
  // Of so many bytes in the file at most, but at least one.
  Result<JournalBatch> next(std::size_t most, std::size_t bytes = kPiece);
  // The database has all rows up to this number.
  Result<void> acknowledge(std::uint64_t number);

  // All that is not in the file; REQUIRES: a flush() that was done.
  JournalRecord save() const;
  int descriptor() const noexcept { return fd_.get(); }

  const std::string& epoch() const noexcept { return epoch_; }
  std::uint64_t unacknowledged() const noexcept { return next_number_ - 1 - acknowledged_; }
  std::size_t open_listenings() const noexcept { return open_.size(); }
  std::uint64_t lost() const noexcept { return lost_; }  // rows, since the start
  std::size_t file_bytes() const noexcept { return size_; }

 private:
  Journal(std::string path, Limits limits) : path_(std::move(path)), limits_(limits) {}
  Result<void> make(std::string text);
  Result<void> open_to_read();
  Result<void> take_up(std::string_view text, Notes& notes);
  void append(JournalRow row);
  void append_if_room(JournalRow row);
  Result<void> compact();
  std::string head() const;

  const std::string path_;
  const Limits limits_;
  UniqueFd fd_, reading_;
  std::string epoch_;
  std::uint64_t next_number_ = 1, acknowledged_ = 0;
  struct Open : JournalOpen {
    std::int64_t by_clock_ms = 0;  // when it began, as the clock shows the time now
  };
  std::unordered_map<std::uint64_t, Open> open_;  // by the caller's number
  std::optional<std::int64_t> ahead_ms_;          // the clock on the wall, of the steady one
  std::string waiting_;                           // lines that are not in the file
  std::size_t size_ = 0;                          // of the file
  std::size_t unread_ = 0;     // in the file: where the first row begins that is not acknowledged
  std::size_t batch_end_ = 0;  // behind the last batch
  std::uint64_t batch_last_ = 0;  // its last number; 0: none
  std::uint64_t lost_ = 0;
};

}  // namespace lb
