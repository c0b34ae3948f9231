// The three logs of Icecast: error, access, playlist; one write(2) a line to an O_APPEND fd, or one
// for the access lines of a turn of a loop (AccessBatch).
//
// Thread: all functions may be called from any thread.
// Lines: error.log "[2026-11-20  06:52:17] INFO main/main text" (two spaces, as Icecast's);
// bytes from outside are escaped here (control characters, newline, ESC become \xNN), so that no
// caller can forget.  Rotation by size as Icecast, or by age: FILE.old, or FILE.YYYYMMDD_HHMMSS
// with archive; it is checked before a line is written. access.log and playlist.log may be JSON
// instead: one object a line. A log that cannot be written (full disk) loses lines, never blocks
// and never stops streaming: once there is a thread for it, lines wait for that, so that a disk
// that does not answer holds up no caller.
// Bounds: kMaxWaiting bytes of lines wait; what comes then is lost and counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_function.h"

namespace lb {

enum class LogLevel : std::uint8_t { kError = 1, kWarn = 2, kInfo = 3, kDebug = 4 };

enum class LogFormat : std::uint8_t { kText, kJson };  // kText: Icecast's lines

// The rules of one log; 0 (archive: -1): the value of LogSettings.
struct LogFileRules {
  std::uint64_t max_bytes = 0;
  std::chrono::seconds max_age{0};
  std::int8_t archive = -1;
};

struct LogSettings {
  std::string error_path;     // "-": standard error; "": standard error
  std::string access_path;    // "": none
  std::string playlist_path;  // "": none
  LogLevel level = LogLevel::kInfo;
  std::uint64_t max_bytes = 0;      // rotate above this; 0: never
  std::chrono::seconds max_age{0};  // rotate what is older; 0: never
  bool archive = false;
  LogFileRules error_rules, access_rules, playlist_rules;
  LogFormat access_format = LogFormat::kText;
  LogFormat playlist_format = LogFormat::kText;
  bool access_ip = true;  // false: addresses of clients stay out of the access log
};

class Log {
 public:
  // A longer line is cut.  With its newline this goes into a pipe in one piece (PIPE_BUF), and
  // without blocking once poll(2) has reported "writable".
  static constexpr std::size_t kMaxBytes = 4095;

  static constexpr std::size_t kMaxWaiting = 4 << 20;

  explicit Log(const Clock& clock);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Opens (or re-opens, after a rename) all files.  On an error the old files stay in use.  Before
  // the first time warnings and errors go to standard error, and then into the error log too.
  Result<void> open(const LogSettings& settings);

  // Files are written by what `post` runs, which any thread may call, from here on; by the callers
  // again, behind what waited, unless a write takes longer than kPatience.
  using Post = std::function<void(UniqueFunction<void()>)>;
  void write_by(Post post);
  void write_here();
  static constexpr std::chrono::milliseconds kPatience{1000};

  // module: "source/source_main" as Icecast's category/function.
  void write(LogLevel level, std::string_view module, std::string_view text);
  void error(std::string_view module, std::string_view text) {
    write(LogLevel::kError, module, text);
  }
  void warn(std::string_view module, std::string_view text) {
    write(LogLevel::kWarn, module, text);
  }
  void info(std::string_view module, std::string_view text) {
    write(LogLevel::kInfo, module, text);
  }
  void debug(std::string_view module, std::string_view text) {
    write(LogLevel::kDebug, module, text);
  }
  bool enabled(LogLevel level) const noexcept;
  // Lines that could not be written whole: a full disk, a reader that does not read.
  std::uint64_t lost_lines() const noexcept;
  bool is_losing() const noexcept;  // the newest one of a log could not

  // Whole lines without their newline, in the format that access_format() has named; the caller
  // has escaped the fields (http/access_line.h).
  void access(std::string_view line);
  // Several, each with its newline and no longer than kMaxBytes.
  void access_lines(std::string_view lines);
  LogFormat access_format() const noexcept;
  bool access_ip() const noexcept;
  // Text is escaped here, JSON is whole already (stream/source/title_line.h).
  void playlist(std::string_view line, LogFormat format = LogFormat::kText);
  LogFormat playlist_format() const noexcept;

 private:
  struct Files;
  std::unique_ptr<Files> files_;
};

// Limits a message that may repeat thousands of times a second to one line a second, "(and N
// more)", behind `at_once` that may come together.
// Thread: one.
// Ownership: a member of the object that logs the message.
class RepeatGuard {
 public:
  explicit RepeatGuard(unsigned at_once = 1) noexcept : at_once_(at_once) {}
  // Returns true when the message is to be written now; `suppressed` is how many were not.
  bool pass(SteadyTime now, unsigned& suppressed) noexcept;
  bool may_pass(SteadyTime now) const noexcept;  // and nothing is counted

 private:
  static constexpr std::chrono::seconds kEach{1};

  const unsigned at_once_;
  SteadyTime full_{};  // when `at_once` may come again
  unsigned held_ = 0;
};

}  // namespace lb
