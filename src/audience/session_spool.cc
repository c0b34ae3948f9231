#include "audience/session_spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "audience/lines.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::int64_t kSpoolDayMs = 86'400'000;
constexpr std::string_view kSpoolEnd = ".sessions";
constexpr std::size_t kSpoolPiece = 256 * 1024;

std::string spooled(std::string_view text) { return percent_encode(journal_text(text), true); }

// "2026-11-26.sessions"
std::string spool_name(std::int64_t day) {
  return cat({utc_text(day * kSpoolDayMs, UtcForm::kDay), kSpoolEnd});
}

std::optional<std::int64_t> spool_day(std::string_view name) {
  if (name.size() != 10 + kSpoolEnd.size() || !name.ends_with(kSpoolEnd)) return std::nullopt;
  const auto day = parse_day(name.substr(0, 10));
  return day ? std::optional<std::int64_t>(day->time_since_epoch().count()) : std::nullopt;
}

// The days that have a file, oldest first.
std::vector<std::int64_t> spool_days(const std::string& directory) {
  std::vector<std::int64_t> days;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
  if (!open) return days;
  while (const dirent* entry = ::readdir(open.get()))
    if (const auto day = spool_day(entry->d_name)) days.push_back(*day);
  std::sort(days.begin(), days.end());
  return days;
}

std::string spool_path(const std::string& directory, std::int64_t day) {
  return cat({directory, '/', spool_name(day)});
}

// Calls f(fd, fields, offset, size) for each line; `left` limits the bytes of all files together.
template <class F>
Result<void> each_row(const std::string& path, int flags, std::uint64_t& left, F f) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd && errno == ENOENT) return {};  // its day was deleted
  if (!fd) return Error::io(cat({path, ": cannot be opened: ", std::strerror(errno)}));
  std::string piece;
  std::uint64_t at = 0;
  while (true) {
    piece.resize(kSpoolPiece);
    piece.resize(
        read_at(fd.get(), at, std::as_writable_bytes(std::span(piece.data(), piece.size()))));
    std::size_t begin = 0;
    const std::size_t used = each_line(piece, [&](std::string_view line, std::size_t end) {
      const std::uint64_t offset = at + begin;
      begin = end;
      f(fd.get(), split(line, '\t'), offset, line.size());
      return true;
    });
    if (used == 0) return {};
    at += used;
    if (used > left)
      return Error::limit(cat({"the files of sessions are longer than ", kMaxSpoolRead >> 20,
                               " MiB; ask for less time"}));
    left -= used;
  }
}

// The index of the journal, and the number and the start of the row.
using SpoolKey = std::tuple<std::size_t, std::uint64_t, std::int64_t>;
struct SpoolEnd {
  std::int64_t at_ms = 0;
  std::uint64_t bytes = 0;
};
constexpr std::size_t kMaxSpoolEnds = 1'000'000;

// Numbers the journals in the order of reading.
class SpoolEpochs {
 public:
  void take(std::string_view epoch) {
    now_ = static_cast<std::size_t>(std::find(all_.begin(), all_.end(), epoch) - all_.begin());
    if (now_ == all_.size()) all_.emplace_back(epoch);
  }
  std::size_t now() const noexcept { return now_; }

 private:
  std::vector<std::string> all_;
  std::size_t now_ = 0;
};

