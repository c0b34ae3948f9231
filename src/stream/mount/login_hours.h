// The hours of a login: when a source may come, and until when it may stay on the air.
//
// Where clocks change, a show that begins in the hour that is left out begins with the change, and
// what ends in the hour that there is twice ends in the second one.
// Thread: pure functions.
// Bounds: kMaxWeeklyHours rows of a login, the days of two weeks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "stream/mount/settings.h"

namespace lb {

constexpr std::size_t kMaxWeeklyHours = 28;
constexpr std::chrono::seconds kLongestGrace{86'400};

// 0 ("mon") … 6; nullopt: it is no day.
std::optional<unsigned> weekday_of(std::string_view day);
// "20:00" and "8:30" in minutes, up to "24:00"; nullopt: it is no time of day.
std::optional<int> minute_of_day(std::string_view text);

// now, and what is returned: Unix seconds.
bool is_in_hours(const RecordLogin& login, std::int64_t now);
// When a source that is on the air by this login has to be gone; what is not later than now: it
// has to go.  Nearer than that is where its hours go on, which is to be asked for then.
// nullopt: its time does not end.
std::optional<std::int64_t> on_air_until(const RecordLogin& login, std::int64_t now);

}  // namespace lb
