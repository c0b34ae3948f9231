// DaySums: what each mount had by days (UTC), so that a report of a year need not read its
// quarters.
//
// slot_day has the sums of a day, slot_packed the milliseconds of all its quarters in a row: of a
// year of 1,000 mounts a hundredth of the rows.  Triggers keep slot_day and say which days changed
// (slot_unpacked), whatever version writes; sum_days() packs these when they are over.  A database
// of before gets both mount by mount (slot_unsummed), and reports read quarters until then.
// Thread: that of the database.
// Bounds: a slice reads one mount's quarters, or kPackedDays days of them.
// Errors: as sentence_of().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audience/database.h"
#include "audience/report.h"

namespace lb {

constexpr std::int64_t kQuartersOfDay = kDayMs / kQuarterMs, kPackedDays = 300;

// Once for a file, in a transaction.
extern const char* const kDayTables;
// One slice; true: there is more.
Result<bool> sum_days(Sqlite& database, std::int64_t now_ms);

// What the sums have of quarters in a row, or of days.
class SlotReader {
 public:
  explicit SlotReader(Sqlite& database);

  // Of all mounts together there are quarters alone.
  bool has_days(std::int64_t mount) const noexcept { return has_days_ && mount != kAllMounts; }
  // take(quarter, sum): once with its short sessions, and once with all else.
  template <class Take>
  void each(std::int64_t mount, std::int64_t first, std::int64_t last, Take take) {
    slots_.bind(mount, first, last);
    while (slots_.step())
      take(slots_.number(0), AudienceSum{slots_.number(1), slots_.number(2), slots_.number(3), 0});
    shorts_.bind(mount, first, last);
    while (shorts_.step()) take(shorts_.number(0), AudienceSum{0, 0, 0, shorts_.number(1)});
  }
  // take(day, sum)
  template <class Take>
  void each_day(std::int64_t mount, std::int64_t first, std::int64_t last, Take take) {
    days_.bind(mount, first, last);
    while (days_.step())
      take(days_.number(0),
           AudienceSum{days_.number(1), days_.number(2), days_.number(3), days_.number(4)});
  }
  // Adds, times the sign, the milliseconds of each quarter to `sums`, whose first one is `first`.
  void add_ms(std::int64_t mount, int sign, std::int64_t first, std::vector<std::int64_t>& sums);

 private:
  Statement slots_, shorts_, days_, packed_, unpacked_;
  bool has_days_ = false;
};

}  // namespace lb
