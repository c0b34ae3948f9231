// The hours of a login: when its source may connect, and until when it may stay on the air.
//
// When clocks go forward, a show of the skipped hour begins with the change; when they go back, a
// show that ends in the repeated hour ends in its second pass.
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

// 0 ("mon") … 6; nullopt: no day.
std::optional<unsigned> weekday_of(std::string_view day);
// "20:00" and "8:30" in minutes, up to "24:00"; nullopt: no time of day.
std::optional<int> minute_of_day(std::string_view text);

// now and results: Unix seconds.
bool is_in_hours(const RecordLogin& login, std::int64_t now);
// When a source of this login has to end; a time up to `now`: it must end now.  If its hours go on
// then, it must be asked again at that time. nullopt: never.
std::optional<std::int64_t> on_air_until(const RecordLogin& login, std::int64_t now);

}  // namespace lb
