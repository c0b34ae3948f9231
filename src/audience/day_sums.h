// DaySums: the sums of each mount by days (UTC), so that a report of a year need not read quarters.
//
// slot_day has the sums of a day, slot_packed the milliseconds of all its quarters in one row, and
// slot_rest their other sums in another: a hundredth of the rows for a year of 1,000 mounts.
// Triggers update slot_day and note changed days (slot_unpacked, slot_unrested) for any writing
// version; sum_days() packs these days when they are over.  In an older database slot_day and the
// lists of days are made mount by mount (slot_unsummed, slot_restless), and reports read quarters
// until then.
// Thread: that of the database.
// Bounds: a slice reads one mount's quarters, or lists the days of kListedMounts, or packs
// kPackedDays.
// Errors: as sentence_of().
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "audience/database.h"
#include "audience/fortnights.h"
#include "audience/report.h"

namespace lb {

constexpr std::int64_t kQuartersOfDay = kDayMs / kQuarterMs, kPackedDays = 300, kListedMounts = 20;

// Once for a file, in a transaction each, in this order.
extern const char* const kDayTables;
extern const char* const kRestTables;
// One slice; returns true if there is more to do.
Result<bool> sum_days(Sqlite& database, std::int64_t now_ms);

// Reads the sums of adjacent quarters, or of days.
class SlotReader {
 public:
  explicit SlotReader(Sqlite& database);

  // The sums of all mounts together exist only by quarters.
  bool has_days(std::int64_t mount) const noexcept { return has_days_ && mount != kAllMounts; }
  // take(stretch, quarter, sum) of stretches of quarters, `first` to before `last`, which are in
  // order; a sum may come in two parts.
  template <class Stretches, class Take>
  void each(std::int64_t mount, const Stretches& stretches, Take take) {
    if (stretches.empty()) return;
    bool packs = false;
    each_group(stretches, [&](auto, auto, bool many) { packs = packs || many; });
    if (!packs || !has_rest_ || mount == kAllMounts)
      return each_single(mount, stretches.begin(), stretches.end(), stretches.front().first,
                         stretches.back().last, take);
    each_group(stretches, [&](auto begin, auto end, bool many) {
      if (many)
        each_packed(mount, begin, end, take);
      else
        each_single(mount, begin, end, begin->first, (end - 1)->last, take);
    });
  }
  // take(day, sum)
  template <class Take>
  void each_day(std::int64_t mount, std::int64_t first, std::int64_t last, Take take) {
    days_.bind(mount, first, last);
    while (days_.step())
      take(days_.number(0),
           AudienceSum{days_.number(1), days_.number(2), days_.number(3), days_.number(4)});
  }
  // Of quarters, `first` to before `last`: take(first quarter of a fortnight, row) of fortnights,
  // and gap(first, last) of quarters between.  A row has the sums, and packed quarters of them.
  template <class Take, class Gap>
  void each_fortnight(std::int64_t mount, std::int64_t first, std::int64_t last, Take take,
                      Gap gap) {
    fortnights_.each(
        mount, kFortnightQuarters, first, last,
        [&](std::int64_t number, const Statement& row) { take(number * kFortnightQuarters, row); },
        gap);
  }
  static AudienceSum fortnight_sum(const Statement& row) {
    return {row.number(1), row.number(2), row.number(3), row.number(4)};
  }
  // take(quarter, sum) of the fortnight with this first quarter.
  template <class Take>
  void unpack_fortnight(std::int64_t first, const Statement& row, Take take) {
    quarters_.read_ms(row.blob(5));
    quarters_.read_rest(row.blob(6));
    for (std::size_t i = 0; i < quarters_.count; ++i)
      take(first + quarters_.at[i], AudienceSum{quarters_.ms[i], quarters_.bytes[i],
                                                quarters_.sessions[i], quarters_.shorts[i]});
  }
  // Adds the milliseconds of a fortnight's quarters, times the sign, to those from its first on.
  void add_fortnight_ms(const Statement& row, int sign, std::int64_t* heard);
  // Adds the milliseconds of each quarter, times the sign; `first` is the first quarter of `sums`.
  void add_ms(std::int64_t mount, int sign, std::int64_t first, std::vector<std::int64_t>& sums);
  // The same by days, of quarters `begin` to before `end`.
  void add_days_ms(std::int64_t mount, int sign, std::int64_t begin, std::int64_t end,
                   std::int64_t first, std::vector<std::int64_t>& sums);

