#include "base/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <utility>
#include <vector>

#include "base/cat.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/log_file.h"
#include "base/snapshot.h"

namespace lb {
namespace {

constexpr std::size_t kMaxLine = Log::kMaxBytes + 1;
constexpr std::size_t kMaxEarly = 64 << 10;

void append_stamp(std::string& out, WallTime now) {
  std::array<char, 32> text{};
  const std::tm parts = local_time(now);
  out.append(text.data(), std::strftime(text.data(), text.size(), "[%Y-%m-%d  %H:%M:%S] ", &parts));
}

void append_archive_suffix(std::string& out, WallTime now) {
  std::array<char, 32> text{};
  const std::tm parts = local_time(now);
  out.append(text.data(), std::strftime(text.data(), text.size(), ".%Y%m%d_%H%M%S", &parts));
}

// Bytes that could move a cursor, forge a line or colour a terminal become \xNN: control characters
// of ASCII and Latin-1 (in UTF-8: C2 80 to C2 9F), and invalid UTF-8.
void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  while (!text.empty()) {
    std::size_t length = utf8_char(text);
    const auto first = static_cast<unsigned char>(text[0]);
    const bool control =
        first < 0x20 || first == 0x7f ||
        (first == 0xc2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xa0);
    if (length != 0 && !control) {
      out += text.substr(0, length);
    } else {
      length = length == 0 ? 1 : length;
      for (const char c : text.substr(0, length)) {
        const auto byte = static_cast<unsigned char>(c);
        out += "\\x";
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
      }
    }
    text.remove_prefix(length);
  }
}

LogFile::Limits limits_of(const LogSettings& all, const LogFileRules& own) {
  return {own.max_bytes > 0 ? own.max_bytes : all.max_bytes,
          own.max_age.count() > 0 ? own.max_age : all.max_age,
          own.archive < 0 ? all.archive : own.archive > 0};
}

enum Slot : std::size_t { kErrorLog, kAccessLog, kPlaylistLog, kSlots };
using Slots = std::array<std::shared_ptr<LogFile>, kSlots>;

}  // namespace

struct Log::Files {
  using Post = Log::Post;
  explicit Files(const Clock& the_clock) : clock(the_clock), open_files(std::make_shared<Slots>()) {
    Slots first;
    auto file = LogFile::open("-", {}, clock.wall());
    if (file) first[kErrorLog] = *file;
    open_files.publish(std::make_shared<const Slots>(std::move(first)));
  }

  void keep_early(std::string_view line) {
    if (!is_early) return;
    const std::lock_guard<std::mutex> guard(mutex);
    if (is_early && early.size() + line.size() <= kMaxEarly) early += line;
  }

  // lines: each with its newline.
  void put(Slot slot, std::string_view lines) {
    if (!(*open_files.read())[slot]) return;
    std::shared_ptr<const Post> asked_post;
    {
      const std::lock_guard<std::mutex> guard(waiting_mutex);
      if (!post) {
        // The caller writes below, without the lock.
      } else if (waiting_bytes + lines.size() > kMaxWaiting) {
        const auto gone = static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
        lost.fetch_add(gone, std::memory_order_relaxed);
        left_out += gone;
        losing[slot].store(true, std::memory_order_relaxed);
        return;
      } else {
        if (waiting.empty() || waiting.back().slot != slot) waiting.push_back({slot, {}});
        waiting.back().lines += lines;
        waiting_bytes += lines.size();
        if (std::exchange(asked, true)) return;
        asked_post = post;
      }
    }
    if (asked_post)
      (*asked_post)([this] { write_waiting(std::chrono::hours(24)); });
    else
      write_lines(slot, lines);
  }

  void write_lines(Slot slot, std::string_view lines) {
    std::shared_ptr<LogFile> file = (*open_files.read())[slot];
    if (!file) return;
    if (file->due(clock)) file = rotated(slot, std::move(file));
    const std::size_t gone = file->write_lines(lines);
    losing[slot].store(gone > 0, std::memory_order_relaxed);
    if (gone > 0) {
      lost.fetch_add(gone, std::memory_order_relaxed);
      missing[slot].fetch_add(gone, std::memory_order_relaxed);
    } else if (missing[slot].load(std::memory_order_relaxed) > 0) {
      tell_missing(slot, *file);
    }
  }

