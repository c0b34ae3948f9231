#include "base/clock.h"

#include <algorithm>
#include <array>

#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"

namespace lb {
namespace {

class SystemClock final : public Clock {
 public:
  SteadyTime steady() const noexcept override { return std::chrono::steady_clock::now(); }
  WallTime wall() const noexcept override { return std::chrono::system_clock::now(); }
  std::chrono::nanoseconds thread_work() const noexcept override {
    timespec worked{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &worked);
    return std::chrono::seconds(worked.tv_sec) + std::chrono::nanoseconds(worked.tv_nsec);
  }
};

// A clock that drifts is followed.
bool follows(std::optional<std::chrono::nanoseconds>& known, std::chrono::nanoseconds now) {
  if (!known || std::chrono::abs(now - *known) > ClockTrust::kStep) return false;
  known = now;
  return true;
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock kClock;
  return kClock;
}

std::string utc_text(std::int64_t unix_ms, UtcForm form) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(unix_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text = "0000-00-00T00:00:00.000";
  const auto put = [&text](std::size_t end, auto value) {
    for (auto left = static_cast<unsigned>(value); left > 0; left /= 10)
      text[--end] = static_cast<char>('0' + left % 10);
  };
  put(4, std::clamp(static_cast<int>(date.year()), 0, 9999));
  put(7, static_cast<unsigned>(date.month()));
  put(10, static_cast<unsigned>(date.day()));
  put(13, clock.hours().count());
  put(16, clock.minutes().count());
  put(19, clock.seconds().count());
  put(23, clock.subseconds().count());
  text.resize(static_cast<std::size_t>(form));
  if (form != UtcForm::kDay) text += 'Z';
  return text;
}

std::optional<std::chrono::sys_days> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_u64(text.substr(0, 4)), month = parse_u64(text.substr(5, 2)),
             day = parse_u64(text.substr(8));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  return date.ok() ? std::optional(std::chrono::sys_days(date)) : std::nullopt;
}

std::tm local_time(WallTime time) noexcept {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

std::string local_text(WallTime time, const char* form) {
  const std::tm parts = local_time(time);
  std::array<char, 4096> text;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  return {text.data(), std::strftime(text.data(), text.size(), form, &parts)};
#pragma GCC diagnostic pop
}

void ClockTrust::begin(WallTime written) {
  if (clock_.wall() > written + kAway) go_on({written});
}

void ClockTrust::go_on(const Note& note) {
  note_ = note;
  trusted_.reset();
}

// Whether the clock is about where the last process has trusted it.  One that was set by less than
// kAway is known by the time that was doubted.
bool ClockTrust::goes_on() const noexcept {
  const WallTime wall = clock_.wall(), known = note_.trusted;
  if (wall > known + kAway || wall < known - kAway) return false;
  if (!note_.doubted) return true;
  return *note_.doubted > known ? wall < *note_.doubted : wall >= known;
}

bool ClockTrust::trusts() {
  const Ahead now = ahead();
  if (!follows(trusted_, now)) {
    const bool back = !trusted_ && goes_on();
    if (!back && !follows(doubted_, now)) {
      doubted_ = now;
      since_ = clock_.steady();
      note_.doubted = clock_.wall();
    }
    if (!back && clock_.steady() - since_ < kRest) return false;
    trusted_ = now;
  }
  doubted_.reset();
  note_ = {clock_.wall(), std::nullopt};
  return true;
}

// Two numbers, each Unix seconds: what was trusted last, and what is doubted since; 0: nothing.
std::string print_clock_note(const ClockTrust::Note& note) {
  return cat(
      {unix_seconds(note.trusted), " ", note.doubted ? unix_seconds(*note.doubted) : 0, "\n"});
}

std::optional<ClockTrust::Note> parse_clock_note(std::string_view text) {
  const auto parts = split(trim(text), ' ');
  if (parts.size() != 2) return std::nullopt;
  const auto trusted = parse_u64(parts[0]), doubted = parse_u64(parts[1]);
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
  if (!trusted || !doubted || *trusted > kMost || *doubted > kMost) return std::nullopt;
  ClockTrust::Note note{wall_time(static_cast<std::int64_t>(*trusted))};
  if (*doubted > 0) note.doubted = wall_time(static_cast<std::int64_t>(*doubted));
  return note;
}

bool KeptClockTrust::read(std::string path) {
  path_ = std::move(path);
  const auto file = read_file(FileAt(path_), {.limit = 256});
  const auto note = file ? parse_clock_note(file->text) : std::nullopt;
  if (!note) return false;
  noted_ = *note;
  trust_.go_on(*note);
  return true;
}

bool KeptClockTrust::trusts() {
  const bool trusts = trust_.trusts();
  const ClockTrust::Note& note = trust_.note();
  if (path_.empty() || (note.doubted == noted_.doubted &&
                        std::chrono::abs(note.trusted - noted_.trusted) < kNoteEvery))
    return trusts;
  if (replace_file(FileAt(path_), print_clock_note(note), {.mode = 0644, .synced = Synced::kBytes}))
    noted_ = note;
  return trusts;
}

}  // namespace lb
