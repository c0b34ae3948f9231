// Journal: what the database has of it, which is more than the file if that was restored from an
// older copy.
#include <cstdint>
#include <string>
#include <utility>

#include "audience/journal.h"
#include "audience/lines.h"

namespace lb {

Result<std::size_t> Journal::acknowledge(std::uint64_t number) {
  // The file was synced before a row was sent, so the database knows others by these numbers, and
  // all that was in the file.
  if (asks() && number >= asks_from_) return move_behind(number, asks_from_);
  if (number >= next_number_) return move_behind(number, acknowledged_ + 1);
  asks_from_ = 0;
  if (number <= acknowledged_) return std::size_t{0};
  acknowledged_ = number;
  if (number == batch_last_) unread_ = batch_end_;
  if (unread_ > limits_.compact_above && unread_ > size_ / 2)
    if (auto done = compact(); !done) return done.error();
  return std::size_t{0};
}

// Gives the rows from this one on the numbers behind the known one.  If the new file cannot be
// written, all stays as it is.
Result<std::size_t> Journal::move_behind(std::uint64_t number, std::uint64_t from) {
  const std::uint64_t by = number + 1 - from;
  const auto moved = [&](std::uint64_t n) { return n >= from ? n + by : n; };
  std::size_t rows = 0;
  const auto renumber = [&](const std::string& lines) {
    std::string out;
    out.reserve(lines.size() + lines.size() / 16);
    each_line(lines, [&](std::string_view line, std::size_t) {
      auto read = parse_journal_line(line);
      if (!read) return false;
      if (auto* row = std::get_if<JournalRow>(&*read)) {
        if (row->number >= from) ++rows;
        row->number = moved(row->number);
        if (auto* ended = std::get_if<ListeningEnded>(&row->what))
          ended->begun = moved(ended->begun);
      } else if (auto* open = std::get_if<JournalOpen>(&*read)) {
        open->begun = moved(open->begun);
      }
      out += std::visit([](const auto& what) { return journal_line(what); }, *read);
      return true;
    });
    return out;
  };
  auto left = unread_lines();
  if (!left) return left.error();
  const auto written = renumber(*left);
  auto waiting = renumber(waiting_);
  auto open_before = open_;
  const std::uint64_t next_before = next_number_, acknowledged_before = acknowledged_;
  for (auto& [listening, open] : open_)
    if (open.begun >= from) {
      open.begun += by;
      open.moved += by;
    }
  next_number_ += by;
  acknowledged_ = number;
  if (auto made = make_of(written); !made) {
    open_ = std::move(open_before);
    next_number_ = next_before;
    acknowledged_ = acknowledged_before;
    return made.error();
  }
  waiting_ = std::move(waiting);
  asks_from_ = 0;
  return rows;
}

}  // namespace lb
