// Upkeep of the database: what is too old goes, in slices, and titles get their performances.
// Thread: that of the database.
// Errors: as sentence_of().
#pragma once

#include <chrono>
#include <cstdint>

#include "audience/database.h"

namespace lb {

struct AudienceKeeping {
  std::chrono::hours sessions{400 * 24};
  std::chrono::hours titles{400 * 24};
};

// One slice; true: there is more.
Result<bool> prune_audience(Sqlite& database, const AudienceKeeping& keeping, std::int64_t now_ms);
// Of titles that ended kTitleRest ago: the sessions that had a part of them.
constexpr std::int64_t kTitleRest = 300'000;
Result<bool> count_performances(Sqlite& database, std::int64_t now_ms);
// The sessions of these, of today and yesterday: of a person that asks for it.  What they have
// added to the sums stays: it leads back to no person.  How many there were.
Result<std::int64_t> delete_sessions_of(Sqlite& database, std::uint64_t today,
                                        std::uint64_t before);

}  // namespace lb