std::optional<std::int64_t> spool_time(std::string_view text) {
  const auto value = parse_u64(text);
  if (!value || *value > 253'402'300'799'999) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

// Reads the files twice: ends first, because a start may be days before.
class SpoolReading {
 public:
  explicit SpoolReading(const std::string& directory)
      : directory_(directory), days_(spool_days(directory)) {}

  Result<void> read_ends(std::int64_t from_ms, std::int64_t to_ms) {
    first_ms_ = to_ms;
    for (const std::int64_t day : days_) {
      // Rows may be in the file of a later day if the disk was full.
      if (day < from_ms / kSpoolDayMs) continue;
      const auto done = each_row(
          spool_path(directory_, day), O_RDONLY, left_,
          [&](int, const std::vector<std::string_view>& f, std::uint64_t, std::size_t) {
            if (f[0] == "J" && f.size() == 2) epochs_.take(f[1]);
            if (f[0] != "E" || f.size() != 5 || ends_.size() > kMaxSpoolEnds) return;
            const auto number = parse_u64(f[1]), bytes = parse_u64(f[4]);
            const auto began_ms = spool_time(f[2]), ended_ms = spool_time(f[3]);
            if (!number || !bytes || !began_ms || !ended_ms || *ended_ms < from_ms ||
                *ended_ms >= to_ms)
              return;
            // A kill -9 may leave an end twice; it counts once.
            ends_.try_emplace({epochs_.now(), *number, *began_ms}, SpoolEnd{*ended_ms, *bytes});
            first_ms_ = std::min(first_ms_, *began_ms);
          });
      if (!done) return done.error();
    }
    if (ends_.size() > kMaxSpoolEnds)
      return Error::limit(
          cat({"more than ", kMaxSpoolEnds, " sessions ended then; ask for less time"}));
    return {};
  }

  // The sessions whose ends were read, of mounts that are wanted.
  Result<std::vector<SpooledListening>> read_begins(
      const std::function<bool(const std::string& mount, std::int64_t began_ms)>& wanted,
      std::size_t most) {
    std::vector<SpooledListening> found;
    bool many = false;
    for (const std::int64_t day : days_) {
      if (day < first_ms_ / kSpoolDayMs || many || ends_.empty()) continue;
      const auto done =
          each_row(spool_path(directory_, day), O_RDONLY, left_,
                   [&](int, const std::vector<std::string_view>& f, std::uint64_t, std::size_t) {
                     if (f[0] == "J" && f.size() == 2) epochs_.take(f[1]);
                     if (f[0] != "B" || f.size() != 7) return;
                     const auto number = parse_u64(f[1]);
                     const auto began_ms = spool_time(f[2]);
                     auto mount = percent_decode(f[4], false);
                     if (!number || !began_ms || !mount || !wanted(*mount, *began_ms)) return;
                     const auto end = ends_.find({epochs_.now(), *number, *began_ms});
                     if (end == ends_.end()) return;
                     const auto text = [&f](std::size_t at) {
                       return percent_decode(f[at], false).value_or("");
                     };
                     many = many || found.size() >= most;
                     if (!many)
                       found.push_back({*began_ms, end->second.at_ms, end->second.bytes, text(3),
                                        *std::move(mount), text(5), text(6)});
                     ends_.erase(end);
                   });
      if (!done) return done.error();
    }
    if (many)
      return Error::limit(
          cat({"there are more than ", most, " sessions; ask for less time, or for one mount"}));
    return found;
  }

 private:
  const std::string& directory_;
  const std::vector<std::int64_t> days_;
  SpoolEpochs epochs_;
  std::map<SpoolKey, SpoolEnd> ends_;
  std::int64_t first_ms_ = 0;  // the earliest start of them
  std::uint64_t left_ = kMaxSpoolRead;
};

}  // namespace

SessionSpool::SessionSpool(std::string directory, std::string epoch)
    : directory_(std::move(directory)), epoch_(std::move(epoch)) {}

void SessionSpool::append(std::string row) {
  if (waiting_.size() > kMaxWaiting)
    ++lost_;
  else
    waiting_ += row;
}

void SessionSpool::begun(std::uint64_t number, const SpooledListening& listening) {
  append(cat({"B\t", number, '\t', listening.began_ms, '\t', spooled(listening.address), '\t',
              spooled(listening.mount), '\t', spooled(listening.agent), '\t',
              spooled(listening.referer), '\n'}));
}

void SessionSpool::ended(const JournalOpen& open, std::int64_t ended_ms, std::uint64_t bytes) {
  append(cat({"E\t", open.begun, '\t', open.began_ms, '\t', std::max(ended_ms, open.began_ms), '\t',
              bytes, '\n'}));
}