  // The file takes lines again.  In the error log, because the others have only lines of theirs.
  void tell_missing(Slot slot, const LogFile& file) {
    const std::uint64_t gone = missing[slot].exchange(0, std::memory_order_relaxed);
    if (gone == 0) return;  // another thread tells it
    write_lines(
        kErrorLog,
        line_of(LogLevel::kWarn, "log",
                cat({"lost lines of ", file.path(), ": ", gone, "; it took no more for a while"})));
  }

  // One thread writes at a time, so that lines keep the order of their callers.
  void write_waiting(std::chrono::milliseconds patience) {
    const std::unique_lock<std::timed_mutex> one(writing, patience);
    if (!one.owns_lock()) return;
    for (;;) {
      std::vector<Waiting> now;
      std::uint64_t gone = 0;
      {
        const std::lock_guard<std::mutex> guard(waiting_mutex);
        now.swap(waiting);
        waiting_bytes = 0;
        gone = std::exchange(left_out, 0);
        if (now.empty()) asked = false;
      }
      if (now.empty()) return;
      for (const Waiting& part : now) write_lines(part.slot, part.lines);
      if (gone > 0)
        write_lines(
            kErrorLog,
            line_of(LogLevel::kWarn, "log",
                    cat({gone, " lines were lost: their file took no more for a while, and ",
                         kMaxWaiting, " bytes waited already"})));
    }
  }

  std::string line_of(LogLevel severity, std::string_view module, std::string_view text) const {
    constexpr std::array<std::string_view, 4> kNames = {"EROR", "WARN", "INFO", "DBUG"};
    std::string line;
    line.reserve(64 + module.size() + text.size());
    append_stamp(line, clock.wall());
    line += kNames[static_cast<std::size_t>(severity) - 1];
    line += ' ';
    append_escaped(line, module);
    line += ' ';
    append_escaped(line, text.substr(0, kMaxLine));
    if (line.size() >= kMaxLine) line.resize(kMaxLine - 1);
    line += '\n';
    return line;
  }

  std::shared_ptr<LogFile> rotated(Slot slot, std::shared_ptr<LogFile> file) {
    std::lock_guard<std::mutex> guard(mutex);
    const std::shared_ptr<const Slots> now = open_files.read();
    if ((*now)[slot] != file) return (*now)[slot] ? (*now)[slot] : file;  // already rotated
    const std::string old_name = name_of_old(*file);
    // ENOENT: another process has moved the file, but a new one is still due.
    if (::rename(file->path().c_str(), old_name.c_str()) != 0 && errno != ENOENT) {
      file->put_off_rotation(clock.wall());
      return file;
    }
    auto fresh = LogFile::open(file->path(), file->limits(), clock.wall());
    if (!fresh) {
      file->put_off_rotation(clock.wall());
      return file;
    }
    Slots next = *now;
    next[slot] = *fresh;
    open_files.publish(std::make_shared<const Slots>(std::move(next)));
    return *fresh;
  }

  // REQUIRES: mutex held
  std::string name_of_old(const LogFile& file) const {
    if (!file.limits().archive) return file.path() + ".old";
    std::string name = file.path();
    append_archive_suffix(name, clock.wall());
    // A rotation within the same second, or a repeated one after a change of the clock, keeps both
    // files.
    const std::string first = name;
    for (int i = 1; i < 100 && ::access(name.c_str(), F_OK) == 0; ++i) {
      name = cat({first, ".", i});
    }
    return name;
  }

  struct Waiting {
    Slot slot;
    std::string lines;
  };

