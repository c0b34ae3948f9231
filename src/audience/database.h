// AudienceDatabase: the tables of the audience in one SQLite file.
//
// Sums are by quarters of an hour, because all present time zones differ by whole quarters, so a
// day of any zone is a sum of them.
// Thread: one, which may wait for the disk.
// Ownership: AudienceService.
// Errors: a sentence with the remedy.  A file of a later version, a damaged one, and one of another
// program are left unchanged.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "audience/sqlite.h"
#include "base/result.h"

namespace lb {

// The number of all mounts together in the sums; numbers of mounts are greater.
inline constexpr std::int64_t kAllMounts = 0;

constexpr std::int64_t kQuarterMs = 900'000, kHourMs = 3'600'000, kDayMs = 86'400'000;

// The `kind` of a session in the database: that of its rows, or
constexpr std::int64_t kQuickLook = 3;  // too short to have listened

// A server not seen for this time is gone: its listeners are counted up to its last sign.
constexpr std::int64_t kUnseenMs = 30'000;

// After this the key of the day is deleted, so sessions cannot be found by person.
constexpr std::int64_t kPersonKnownMs = 2 * kDayMs;

// Shorter sessions are not in the mean session length.
constexpr std::int64_t kLongSessionMs = 60'000;

Result<std::unique_ptr<Sqlite>> open_audience_database(const std::string& path);
// For another process than the server, which may be writing.
Result<std::unique_ptr<Sqlite>> open_audience_to_read(const std::string& path);
// Must run in each transaction that updates the sums of rows or titles: sums that an older program
// has not updated are detected when the file is opened, and made again.
Statement sums_marked(Sqlite& database);
Statement songs_marked(Sqlite& database);
// Whether the "sums" of all mounts and days, or those of "songs", are complete.
bool are_summed(Sqlite& database, std::string_view what);
// A file that is read by another process may be of an older version without this table.
bool has_table(Sqlite& database, std::string_view name);
// The error of this database, and the remedy.
Error sentence_of(const Sqlite& database);

// Returns the work's result and keeps its writes; after an error, or if keeps() is false, it writes
// nothing.
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
