// DaySums: the sums of each mount by days (UTC), so that a report of a year need not read quarters.
//
// slot_day has the sums of a day, and slot_packed the milliseconds of all its quarters in one row:
// a hundredth of the rows for a year of 1,000 mounts.  Triggers update slot_day and note changed
// days (slot_unpacked) for any writing version; sum_days() packs these days when they are over.  In
// an older database both are made mount by mount (slot_unsummed), and reports read quarters until
// then.
// Thread: that of the database.
// Bounds: a slice reads one mount's quarters, or kPackedDays days of them.
// Errors: as sentence_of().
#pragma once

#include <cstdint>
#include <vector>

#include "audience/database.h"
#include "audience/report.h"

namespace lb {

constexpr std::int64_t kQuartersOfDay = kDayMs / kQuarterMs, kPackedDays = 300;

// Once for a file, in a transaction.
extern const char* const kDayTables;
// One slice; returns true if there is more to do.
Result<bool> sum_days(Sqlite& database, std::int64_t now_ms);

// Reads the sums of adjacent quarters, or of days.
class SlotReader {
 public:
  explicit SlotReader(Sqlite& database);

  // The sums of all mounts together exist only by quarters.
  bool has_days(std::int64_t mount) const noexcept { return has_days_ && mount != kAllMounts; }
  // take(quarter, sum), without the short sessions
  template <class Take>
  void each(std::int64_t mount, std::int64_t first, std::int64_t last, Take take) {
    slots_.bind(mount, first, last);
    while (slots_.step())
      take(slots_.number(0), AudienceSum{slots_.number(1), slots_.number(2), slots_.number(3), 0});
  }
  // take(quarter, sum) with only the short sessions, which few quarters have
  template <class Take>
  void each_short(std::int64_t mount, std::int64_t first, std::int64_t last, Take take) {
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
  // Adds the milliseconds of each quarter, times the sign; `first` is the first quarter of `sums`.
  void add_ms(std::int64_t mount, int sign, std::int64_t first, std::vector<std::int64_t>& sums);

 private:
  Statement slots_, shorts_, days_, packed_, unpacked_;
  bool has_days_ = false;
};

}  // namespace lb