  const Clock& clock;
  std::mutex mutex;                  // held to open or rotate; guards `early`
  std::atomic<bool> is_early{true};  // until open()
  std::string early;                 // lines that went to standard error
  std::timed_mutex writing;
  std::mutex waiting_mutex;          // of all members until left_out
  std::shared_ptr<const Post> post;  // null: callers write
  std::vector<Waiting> waiting;
  std::size_t waiting_bytes = 0;
  bool asked = false;          // write_waiting() will run
  std::uint64_t left_out = 0;  // lines lost since the last write_waiting()
  std::atomic<std::uint64_t> lost{0};
  std::array<std::atomic<bool>, kSlots> losing{};
  std::array<std::atomic<std::uint64_t>, kSlots> missing{};  // lost, and not yet told
  std::atomic<LogLevel> level{LogLevel::kWarn};              // until open(), as in Icecast
  std::atomic<LogFormat> access_format{LogFormat::kText};
  std::atomic<LogFormat> playlist_format{LogFormat::kText};
  std::atomic<bool> access_ip{true};
  Snapshot<Slots> open_files;
};

Log::Log(const Clock& clock) : files_(std::make_unique<Files>(clock)) {}
Log::~Log() = default;

Result<void> Log::open(const LogSettings& settings) {
  std::lock_guard<std::mutex> guard(files_->mutex);
  Slots next;
  const std::array<const std::string*, kSlots> paths = {&settings.error_path, &settings.access_path,
                                                        &settings.playlist_path};
  const std::array<const LogFileRules*, kSlots> rules = {
      &settings.error_rules, &settings.access_rules, &settings.playlist_rules};
  for (std::size_t i = 0; i < kSlots; ++i) {
    if (paths[i]->empty() && i != kErrorLog) continue;
    auto file = LogFile::open(*paths[i], limits_of(settings, *rules[i]), files_->clock.wall());
    if (!file) return file.error();
    next[i] = *std::move(file);
  }
  if (files_->is_early.exchange(false)) {
    const std::string lines = std::exchange(files_->early, {});
    if (!lines.empty() && !next[kErrorLog]->is_standard_error())
      next[kErrorLog]->write_lines(lines);
  }
  files_->level = settings.level;
  files_->access_format = settings.access_format;
  files_->access_ip = settings.access_ip;
  files_->playlist_format = settings.playlist_format;
  files_->open_files.publish(std::make_shared<const Slots>(std::move(next)));
  return {};
}

bool Log::enabled(LogLevel level) const noexcept { return level <= files_->level.load(); }
LogFormat Log::access_format() const noexcept { return files_->access_format; }
LogFormat Log::playlist_format() const noexcept { return files_->playlist_format; }
bool Log::access_ip() const noexcept { return files_->access_ip; }

void Log::write(LogLevel level, std::string_view module, std::string_view text) {
  if (!enabled(level)) return;
  const std::string line = files_->line_of(level, module, text);
  files_->keep_early(line);
  files_->put(kErrorLog, line);
}

void Log::write_by(Post post) {
  const std::lock_guard<std::mutex> guard(files_->waiting_mutex);
  files_->post = std::make_shared<const Post>(std::move(post));
}

void Log::write_here() {
  {
    const std::lock_guard<std::mutex> guard(files_->waiting_mutex);
    files_->post = nullptr;
  }
  files_->write_waiting(kPatience);
}

std::uint64_t Log::lost_lines() const noexcept {
  return files_->lost.load(std::memory_order_relaxed);
}
bool Log::is_losing() const noexcept {
  return std::ranges::any_of(files_->losing, [](const std::atomic<bool>& one) {
    return one.load(std::memory_order_relaxed);
  });
}

void Log::access(std::string_view line) {
  std::string text(line.substr(0, kMaxLine - 1));
  text += '\n';
  files_->put(kAccessLog, text);
}

void Log::access_lines(std::string_view lines) { files_->put(kAccessLog, lines); }

void Log::playlist(std::string_view line, LogFormat format) {
  std::string text;
  text.reserve(line.size() + 1);
  if (format == LogFormat::kJson) {
    text += line;
  } else {
    append_escaped(text, line.substr(0, kMaxLine));
  }
  if (text.size() >= kMaxLine) text.resize(kMaxLine - 1);
  text += '\n';
  files_->put(kPlaylistLog, text);
}

}  // namespace lb