 private:
  static constexpr std::int64_t kFewQuarters = kQuartersOfDay;
  using Day = std::array<AudienceSum, kQuartersOfDay>;

  // take(begin, end, many): stretches of adjacent days, which are read together, and whether they
  // are worth the queries of packed days.
  template <class Stretches, class Take>
  static void each_group(const Stretches& stretches, Take take) {
    for (auto begin = stretches.begin(), end = begin; begin != stretches.end(); begin = end) {
      std::int64_t quarters = 0, last_day = 0;
      do {
        quarters += end->last - end->first;
        last_day = (end->last - 1) / kQuartersOfDay;
      } while (++end != stretches.end() && end->first / kQuartersOfDay <= last_day + 1);
      take(begin, end, quarters > kFewQuarters);
    }
  }
  // take(stretch, first, last): the parts of the stretches between two quarters.
  template <class Stretch, class Take>
  static void each_part(Stretch begin, Stretch end, std::int64_t first, std::int64_t last,
                        Take take) {
    for (; begin != end && begin->first < last; ++begin)
      if (begin->last > first)
        take(*begin, std::max(begin->first, first), std::min(begin->last, last));
  }
  template <class Stretch, class Take>
  void each_single(std::int64_t mount, Stretch begin, Stretch end, std::int64_t first,
                   std::int64_t last, Take take) {
    each_part(begin, end, first, last,
              [&](const auto& stretch, std::int64_t from, std::int64_t to) {
                slots_.bind(mount, from, to);
                while (slots_.step())
                  take(stretch, slots_.number(0),
                       AudienceSum{slots_.number(1), slots_.number(2), slots_.number(3), 0});
              });
    // One query for all stretches, because a query costs more than its few rows.
    shorts_.bind(mount, first, last);
    while (shorts_.step()) {
      const std::int64_t quarter = shorts_.number(0);
      while (begin != end && begin->last <= quarter) ++begin;
      if (begin != end && begin->first <= quarter)
        take(*begin, quarter, AudienceSum{0, 0, 0, shorts_.number(1)});
    }
  }
  template <class Stretch, class Take>
  void each_packed(std::int64_t mount, Stretch begin, Stretch end, Take take) {
    const std::int64_t first = begin->first / kQuartersOfDay,
                       last = ((end - 1)->last - 1) / kQuartersOfDay + 1;
    const std::vector<std::int64_t> single = days_of(unrested_, mount, first, last);
    for (const std::int64_t day : single)
      each_single(mount, begin, end, day * kQuartersOfDay, (day + 1) * kQuartersOfDay, take);
    packed_.bind(mount, first, last);
    packed_day_ = first - 1;
    rest_.bind(mount, first, last);
    while (rest_.step()) {
      const std::int64_t day = rest_.number(0), at = day * kQuartersOfDay;
      if (std::binary_search(single.begin(), single.end(), day) || !to_packed(day)) continue;
      while (begin->last <= at) ++begin;
      each_part(begin, end, at, at + kQuartersOfDay,
                [&](const auto& stretch, std::int64_t from, std::int64_t to) {
                  unpack(from - at, to - at);
                  for (std::int64_t quarter = from; quarter < to; ++quarter)
                    if (const auto& sum = day_[static_cast<std::size_t>(quarter - at)];
                        !sum.is_none() || sum.shorts != 0)
                      take(stretch, quarter, sum);
                });
    }
    packed_.reset();
  }
  // Moves packed_ to this day; false: it has none.
  bool to_packed(std::int64_t day);
  // Reads these quarters of the present row of packed_ and rest_ into day_.
  void unpack(std::int64_t first, std::int64_t last);
  static std::vector<std::int64_t> days_of(Statement& asked, std::int64_t mount, std::int64_t first,
                                           std::int64_t last);

  Statement slots_, shorts_, days_, packed_, unpacked_, rest_, unrested_;
  bool has_days_ = false, has_rest_ = false;
  std::int64_t packed_day_ = 0;  // of the present row of packed_
  Day day_;
  FortnightReader fortnights_;
  FortnightQuarters quarters_;
};

}  // namespace lb
