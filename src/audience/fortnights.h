// Fortnights: the sums of each mount by 14 days (UTC), which are one row each, so that a report
// about a year of many mounts reads neither days nor the hours of each country.
//
// fortnight has what slot and slot_short have of a mount, fortnight_split what split has, also of
// all mounts together.  fortnight_due lists those that changed: a trigger puts a fortnight there
// with the first change of one of its days (slot_unrested), for any writing version.  One in the
// list, or without a row, is read by days.  pack_fortnights() packs those that are over.  In an
// older database they are listed mount by mount (fortnight_unlisted).
// Thread: that of the database.
// Bounds: a slice lists the fortnights of kListedMounts, or packs until it has read kFortnightRows.
// Errors: as sentence_of().
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "audience/database.h"

namespace lb {

constexpr std::int64_t kFortnightDays = 14, kFortnightMs = kFortnightDays * kDayMs,
                       kFortnightQuarters = kFortnightMs / kQuarterMs,
                       kFortnightHours = kFortnightMs / kHourMs;
constexpr std::int64_t kFortnightRows = 50'000;

// Once for a file, in a transaction.
extern const char* const kFortnightTables;
// One slice, in a transaction; true: there is more.  REQUIRES: the sums of all days before
// `before_day` are packed, so that a change of such a day is listed again.
bool pack_fortnights(Sqlite& database, std::int64_t before_day);

// The quarters of a fortnight that have sums.
struct FortnightQuarters {
  std::size_t count = 0;
  std::array<std::uint16_t, kFortnightQuarters> at;  // numbers in the fortnight
  std::array<std::int64_t, kFortnightQuarters> ms, bytes, sessions, shorts;

  void read_ms(std::string_view quarters);
  void read_rest(std::string_view rest);  // after read_ms()
};

// Packed sums by country and player.
struct PackedSplit {
  std::int64_t ms = 0, bytes = 0, sessions = 0;
};
std::int64_t take_packed(std::string_view& bytes);
std::string_view take_packed_text(std::string_view& bytes);
PackedSplit take_packed_split(std::string_view& bytes);
// Adds the milliseconds of a country's hours, times the sign, to those of its fortnight.
void add_packed_hours(std::string_view& bytes, int sign, std::int64_t* hours);

// Divides a time into fortnights with a row and the rest.
class FortnightReader {
 public:
  // columns: that follow the fortnight's number
  FortnightReader(Sqlite& database, std::string_view columns, std::string_view table);

  // `first` to before `last`: units, with `length` of them in a fortnight.  take(number, row) of
  // each fortnight, and gap(first, last) of units between, in order.
  template <class Take, class Gap>
  void each(std::int64_t mount, std::int64_t length, std::int64_t first, std::int64_t last,
            Take take, Gap gap) {
    const std::int64_t from = (first + length - 1) / length, to = last / length;
    std::int64_t done = first;
    if (is_there_ && from < to) {
      list_due(mount, from, to);
      rows_.bind(mount, from, to);
      while (rows_.step()) {
        const std::int64_t number = rows_.number(0);
        if (std::binary_search(listed_.begin(), listed_.end(), number)) continue;
        if (done < number * length) gap(done, number * length);
        take(number, rows_);
        done = (number + 1) * length;
      }
    }
    if (done < last) gap(done, last);
  }

 private:
  void list_due(std::int64_t mount, std::int64_t first, std::int64_t last);

  const bool is_there_;
  Statement rows_, due_;
  std::vector<std::int64_t> listed_;
};

}  // namespace lb
