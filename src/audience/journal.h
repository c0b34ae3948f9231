// Journal: the listenings of this node, in a file, until the database has them.
//
// flush() appends the collected rows, and a line that open listenings are still heard, so that
// after a kill -9 they end at that time.  Rows stay in the file until they are acknowledged.  A
// reopened journal keeps its epoch and numbers, and begins with the ends of open listenings.
//
// Times are wall time.  If the clock is set by more than drift, the file gets the start of open
// listenings by the new clock, so that a later kill -9 still cuts them correctly.
//
// While the disk is full or broken, rows wait in memory, up to Limits::waiting_bytes; a partly
// written row is cut off.  Rows beyond the limit are lost, counted and logged; no listener is
// refused.
// After open() the database is asked first which rows it has: if they are more than were in the
// file, that was restored from an older copy, and new rows get numbers behind them.
// A foreign file, or one of a later version, is renamed with ".bad"; an incomplete last line (power
// failure) is cut off.
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

// A listening that has begun: its number in the listener's notice, and its row.
struct OpenListeningRecord {
  std::uint64_t listening = 0, begun = 0;
  std::int64_t began_ms = 0;
  std::int64_t by_clock_ms = 0;  // 0: the same; see Journal::clocks()
  std::uint64_t moved = 0;       // see Journal::Open
  static constexpr PlainRecord kRecord{.members = 5, .needed = 2};
};

// The state of a journal for the process that continues it.  The file is unchanged; its lock goes
// with the descriptor, and both processes hold it until the first one ends.
struct JournalRecord {
  std::string epoch;
  std::uint64_t next_number = 1, acknowledged = 0;
  std::uint64_t size = 0, unread = 0, lost = 0;
  std::vector<OpenListeningRecord> open;
  std::int64_t ahead_ms = 0;  // 0: not known
  std::uint64_t asks_from = 0;
};
template <class Io, RecordOf<JournalRecord> T>
void record_fields(Io& io, T& journal) {
  auto& [epoch, next_number, acknowledged, size, unread, lost, open, ahead_ms, asks_from] = journal;
  io.needed(1, epoch, next_number, acknowledged, size, unread);
  io(6, lost);
  io.needed(7, open);
  io(8, ahead_ms, asks_from);
}

// An open listening, by the number of its row, and by how much the clock was set since its start.
struct ShiftedListening {
  std::uint64_t begun = 0;
  std::int64_t ms = 0;
};

// Consecutive rows of one journal.
struct JournalBatch {
  std::string epoch;  // of the file: another one begins again with number 1
  std::vector<JournalRow> rows;
  // Rows up to this number are here, or are lost; 0: the last row's number.
  std::uint64_t last = 0;
};

class Journal {
 public:
  static constexpr std::size_t kPiece = 256 * 1024;  // of the file, read at once
  struct Limits {
    std::size_t file_bytes = 256 << 20;
    std::size_t waiting_bytes = 8 << 20;  // of rows that the disk has not taken
    std::size_t compact_above = 1 << 20;
  };
  static constexpr std::int64_t kSetMs = 250;  // a larger drift means that the clock was set
  struct Notes {
    std::string set_aside;  // why the old file was renamed; "": it was not
    struct Cut {
      JournalOpen open;
      std::int64_t ended_ms = 0;
    };
    std::vector<Cut> cut;        // listenings that were open
    std::size_t torn_bytes = 0;  // at the end
  };
  // epoch: for a new file.
  static Result<std::unique_ptr<Journal>> open(const std::string& path, Limits limits,
                                               const std::string& epoch, Notes& notes);
  // Continues another process's journal: fd is its descriptor(), saved its record.  No listening
  // ends.
  static Result<std::unique_ptr<Journal>> go_on(const std::string& path, Limits limits, UniqueFd fd,
                                                const JournalRecord& saved);
  ~Journal();

  // listening: a unique number from the caller.  Returns the number of its row; 0: the row is lost.
  std::uint64_t begun(std::uint64_t listening, ListeningBegun row);
  // With the number that begun() returned; nullopt: the row of its start was lost.
  std::optional<JournalOpen> ended(std::uint64_t listening, std::int64_t at_ms, std::uint64_t bytes,
                                   bool bytes_unknown = false);
  void title(TitleBegun row);
  void song(SongDescribed row);

  // The present times; must be called before begun() and flush(). steady_ms: of a clock that cannot
  // be set.  Returns by how much the wall clock was set since the last call; 0: it was not.
  std::int64_t clocks(std::int64_t wall_ms, std::int64_t steady_ms);
  // Open listenings that began by another setting of the clock than the present one.
  std::vector<ShiftedListening> shifted() const;
  // Writes to the file.  The error says what was done: the rows wait.
  Result<void> flush(std::int64_t now_ms);
  void sync();  // to the disk

  // The next batch has no rows and only asks for the number to acknowledge.
  bool asks() const noexcept { return asks_from_ != 0; }
  // The first written rows that are not acknowledged, at most `bytes` of the file, but at least
  // one; empty: none.
  Result<JournalBatch> next(std::size_t most, std::size_t bytes = kPiece);
  // The database has all rows up to this number.  Returns how many rows have got other numbers.
  Result<std::size_t> acknowledge(std::uint64_t number);

  // State that is not in the file; REQUIRES: a successful flush().
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
  Result<std::size_t> take_head(std::string_view text);
  Result<void> take_up(std::string_view text, Notes& notes);
  void append(JournalRow row);
  void append_if_room(JournalRow row);
  Result<std::size_t> move_behind(std::uint64_t number, std::uint64_t from);
  Result<void> compact();
  Result<std::string> unread_lines() const;
  Result<void> make_of(const std::string& rows);  // the head, open listenings and these
  std::string head() const;

  const std::string path_;
  const Limits limits_;
  UniqueFd fd_, reading_;
  std::string epoch_;
  std::uint64_t next_number_ = 1, acknowledged_ = 0;
  std::uint64_t asks_from_ = 0;  // the first row that was not in the file; 0: not asked any more
  struct Open : JournalOpen {
    std::int64_t by_clock_ms = 0;  // its start, by the present clock
    std::uint64_t moved = 0;       // its number less the one that begun() returned
  };
  std::unordered_map<std::uint64_t, Open> open_;  // by the caller's number
  std::optional<std::int64_t> ahead_ms_;          // wall clock less steady clock
  std::string waiting_;                           // lines that are not in the file
  std::size_t size_ = 0;                          // of the file
  std::int64_t alive_ms_ = 0;                     // of the last flush; 0: none yet
  std::size_t unread_ = 0;        // offset in the file of the first row that is not acknowledged
  std::size_t batch_end_ = 0;     // end of the last batch
  std::uint64_t batch_last_ = 0;  // its last number; 0: none
  std::uint64_t lost_ = 0;
};

}  // namespace lb
