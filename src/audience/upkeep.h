// Upkeep of the database: removes old rows in slices, and counts performances of titles.
// Thread: that of the database.
// Errors: as sentence_of().
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "audience/database.h"

namespace lb {

struct AudienceKeeping {
  std::chrono::hours sessions{400 * 24};
  std::chrono::hours titles{400 * 24};
  std::int64_t late_ms = 0;  // when rows of earlier days last came; 0: never
  bool trusts_clock = true;  // false: nothing is too old
};

// Removes one slice; true: there is more.
Result<bool> prune_audience(Sqlite& database, const AudienceKeeping& keeping, std::int64_t now_ms);
// Counts the sessions that heard a part of titles that ended kTitleRest ago.
constexpr std::int64_t kTitleRest = 300'000;
Result<bool> count_performances(Sqlite& database, std::int64_t now_ms);

// A person whose rows must be deleted.
struct AudiencePerson {
  std::uint64_t today = 0;
  std::uint64_t before = 0;   // 0: no other number
  std::int64_t about_ms = 0;  // searches sessions within kPersonMs of this time
};
constexpr std::int64_t kPersonMs = 2 * kDayMs;
// nullopt: no such session.
Result<std::optional<AudiencePerson>> person_of_session(Sqlite& database, std::int64_t session);
Result<std::int64_t> count_sessions_of(Sqlite& database, const AudiencePerson& person);
// Returns the number of deleted sessions.  Sums stay, with open listenings up to now, because they
// lead back to no person.  Later rows of this person that began before are ignored (kForgottenMs).
// Deleted data is overwritten in the file.
constexpr std::int64_t kForgottenMs = 33 * kDayMs;  // longer than kOldestRowMs
Result<std::int64_t> delete_sessions_of(Sqlite& database, const AudiencePerson& person,
                                        std::int64_t now_ms);

}  // namespace lb
