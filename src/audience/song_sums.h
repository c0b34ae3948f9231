// SongSums: the titles heard and the listeners they gained, summed by weeks (UTC).
//
// A report of a year reads these, and single titles at the ends of its range.  They grow with each
// counted title.  An older database has none: sum_songs_of_before() sums its titles a day at a
// time, and until then reports read them one by one.
// Thread: that of the database.
// Ownership: count_performances(), for a transaction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audience/database.h"

namespace lb {

constexpr std::int64_t kWeekMs = 7 * kDayMs;

struct SongPlay {
  std::int64_t id = 0, mount = 0, began = 0;
  std::string title;
};

class SongSums {
 public:
  // REQUIRES: a transaction, which this object does not outlive
  explicit SongSums(Sqlite& database);

  void heard(const SongPlay& play, std::string_view country, std::int64_t performances);
  void gained(const SongPlay& play, std::int64_t gain);

 private:
  std::int64_t song_of(const SongPlay& play);

  const std::int64_t since_;  // earlier titles are summed later, whole days at once
  Statement find_song_, put_song_, put_heard_, put_gain_;
};

// True: there is more.
Result<bool> sum_songs_of_before(Sqlite& database);

// The weeks [first, last) whose sums are complete.
struct SongWeeks {
  std::int64_t first = 0, last = 0;
  bool none() const noexcept { return first >= last; }
};
SongWeeks whole_song_weeks(Sqlite& database, std::int64_t from_ms, std::int64_t to_ms);

}  // namespace lb
