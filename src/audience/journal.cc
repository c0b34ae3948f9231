#include "audience/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "audience/lines.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::string_view kHead = "icecast-lb-audience";
constexpr std::size_t kHeadFields = 5, kLongestEpoch = 64;

// Ends of listenings, and rows that have waited in memory, are written even to a full file.
std::size_t longest_file(const Journal::Limits& limits) {
  return 2 * limits.file_bytes + limits.waiting_bytes + limits.compact_above + Journal::kPiece;
}

// Where the sign of life at the end of the file begins; nullopt: another line is there.
std::optional<std::size_t> last_sign(int fd, std::size_t size, std::size_t length) {
  if (size < length + 1) return std::nullopt;
  std::string text(length + 1, '\0');
  if (read_at(fd, size - text.size(), std::as_writable_bytes(std::span(text))) != text.size() ||
      !text.starts_with("\nA\t"))
    return std::nullopt;
  return size - length;
}

bool lock_for_appending(int fd) {
  return ::flock(fd, LOCK_EX | LOCK_NB) == 0 && ::fcntl(fd, F_SETFL, O_APPEND) == 0;
}

}  // namespace

Journal::~Journal() = default;

std::string Journal::head() const {
  return cat({kHead, "\t1\t", epoch_, '\t', next_number_, '\t', acknowledged_, '\n'});
}

Result<void> Journal::make(std::string text) {
  auto made = place_file(path_, text, {.prepare = &lock_for_appending});
  if (!made) return made.error();
  fd_ = std::move(*made);
  size_ = text.size();
  return open_to_read();
}

// The descriptor of a new file is write-only, so reading has a second one.
Result<void> Journal::open_to_read() {
  reading_ = UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!reading_) return Error::io(cat({path_, ": cannot be read: ", std::strerror(errno)}));
  return {};
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path, Limits limits,
                                               const std::string& epoch, Notes& notes) {
  std::unique_ptr<Journal> journal(new Journal(path, limits));
  journal->epoch_ = epoch;
  UniqueFd old(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_APPEND));
  if (!old && errno != ENOENT)
    return Error::io(cat({path, ": cannot be opened: ", std::strerror(errno)}));
  if (old) {
    if (::flock(old.get(), LOCK_EX | LOCK_NB) != 0)
      return Error::denied(path + ": is in use by another server");
    auto text = read_file(path, {.limit = longest_file(limits)});
    if (!text) return text.error();
    journal->fd_ = std::move(old);
    if (auto readable = journal->open_to_read(); !readable) return readable.error();
    const auto taken = journal->take_up(text->text, notes);
    if (taken) return journal;
    notes.set_aside = taken.error().what;
    const std::string aside = path + ".bad";
    if (std::rename(path.c_str(), aside.c_str()) != 0)
      return Error::io(cat({path, ": cannot be renamed to ", aside, ": ", std::strerror(errno)}));
    journal.reset(new Journal(path, limits));
    journal->epoch_ = epoch;
  }
  if (auto made = journal->make(journal->head()); !made) return made.error();
  journal->unread_ = journal->size_;
  return journal;
}

Result<std::unique_ptr<Journal>> Journal::go_on(const std::string& path, Limits limits, UniqueFd fd,
                                                const JournalRecord& saved) {
  std::unique_ptr<Journal> journal(new Journal(path, limits));
  journal->fd_ = std::move(fd);
  if (auto readable = journal->open_to_read(); !readable) return readable.error();
  struct stat here {
  }, given{};
  if (::fstat(journal->fd_.get(), &given) != 0 || ::fstat(journal->reading_.get(), &here) != 0 ||
      here.st_dev != given.st_dev || here.st_ino != given.st_ino)
    return Error::invalid(path + ": is not the journal that was written to so far");
  const bool fits = !saved.epoch.empty() && saved.epoch.size() <= kLongestEpoch &&
                    saved.acknowledged < saved.next_number &&
                    saved.asks_from <= saved.next_number && saved.unread <= saved.size &&
                    saved.size == static_cast<std::uint64_t>(given.st_size);
  if (!fits) return Error::invalid(path + ": does not fit to what was told of it");
  journal->epoch_ = saved.epoch;
  journal->next_number_ = saved.next_number;
  journal->acknowledged_ = saved.acknowledged;
  journal->asks_from_ = saved.asks_from;
  journal->size_ = static_cast<std::size_t>(saved.size);
  journal->unread_ = static_cast<std::size_t>(saved.unread);
  journal->lost_ = saved.lost;
  if (saved.ahead_ms != 0) journal->ahead_ms_ = saved.ahead_ms;
  for (const OpenListeningRecord& open : saved.open)
    journal->open_[open.listening] = {{open.begun, open.began_ms},
                                      open.by_clock_ms != 0 ? open.by_clock_ms : open.began_ms,
                                      open.moved};
  return journal;
}

