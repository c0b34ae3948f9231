// The three logs of Icecast: error, access, playlist; one write(2) a line to an O_APPEND fd, or one
// for the access lines of a turn of a loop (AccessBatch).
//
// Thread: all functions may be called from any thread.
// Lines: error.log "[2026-11-20  06:52:17] INFO main/main text" (two spaces, as in Icecast); bytes
// from outside are escaped here (control characters, newline, ESC become \xNN), so callers cannot
// forget it.  Rotation by size as in Icecast, or by age: FILE.old, or FILE.YYYYMMDD_HHMMSS with
// archive; checked before each line. access.log and playlist.log may have JSON lines.  A log that
// cannot be written (full disk) loses lines, and never blocks or stops streaming: after write_by()
// lines wait for its thread, so that a stuck disk holds up no caller.
// Bounds: kMaxWaiting bytes of lines wait; further ones are lost and counted.
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
  std::chrono::seconds max_age{0};  // rotate older files; 0: never
  bool archive = false;
  LogFileRules error_rules, access_rules, playlist_rules;
  LogFormat access_format = LogFormat::kText;
  LogFormat playlist_format = LogFormat::kText;
  bool access_ip = true;  // false: the access log has no client addresses
};

class Log {
 public:
  // A longer line is cut.  With its newline a line of this size goes into a pipe in one piece
  // (PIPE_BUF), and without blocking once poll(2) reports "writable".
  static constexpr std::size_t kMaxBytes = 4095;

  static constexpr std::size_t kMaxWaiting = 4 << 20;

  explicit Log(const Clock& clock);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Opens (or re-opens, after a rename) all files.  On an error the old files stay in use.  Before
  // the first call warnings and errors go to standard error, and later into the error log too.
  Result<void> open(const LogSettings& settings);

  // From now on tasks given to `post`, which any thread may call, write the files; after
  // write_here() callers do it again, behind the waiting lines, unless a write takes longer than
  // kPatience.
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
  // Lines that were lost, whole or in part: a full disk, a reader that does not read.
  std::uint64_t lost_lines() const noexcept;
  bool is_losing() const noexcept;  // the newest line of a log was lost

  // Whole lines without newline, in the format of access_format(); the caller has escaped the
  // fields (http/access_line.h).
  void access(std::string_view line);
  // Several lines, each with its newline and at most kMaxBytes.
  void access_lines(std::string_view lines);
  LogFormat access_format() const noexcept;
  bool access_ip() const noexcept;
  // Text is escaped here, JSON is complete already (stream/source/title_line.h).
  void playlist(std::string_view line, LogFormat format = LogFormat::kText);
  LogFormat playlist_format() const noexcept;

 private:
  struct Files;
  std::unique_ptr<Files> files_;
};

}  // namespace lb