Result<void> SessionSpool::turn(std::int64_t day) {
  if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST)
    return Error::io(cat({directory_, ": cannot be created: ", std::strerror(errno)}));
  const std::string path = spool_path(directory_, day);
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600));
  if (!fd) return Error::io(cat({path, ": cannot be opened: ", std::strerror(errno)}));
  // The newline ends a partial row that a power failure may have left.
  if (!write_all(fd.get(), cat({"\nJ\t", epoch_, '\n'})))
    return Error::io(cat({path, ": cannot be written: ", std::strerror(errno)}));
  fd_ = std::move(fd);
  day_ = day;
  return {};
}

Result<void> SessionSpool::flush(std::int64_t now_ms) {
  const std::int64_t day = now_ms / kSpoolDayMs;
  // A file of a later day is that of a clock that was wrong.
  if (day > day_ || day_ > day + 1 || !fd_) {
    if (auto turned = turn(day); !turned) return turned;
  }
  if (waiting_.empty()) return {};
  const off_t before = ::lseek(fd_.get(), 0, SEEK_END);
  if (write_all(fd_.get(), waiting_)) {
    waiting_.clear();
    return {};
  }
  const int error = errno;
  // The next row must not follow half of this one.
  [[maybe_unused]] const int cut = ::ftruncate(fd_.get(), before);
  return Error::io(cat({spool_path(directory_, day_), ": cannot be written: ", std::strerror(error),
                        "; ", waiting_.size(), " bytes of sessions wait in memory"}));
}

std::string session_directory(const std::string& state_directory) {
  return state_directory + "/audience.addresses";
}

std::size_t delete_sessions_before(const std::string& directory, std::int64_t day,
                                   std::int64_t today) {
  std::size_t deleted = 0;
  for (const std::int64_t one : spool_days(directory)) {
    const std::string path = spool_path(directory, one);
    std::int64_t counted = one;
    if (struct stat facts{}; one > today + 1 && ::stat(path.c_str(), &facts) == 0) {
      counted = static_cast<std::int64_t>(facts.st_mtime) * 1000 / kSpoolDayMs;
      if (counted > today + 1) ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
    }
    if (counted < day && ::unlink(path.c_str()) == 0) ++deleted;
  }
  return deleted;
}

Result<std::vector<SpooledListening>> read_sessions(
    const std::string& directory, std::int64_t from_ms, std::int64_t to_ms,
    const std::function<bool(const std::string& mount, std::int64_t began_ms)>& wanted,
    std::size_t most) {
  SpoolReading reading(directory);
  if (auto read = reading.read_ends(from_ms, to_ms); !read) return read.error();
  auto found = reading.read_begins(wanted, most);
  if (!found) return found;
  std::sort(found->begin(), found->end(), [](const SpooledListening& a, const SpooledListening& b) {
    return std::tie(a.ended_ms, a.began_ms, a.address) <
           std::tie(b.ended_ms, b.began_ms, b.address);
  });
  return found;
}

Result<std::uint64_t> forget_address(const std::string& directory, const std::string& address,
                                     bool dry) {
  const std::string name = spooled(address);
  std::uint64_t count = 0;
  for (const std::int64_t day : spool_days(directory)) {
    bool failed = false;
    std::uint64_t all = ~std::uint64_t{0};
    const std::string path = spool_path(directory, day);
    const auto done = each_row(
        path, dry ? O_RDONLY : O_RDWR, all,
        [&](int fd, const std::vector<std::string_view>& f, std::uint64_t offset,
            std::size_t size) {
          if (f[0] != "B" || f.size() != 7 || f[3] != name) return;
          ++count;
          const std::string gone(size, 'X');
          failed = failed || (!dry && ::pwrite(fd, gone.data(), size, static_cast<off_t>(offset)) !=
                                          static_cast<ssize_t>(size));
        });
    if (!done) return done.error();
    if (failed) return Error::io(cat({path, ": cannot be overwritten: ", std::strerror(errno)}));
  }
  return count;
}

}  // namespace lb
