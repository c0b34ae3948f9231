// Clock: steady time for every timer, wall time for display only, and its formats.
// Thread: functions are safe from any thread.  FakeClock belongs to one test.
// Source: RFC 3339; ISO 8601.
// Steady, because a jump of the wall clock must never close or keep a connection.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lb {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// Whole seconds since 1970, for tokens, marks and documents.
inline std::int64_t unix_seconds(WallTime time) noexcept {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

inline std::int64_t unix_ms(WallTime time) noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// Limits a time of a file or another program to 1970 to 2200: ISO 8601, HTTP and X.509 reach to
// 9999, a WallTime to 2262, and differences of two such times would overflow.
inline WallTime wall_time(std::int64_t unix_seconds) noexcept {
  constexpr std::int64_t kLast = 7'258'118'400;
  return WallTime(std::chrono::seconds(std::clamp<std::int64_t>(unix_seconds, 0, kLast)));
}

// "2026-11-20T19:00:00.123Z", or a part of it, each time with its Z; for the years 0 to 9999.
enum class UtcForm : std::uint8_t { kDay = 10, kMinute = 16, kSecond = 19, kMs = 23 };
std::string utc_text(std::int64_t unix_ms, UtcForm form);
inline std::string utc_text(WallTime time, UtcForm form) { return utc_text(unix_ms(time), form); }
// Exactly "2026-11-20".
std::optional<std::chrono::sys_days> parse_day(std::string_view text);

// In the zone of the process.
std::tm local_time(WallTime time) noexcept;
// form: for strftime(3); "": the text would exceed 4096 bytes.
std::string local_text(WallTime time, const char* form);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady() const noexcept = 0;
  virtual WallTime wall() const noexcept = 0;
  // The processor time of the calling thread since a fixed moment, without waiting for a processor.
  virtual std::chrono::nanoseconds thread_work() const noexcept = 0;
};

// The machine's clock; lives for the whole process.
const Clock& system_clock();

// Whether the wall clock may judge what is too old.  What is removed by its age cannot come back,
// and a clock that is wrong by years is soon corrected, mostly within half an hour (time servers
// are asked every 34 minutes).  A clock that was set by more than kStep, against the steady clock,
// is believed after kRest; set back to where it was, at once.  The clock of a start is believed at
// once unless it is more than kAway from what the last process has noted, or is the one that it
// doubted.  One thread at a time.
class ClockTrust {
 public:
  static constexpr std::chrono::hours kStep{1}, kRest{1}, kAway{24};

  // What the next process goes on with.
  struct Note {
    WallTime trusted{};                 // the last time that was trusted
    std::optional<WallTime> doubted{};  // the first time that is doubted since
    bool operator==(const Note&) const = default;
  };

  explicit ClockTrust(const Clock& clock) : clock_(clock), trusted_(ahead()) {}

  // At the start, without a note: when this server has last written anything.
  void begin(WallTime written);
  // At the start: the last process's note.
  void go_on(const Note& note);
  // Each call compares the clocks, so it is to be asked each time before something is removed.
  bool trusts();
  // Of the last call of trusts().
  const Note& note() const noexcept { return note_; }

 private:
  using Ahead = std::chrono::nanoseconds;  // of the wall clock, before the steady one
  Ahead ahead() const noexcept {
    return clock_.wall().time_since_epoch() - clock_.steady().time_since_epoch();
  }
  bool goes_on() const noexcept;

  const Clock& clock_;
  std::optional<Ahead> trusted_;
  std::optional<Ahead> doubted_;
  SteadyTime since_{};  // of doubted_
  Note note_;
};

// A ClockTrust that the next process goes on with, by a small file.  Otherwise a restart or an
// upgrade would believe the clock that was doubted just before; the times of other files are no
// substitute, because a wrong clock has written them too.  A file that cannot be read counts as
// none.  One that cannot be written stays, and the next process doubts its clock once more.
// One thread at a time, which may wait for a disk.
class KeptClockTrust {
 public:
  // How old a note may become while the clock runs.
  static constexpr std::chrono::minutes kNoteEvery{10};

  explicit KeptClockTrust(const Clock& clock) : trust_(clock) {}

  // written: what begin() of ClockTrust gets without a file; nullopt: nothing is written yet.
  template <class Written>
  void begin(std::string path, Written written) {
    if (read(std::move(path))) return;
    if (const std::optional<WallTime> at = written()) trust_.begin(*at);
  }
  bool trusts();

 private:
  bool read(std::string path);

  ClockTrust trust_;
  std::string path_;  // "": nothing is kept
  ClockTrust::Note noted_;
};

std::string print_clock_note(const ClockTrust::Note& note);
std::optional<ClockTrust::Note> parse_clock_note(std::string_view text);

class FakeClock final : public Clock {
 public:
  SteadyTime steady() const noexcept override { return steady_; }
  WallTime wall() const noexcept override { return wall_; }
  std::chrono::nanoseconds thread_work() const noexcept override { return work_; }
  void work(std::chrono::nanoseconds by) { work_ += by; }
  void advance(std::chrono::nanoseconds by) {
    steady_ += std::chrono::duration_cast<SteadyTime::duration>(by);
    wall_ += std::chrono::duration_cast<WallTime::duration>(by);
  }
  void set_wall(WallTime wall) { wall_ = wall; }

 private:
  SteadyTime steady_{std::chrono::seconds(1000)};
  WallTime wall_{std::chrono::seconds(1'700'000'000)};
  std::chrono::nanoseconds work_{0};
};

}  // namespace lb
