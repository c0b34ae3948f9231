// Upkeep of the database: what is too old goes, in slices, and titles get their performances.
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
  std::int64_t late_ms = 0;  // when rows of days ago came last; 0: never
};

// One slice; true: there is more.
Result<bool> prune_audience(Sqlite& database, const AudienceKeeping& keeping, std::int64_t now_ms);
// Of titles that ended kTitleRest ago: the sessions that had a part of them.
constexpr std::int64_t kTitleRest = 300'000;
Result<bool> count_performances(Sqlite& database, std::int64_t now_ms);

// One that asks for its rows to be deleted.
struct AudiencePerson {
  std::uint64_t today = 0;
  std::uint64_t before = 0;   // 0: it has no other number
  std::int64_t about_ms = 0;  // sessions that began within kPersonMs of then are searched
};
constexpr std::int64_t kPersonMs = 2 * kDayMs;
// nullopt: there is no such session.
Result<std::optional<AudiencePerson>> person_of_session(Sqlite& database, std::int64_t session);
Result<std::int64_t> count_sessions_of(Sqlite& database, const AudiencePerson& person);
// How many there were.  The sums stay, with what goes on up to now: they lead back to no person.
// Rows of this person that come later and began before are passed over (kForgottenMs).  What is
// deleted is overwritten in the file.
constexpr std::int64_t kForgottenMs = 33 * kDayMs;  // longer than kOldestRowMs
Result<std::int64_t> delete_sessions_of(Sqlite& database, const AudiencePerson& person,
                                        std::int64_t now_ms);

}  // namespace lb
