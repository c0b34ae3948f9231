#include "stream/mount/login_hours.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

namespace lb {
namespace {

constexpr std::int64_t kDay = 86'400, kDaysAhead = 8;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr auto kDays =
    std::to_array<std::string_view>({"mon", "tue", "wed", "thu", "fri", "sat", "sun"});

struct Span {
  std::int64_t from, until;
};

std::int64_t day_of(std::int64_t shown) { return (shown >= 0 ? shown : shown - (kDay - 1)) / kDay; }

// 1 January 1970 was a Thursday.
unsigned weekday_on(std::int64_t day) { return static_cast<unsigned>(((day + 3) % 7 + 7) % 7); }

bool is_on(const WeeklyHours& hours, unsigned weekday) {
  if (hours.days.empty()) return true;
  return std::any_of(hours.days.begin(), hours.days.end(),
                     [weekday](const std::string& day) { return weekday_of(day) == weekday; });
}

// The ordered spans around now; adjacent ones are joined.
std::vector<Span> spans_near(const RecordLogin& login, std::int64_t now) {
  const Span whole{login.from, login.until > 0 ? login.until : kNever};
  if (login.hours.empty()) return {whole};
  std::vector<Span> spans;
  if (!login.clock) return spans;
  const TimeZone& zone = *login.clock;
  const std::int64_t today = day_of(now + zone.offset_at(now));
  // One day for hours over midnight, and one because a grace may last a day.
  const std::int64_t first = today - 2 - login.grace.count() / kDay;
  for (const WeeklyHours& hours : login.hours) {
    const auto from = minute_of_day(hours.from), until = minute_of_day(hours.until);
    if (!from || !until) continue;
    for (std::int64_t day = first; day <= today + kDaysAhead; ++day) {
      if (!is_on(hours, weekday_on(day))) continue;
      const std::int64_t last = *until > *from ? day : day + 1;
      const Span span{std::max(whole.from, zone.first_at(day * kDay + 60 * *from)),
                      std::min(whole.until, zone.last_at(last * kDay + 60 * *until))};
      if (span.from < span.until) spans.push_back(span);
    }
  }
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.from < b.from; });
  std::vector<Span> joined;
  for (const Span& span : spans) {
    if (!joined.empty() && span.from <= joined.back().until)
      joined.back().until = std::max(joined.back().until, span.until);
    else
      joined.push_back(span);
  }
  return joined;
}

}  // namespace

std::optional<unsigned> weekday_of(std::string_view day) {
  const auto at = std::find(kDays.begin(), kDays.end(), day);
  if (at == kDays.end()) return std::nullopt;
  return static_cast<unsigned>(at - kDays.begin());
}

std::optional<int> minute_of_day(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon > 2 || text.size() != colon + 3) return std::nullopt;
  int hour = 0, minute = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == colon) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    int& part = i < colon ? hour : minute;
    part = 10 * part + (text[i] - '0');
  }
  if (minute > 59 || hour > 24 || (hour == 24 && minute > 0)) return std::nullopt;
  return 60 * hour + minute;
}

bool is_in_hours(const RecordLogin& login, std::int64_t now) {
  const auto spans = spans_near(login, now);
  return std::any_of(spans.begin(), spans.end(),
                     [now](const Span& span) { return now >= span.from && now < span.until; });
}

std::optional<std::int64_t> on_air_until(const RecordLogin& login, std::int64_t now) {
  const Span* last = nullptr;
  const auto spans = spans_near(login, now);
  for (const Span& span : spans)
    if (span.from <= now) last = &span;
  if (last == nullptr) return now;
  if (last->until == kNever) return std::nullopt;
  return last->until + login.grace.count();
}

}  // namespace lb