JournalRecord Journal::save() const {
  JournalRecord saved;
  saved.epoch = epoch_;
  saved.next_number = next_number_;
  saved.acknowledged = acknowledged_;
  saved.asks_from = asks_from_;
  saved.size = size_;
  saved.unread = unread_;
  saved.lost = lost_;
  saved.ahead_ms = ahead_ms_.value_or(0);
  for (const auto& [listening, open] : open_)
    saved.open.push_back({listening, open.begun, open.began_ms, open.by_clock_ms, open.moved});
  return saved;
}

// Returns its size.
Result<std::size_t> Journal::take_head(std::string_view text) {
  const std::size_t end_of_head = text.find('\n');
  const auto fields = split(text.substr(0, std::min(end_of_head, text.size())), '\t');
  if (end_of_head == std::string_view::npos || fields.size() != kHeadFields || fields[0] != kHead ||
      fields[2].empty() || fields[2].size() > kLongestEpoch)
    return Error::invalid(path_ + ": is not a journal of the audience");
  if (fields[1] != "1")
    return Error::invalid(cat(
        {path_, ": is a journal of version ", fields[1], ", and this program reads version 1"}));
  const auto next = parse_u64(fields[3]), acknowledged = parse_u64(fields[4]);
  if (!next || !acknowledged || *acknowledged >= *next)
    return Error::invalid(path_ + ": its first line has wrong numbers");
  epoch_ = std::string(fields[2]);
  next_number_ = *next;
  acknowledged_ = *acknowledged;
  return end_of_head + 1;
}

