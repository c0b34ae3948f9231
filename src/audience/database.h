// AudienceDatabase: the tables of the audience in one SQLite file.
//
// A quarter of an hour is the smallest part of time that the sums have: clocks of all time zones
// of today differ by whole quarters, so a day of any zone is a sum of them.
// Thread: one, which may wait for the disk.
// Ownership: AudienceService.
// Errors: a sentence with what to do.  A file of a later version, one that is damaged, and one of
// another program are left as they are.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "audience/sqlite.h"
#include "base/result.h"

namespace lb {

// The number in the sums for all mounts together; that of a mount is greater.
inline constexpr std::int64_t kAllMounts = 0;

constexpr std::int64_t kQuarterMs = 900'000, kHourMs = 3'600'000, kDayMs = 86'400'000;

// Of a session in the database: `kind` of its rows, or
constexpr std::int64_t kQuickLook = 3;  // too short to have listened

// A server that was not seen for so long is gone: its listeners are counted until then.
constexpr std::int64_t kUnseenMs = 30'000;

// Until the key of their day is gone, and no person can be asked for.
constexpr std::int64_t kPersonKnownMs = 2 * kDayMs;

// A session that was heard for less is not in the mean length of sessions.
constexpr std::int64_t kLongSessionMs = 60'000;

Result<std::unique_ptr<Sqlite>> open_audience_database(const std::string& path);
// For another process than the server, which may be writing to it meanwhile.
Result<std::unique_ptr<Sqlite>> open_audience_to_read(const std::string& path);
// To be run in each transaction that kept the sums of rows, and of titles: what a program of before
// writes without is found when the file is opened, and they are made again.
Statement sums_marked(Sqlite& database);
Statement songs_marked(Sqlite& database);
// Whether the "sums" of all mounts and of days, or those of "songs", have all that there is.
bool are_summed(Sqlite& database, std::string_view what);
// A file that another process reads may have been written by a version that knows fewer.
bool has_table(Sqlite& database, std::string_view name);
// What went wrong with this database, and what to do.
Error sentence_of(const Sqlite& database);

// What the work returns, and all that it has written; nothing of it after an error, or where
// keeps() is false.
template <class Work, class Keeps>
auto in_transaction(Sqlite& database, Work work, Keeps keeps) -> Result<decltype(work())> {
  database.clear();
  if (!database.run("BEGIN IMMEDIATE")) return sentence_of(database);
  auto done = work();
  if (!database.failed() && database.run(keeps() ? "COMMIT" : "ROLLBACK")) return done;
  const Error error = sentence_of(database);
  [[maybe_unused]] const auto back = database.run("ROLLBACK");
  return error;
}
template <class Work>
auto in_transaction(Sqlite& database, Work work) {
  return in_transaction(database, std::move(work), [] { return true; });
}

}  // namespace lb
