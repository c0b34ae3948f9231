// LogFile: one open log file, which knows when it must be rotated.
//
// Thread: all functions may be called from any thread.
// Ownership: shared by Log and every thread that is writing a line; the last one closes it.
// Rotation: only regular files; pipes, terminals and redirected standard output belong to others.
// A file's age counts from its birth (statx), so neither a restart nor a reopening resets it;
// without a known birth, from its opening.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

class LogFile {
 public:
  struct Limits {
    std::uint64_t max_bytes = 0;      // 0: none
    std::chrono::seconds max_age{0};  // 0: none
    bool archive = false;             // the old file's name gets the time
  };

  // path: "-" (or "") and /dev/stderr are standard error, /dev/stdout is standard output.
  // An error: kIo.
  static Result<std::shared_ptr<LogFile>> open(const std::string& path, const Limits& limits,
                                               WallTime now);
  LogFile(std::string path, UniqueFd fd, const Limits& limits, WallTime now);

  // False: the line, or a part of it, is lost.
  // REQUIRES: line ends with its newline
  bool write(std::string_view line);
  // Writes several lines; returns the number lost.  A pipe gets them one by one.
  // REQUIRES: each line ends with its newline
  std::size_t write_lines(std::string_view lines);
  const std::string& path() const noexcept { return path_; }
  bool is_standard_error() const noexcept;
  const Limits& limits() const noexcept { return limits_; }

  // Whether it is too large or too old, and not empty.
  bool due(const Clock& clock) const noexcept;
  // Rotation failed (read-only directory): the next attempt is after as many bytes, or as much
  // time, again.
  void put_off_rotation(WallTime now) noexcept;

 private:
  std::size_t write_once(std::string_view text);  // the bytes written

  const std::string path_;
  const UniqueFd fd_;
  const Limits limits_;
  bool regular_ = false;
  bool ours_ = false;  // this process may rename it
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> rotate_above_;
  std::atomic<WallTime> begun_;
  std::atomic<bool> torn_{false};
  std::mutex mutex_;
};

}  // namespace lb