// Reads an existing file.  Listenings that are open in it end at the last sign of life.
Result<void> Journal::take_up(std::string_view text, Notes& notes) {
  auto head = take_head(text);
  if (!head) return head.error();
  std::uint64_t highest = acknowledged_;
  std::int64_t heard_ms = 0;  // by the clock's last setting
  struct Heard {
    std::int64_t began_ms = 0, by_clock_ms = 0;
  };
  std::map<std::uint64_t, Heard> open;  // by row
  unread_ = *head;
  const std::string_view lines = text.substr(unread_);
  const std::size_t used = each_line(lines, [&](std::string_view line, std::size_t) {
    const auto read = parse_journal_line(line);
    if (!read) return false;
    if (const auto* alive = std::get_if<JournalAlive>(&*read)) {
      heard_ms = alive->at_ms;
    } else if (const auto* still = std::get_if<JournalOpen>(&*read)) {
      // The first O line has the start; later ones, and those after a B, have it by a newer clock.
      open.try_emplace(still->begun, Heard{still->began_ms, 0}).first->second.by_clock_ms =
          still->began_ms;
    } else {
      const auto& row = std::get<JournalRow>(*read);
      highest = std::max(highest, row.number);
      if (const auto* begun = std::get_if<ListeningBegun>(&row.what)) {
        if (open.empty()) heard_ms = begun->at_ms;
        open[row.number] = {begun->at_ms, begun->at_ms};
      } else if (const auto* ended = std::get_if<ListeningEnded>(&row.what)) {
        open.erase(ended->begun);
      }
    }
    return true;
  });
  size_ = unread_ + used;
  notes.torn_bytes = text.size() - size_;
  if (notes.torn_bytes > 0 && ::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
    return Error::io(
        cat({path_, ": cannot be cut behind its last whole row: ", std::strerror(errno)}));
  next_number_ = std::max(next_number_, highest + 1);
  asks_from_ = next_number_;
  for (const auto& [begun, heard] : open) {
    const std::int64_t ended_ms =
        heard.began_ms + std::max<std::int64_t>(heard_ms - heard.by_clock_ms, 0);
    append({next_number_, ListeningEnded{begun, ended_ms, 0, true}});
    notes.cut.push_back({{begun, heard.began_ms}, ended_ms});
  }
  return {};
}

void Journal::append(JournalRow row) {
  row.number = next_number_++;
  waiting_ += journal_line(row);
}

std::uint64_t Journal::begun(std::uint64_t listening, ListeningBegun row) {
  if (waiting_.size() > limits_.waiting_bytes || size_ > limits_.file_bytes) {
    ++lost_;
    return 0;
  }
  const std::uint64_t number = next_number_;
  open_[listening] = {{number, row.at_ms}, row.at_ms, 0};
  append({0, std::move(row)});
  return number;
}

// An end is written even without room, because it is short and each start has only one.
std::optional<JournalOpen> Journal::ended(std::uint64_t listening, std::int64_t at_ms,
                                          std::uint64_t bytes, bool bytes_unknown) {
  const auto at = open_.find(listening);
  if (at == open_.end()) return std::nullopt;
  const Open open = at->second;
  append({0, ListeningEnded{open.begun, std::max(at_ms, open.began_ms), bytes, bytes_unknown}});
  open_.erase(at);
  return JournalOpen{open.begun - open.moved, open.began_ms};
}

void Journal::title(TitleBegun row) { append_if_room({0, std::move(row)}); }
void Journal::song(SongDescribed row) { append_if_room({0, std::move(row)}); }

void Journal::append_if_room(JournalRow row) {
  if (waiting_.size() > limits_.waiting_bytes || size_ > limits_.file_bytes)
    ++lost_;
  else
    append(std::move(row));
}

std::int64_t Journal::clocks(std::int64_t wall_ms, std::int64_t steady_ms) {
  const std::int64_t ahead_ms = wall_ms - steady_ms;
  if (!ahead_ms_) ahead_ms_ = ahead_ms;
  const std::int64_t set_ms = ahead_ms - *ahead_ms_;
  if (std::abs(set_ms) <= kSetMs) return 0;
  ahead_ms_ = ahead_ms;
  for (auto& [listening, open] : open_) {
    open.by_clock_ms += set_ms;
    waiting_ += journal_line(JournalOpen{open.begun, open.by_clock_ms});
  }
  return set_ms;
}

std::vector<ShiftedListening> Journal::shifted() const {
  std::vector<ShiftedListening> shifted;
  for (const auto& [listening, open] : open_)
    if (open.by_clock_ms != open.began_ms)
      shifted.push_back({open.begun, open.by_clock_ms - open.began_ms});
  return shifted;
}

Result<void> Journal::flush(std::int64_t now_ms) {
  if (waiting_.empty() && open_.empty()) return {};
  std::string text = waiting_;
  if (!open_.empty()) text += journal_line(JournalAlive{now_ms});
  // A full file, which may wait for days, keeps one sign of life, so it hardly grows.
  if (waiting_.empty() && size_ > limits_.file_bytes)
    if (const auto sign = last_sign(reading_.get(), size_, text.size());
        sign && ::ftruncate(fd_.get(), static_cast<off_t>(*sign)) == 0) {
      size_ = *sign;
      unread_ = std::min(unread_, size_);
      batch_end_ = std::min(batch_end_, size_);
    }
  if (write_all(fd_.get(), text)) {
    size_ += text.size();
    waiting_.clear();
    alive_ms_ = now_ms;
    // After hours with the same listeners the file has only signs of life.
    if (unacknowledged() == 0 && size_ > limits_.compact_above) {
      unread_ = size_;
      return compact();
    }
    return {};
  }
  const int error = errno;
  // The next row must not follow half of this one.
  [[maybe_unused]] const int cut = ::ftruncate(fd_.get(), static_cast<off_t>(size_));
  return Error::io(cat({path_, ": cannot be written: ", std::strerror(error), "; ", waiting_.size(),
                        " bytes of rows wait in memory"}));
}

void Journal::sync() { ::fdatasync(fd_.get()); }

Result<JournalBatch> Journal::next(std::size_t most, std::size_t bytes) {
  JournalBatch batch;
  batch.epoch = epoch_;
  if (asks()) return batch;
  if (unread_ < size_) sync();  // a number that the database has seen must survive a power failure
  std::size_t at = unread_;
  std::string piece;
  std::size_t taken = 0;
  bool broken = false, full = false;
  while (at < size_ && !full) {
    piece.resize(std::min(kPiece, size_ - at));
    const std::size_t got =
        read_at(reading_.get(), at, std::as_writable_bytes(std::span(piece.data(), piece.size())));
    piece.resize(got);
    const std::size_t used = each_line(piece, [&](std::string_view line, std::size_t) {
      full = batch.rows.size() >= most || (!batch.rows.empty() && taken + line.size() > bytes);
      if (full) return false;
      auto read = parse_journal_line(line);
      if (!read) {
        broken = true;
        return false;
      }
      if (auto* row = std::get_if<JournalRow>(&*read);
          row != nullptr && row->number > acknowledged_) {
        taken += line.size();
        batch.rows.push_back(std::move(*row));
      }
      return true;
    });
    if (broken) return Error::io(cat({path_, ": has bytes at ", at + used, " that are not a row"}));
    if (used == 0) break;
    at += used;
  }
  batch_end_ = at;
  batch_last_ = batch.rows.empty() ? 0 : batch.rows.back().number;
  if (batch.rows.empty()) unread_ = at;
  return batch;
}

// Removes acknowledged rows and keeps the open listenings.  If the new file cannot be written, the
// present one stays.
Result<void> Journal::compact() {
  auto left = unread_lines();
  return left ? make_of(*left) : left.error();
}

Result<std::string> Journal::unread_lines() const {
  std::string left(size_ - unread_, '\0');
  if (read_at(reading_.get(), unread_, std::as_writable_bytes(std::span(left))) != left.size())
    return Error::io(path_ + ": cannot be read to be written again");
  return left;
}

Result<void> Journal::make_of(const std::string& rows) {
  std::string text = head();
  for (const auto& [listening, open] : open_) {
    if (open.begun > acknowledged_) continue;
    text += journal_line(JournalOpen{open.begun, open.began_ms});
    if (open.by_clock_ms != open.began_ms)
      text += journal_line(JournalOpen{open.begun, open.by_clock_ms});
  }
  // After a kill they end at the last sign of life, which may be one of the removed lines.
  if (!open_.empty() && alive_ms_ != 0) text += journal_line(JournalAlive{alive_ms_});
  const std::size_t begin = text.size();
  text += rows;
  if (auto made = make(std::move(text)); !made) return made.error();
  unread_ = begin;
  batch_last_ = 0;
  return {};
}

}  // namespace lb
