#include "audience/database.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "audience/day_sums.h"
#include "audience/fortnights.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::int64_t kTableVersion = 1;
constexpr std::int64_t kApplication = 0x6c626175;  // "lbau" in ASCII

// session.counted: the session is in the sums.  recent: sessions that may continue, or whose person
// may still be requested; only this table finds them by person.  piece: the heard parts of sessions
// that are not counted yet.  slot: sums by quarters of an hour.  split: sums by hours.
constexpr const char* kTables = R"(
CREATE TABLE journal(id INTEGER PRIMARY KEY, node TEXT NOT NULL, epoch TEXT NOT NULL, seen INTEGER NOT NULL,
  UNIQUE(node, epoch));
CREATE TABLE mount(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE player(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE session(id INTEGER PRIMARY KEY, mount INTEGER NOT NULL, who INTEGER NOT NULL, began INTEGER NOT NULL,
  ended INTEGER NOT NULL, heard INTEGER NOT NULL, bytes INTEGER NOT NULL, country TEXT NOT NULL,
  player INTEGER NOT NULL, way INTEGER NOT NULL, kind INTEGER NOT NULL, open INTEGER NOT NULL,
  connections INTEGER NOT NULL, counted INTEGER NOT NULL);
CREATE INDEX session_began ON session(began);
CREATE TABLE recent(mount INTEGER NOT NULL, who INTEGER NOT NULL, session INTEGER NOT NULL, began INTEGER NOT NULL,
  ended INTEGER NOT NULL, open INTEGER NOT NULL, PRIMARY KEY(mount, who, session)) WITHOUT ROWID;
CREATE INDEX recent_ended ON recent(ended);
CREATE TABLE open(journal INTEGER NOT NULL, begun INTEGER NOT NULL, session INTEGER NOT NULL, began INTEGER NOT NULL,
  PRIMARY KEY(journal, begun)) WITHOUT ROWID;
CREATE INDEX open_session ON open(session);
CREATE TABLE piece(session INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL, bytes INTEGER NOT NULL);
CREATE INDEX piece_session ON piece(session);
CREATE TABLE slot(mount INTEGER NOT NULL, at INTEGER NOT NULL, ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
  sessions INTEGER NOT NULL, PRIMARY KEY(mount, at)) WITHOUT ROWID;
CREATE TABLE split(mount INTEGER NOT NULL, hour INTEGER NOT NULL, country TEXT NOT NULL, player INTEGER NOT NULL,
  ms INTEGER NOT NULL, bytes INTEGER NOT NULL, sessions INTEGER NOT NULL,
  PRIMARY KEY(mount, hour, country, player)) WITHOUT ROWID;
CREATE TABLE seen(day INTEGER NOT NULL, mount INTEGER NOT NULL, who INTEGER NOT NULL,
  PRIMARY KEY(day, mount, who)) WITHOUT ROWID;
CREATE TABLE people(mount INTEGER NOT NULL, day INTEGER NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY(mount, day)) WITHOUT ROWID;
CREATE TABLE play(id INTEGER PRIMARY KEY, mount INTEGER NOT NULL, began INTEGER NOT NULL, title TEXT NOT NULL,
  ended INTEGER, performances INTEGER);
CREATE INDEX play_began ON play(mount, began);
)";

// Programs of the same version that do not know these tables ignore them.
// play_listeners: the sessions open when a title began, and when it ended.
// pause: pauses of sessions that went on, kept as long as recent.
// song_described: the newest facts of a title at a mount (SongFacts), and their time.
// forgotten: later rows of these people that began up to then are ignored.
// journal_seen: the last time at which a journal's server was up.
// open_until: the open sessions of servers that are gone, and the time up to which titles count
// them.
// lost: the end of the session may be in rows that never come.
// open_shift: by how many milliseconds this server's clock was set since an open listening began.
// split_day: the sums of split by days (UTC).
// song, song_gain, song_heard: sums of titles by weeks; song_since: the start of the summed titles.
// song.week: the last week with the title.
// mount_account: the account of a mount's last record; mount_since: when that record was made, ms.
// mount_before: the accounts that had the mount this month, and until when, ms.
// mount_rate: the bytes a second of a mount's stream, as last measured.
// unsummed: the sums that the last writer has not updated.  Triggers set it for any writing
// program; a program that updates the sums removes it in the same transaction (sums_marked()).
constexpr const char* kLaterTables = R"(
CREATE TABLE IF NOT EXISTS play_country(play INTEGER NOT NULL, country TEXT NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY(play, country)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS play_listeners(play INTEGER PRIMARY KEY, began INTEGER NOT NULL, ended INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pause(mount INTEGER NOT NULL, began INTEGER NOT NULL, session INTEGER NOT NULL,
  ended INTEGER NOT NULL, PRIMARY KEY(mount, began, session)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pause_session ON pause(session);
CREATE INDEX IF NOT EXISTS pause_ended ON pause(ended);
CREATE TABLE IF NOT EXISTS song_described(mount INTEGER NOT NULL, title TEXT NOT NULL, at INTEGER NOT NULL,
  isrc TEXT NOT NULL, album TEXT NOT NULL, label TEXT NOT NULL, label_code TEXT NOT NULL, composer TEXT NOT NULL,
  PRIMARY KEY(mount, title)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS song_described_at ON song_described(at);
CREATE TABLE IF NOT EXISTS forgotten(who INTEGER PRIMARY KEY, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS open_until(session INTEGER PRIMARY KEY, at INTEGER NOT NULL, lost INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS open_shift(journal INTEGER NOT NULL, begun INTEGER NOT NULL, ms INTEGER NOT NULL,
  PRIMARY KEY(journal, begun)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal_seen(journal INTEGER PRIMARY KEY, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS mount_account(mount INTEGER PRIMARY KEY, account TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mount_since(mount INTEGER PRIMARY KEY, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS mount_before(mount INTEGER NOT NULL, until INTEGER NOT NULL, account TEXT NOT NULL,
  PRIMARY KEY(mount, until)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mount_rate(mount INTEGER PRIMARY KEY, rate INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS session_mount ON session(mount, began);
CREATE INDEX IF NOT EXISTS play_at ON play(began);
CREATE INDEX IF NOT EXISTS play_due ON play(ended) WHERE performances IS NULL;
CREATE TABLE IF NOT EXISTS split_day(mount INTEGER NOT NULL, day INTEGER NOT NULL, country TEXT NOT NULL,
  player INTEGER NOT NULL, ms INTEGER NOT NULL, bytes INTEGER NOT NULL, sessions INTEGER NOT NULL,
  PRIMARY KEY(mount, day, country, player)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS song(id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, week INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS song_week ON song(week);
CREATE TABLE IF NOT EXISTS song_gain(week INTEGER NOT NULL, mount INTEGER NOT NULL, song INTEGER NOT NULL,
  most INTEGER NOT NULL, most_play INTEGER NOT NULL, least INTEGER NOT NULL, least_play INTEGER NOT NULL,
  PRIMARY KEY(week, mount, song)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS song_heard(week INTEGER NOT NULL, mount INTEGER NOT NULL, song INTEGER NOT NULL,
  country TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(week, mount, song, country)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS song_since(at INTEGER NOT NULL);
INSERT INTO song_since SELECT COALESCE((SELECT MAX(began)+1 FROM play), 0)
  WHERE NOT EXISTS(SELECT 1 FROM song_since);
CREATE TABLE IF NOT EXISTS unsummed(sums INTEGER NOT NULL, songs INTEGER NOT NULL);
INSERT INTO unsummed SELECT EXISTS(SELECT 1 FROM slot), EXISTS(SELECT 1 FROM song_heard)
  WHERE NOT EXISTS(SELECT 1 FROM unsummed);
CREATE TRIGGER IF NOT EXISTS rows_merged AFTER UPDATE OF seen ON journal
  BEGIN UPDATE unsummed SET sums=1 WHERE sums=0; END;
CREATE TRIGGER IF NOT EXISTS person_forgotten AFTER INSERT ON forgotten
  BEGIN UPDATE unsummed SET sums=1 WHERE sums=0; END;
CREATE TRIGGER IF NOT EXISTS person_forgotten_again AFTER UPDATE ON forgotten
  BEGIN UPDATE unsummed SET sums=1 WHERE sums=0; END;
CREATE TRIGGER IF NOT EXISTS title_counted AFTER UPDATE OF performances ON play
  BEGIN UPDATE unsummed SET songs=1 WHERE songs=0; END;
)";

// Makes the sums of all mounts (kAllMounts), and by days, from the sums that every version writes.
constexpr const char* kSumsAnew = R"(
BEGIN IMMEDIATE;
DELETE FROM slot WHERE mount=0;
DELETE FROM split WHERE mount=0;
DELETE FROM split_day;
INSERT INTO slot SELECT 0, at, SUM(ms), SUM(bytes), SUM(sessions) FROM slot GROUP BY at;
INSERT INTO split SELECT 0, hour, country, player, SUM(ms), SUM(bytes), SUM(sessions) FROM split
  GROUP BY hour, country, player;
INSERT INTO split_day SELECT mount, hour/24 AS day, country, player, SUM(ms), SUM(bytes), SUM(sessions) FROM split
  GROUP BY mount, day, country, player;
UPDATE unsummed SET sums=0;
COMMIT;
)";

// slot_short: the short sessions in slot (kLongSessionMs).  A trigger updates it for any writing
// program, so it is made once.  join() of AudienceMerge uncounts a session before it deletes it;
// sessions deleted later stay in the sums.
constexpr const char* kShortSums = R"(
BEGIN IMMEDIATE;
CREATE TABLE slot_short(mount INTEGER NOT NULL, at INTEGER NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY(mount, at)) WITHOUT ROWID;
INSERT INTO slot_short SELECT mount, began/900000, COUNT(*) FROM session WHERE counted=1 AND heard<60000
  GROUP BY 1, 2;
INSERT INTO slot_short SELECT 0, at, SUM(n) FROM slot_short GROUP BY at;
CREATE TRIGGER session_grew AFTER UPDATE OF heard, counted ON session
  WHEN (NEW.counted=1 AND NEW.heard<60000) <> (OLD.counted=1 AND OLD.heard<60000)
  BEGIN
    INSERT INTO slot_short VALUES(NEW.mount, NEW.began/900000, 2*(NEW.counted=1 AND NEW.heard<60000)-1)
      ON CONFLICT(mount, at) DO UPDATE SET n=n+excluded.n;
    INSERT INTO slot_short VALUES(0, NEW.began/900000, 2*(NEW.counted=1 AND NEW.heard<60000)-1)
      ON CONFLICT(mount, at) DO UPDATE SET n=n+excluded.n;
  END;
COMMIT;
)";

static_assert(kQuarterMs == 900'000 && kLongSessionMs == 60'000 && kAllMounts == 0);

// Starts over; sum_songs_of_before() then sums all titles again.
constexpr const char* kSongsAnew = R"(
BEGIN IMMEDIATE;
DELETE FROM song_gain;
DELETE FROM song_heard;
DELETE FROM song;
UPDATE song_since SET at=COALESCE((SELECT MAX(began)+1 FROM play), 0);
UPDATE unsummed SET songs=0;
COMMIT;
)";

Result<void> make_tables(Sqlite& database) {
  return database.run(cat({"BEGIN IMMEDIATE;", kTables, "PRAGMA application_id=", kApplication,
                           ";PRAGMA user_version=", kTableVersion, ";COMMIT;"}));
}

std::int64_t pragma(Sqlite& database, std::string_view name) {
  return database.prepare(cat({"PRAGMA ", name})).first_number();
}

Result<void> make_sums_anew(Sqlite& database) {
  Statement asked = database.prepare("SELECT sums, songs FROM unsummed");
  if (!asked.step()) return {};
  const bool sums = asked.number(0) != 0, songs = asked.number(1) != 0;
  asked.reset();
  if (sums)
    if (auto made = database.run(kSumsAnew); !made) return made;
  return songs ? database.run(kSongsAnew) : Result<void>();
}

// The reason why this program must not use the file; nullopt: it may.
std::optional<Error> judge(Sqlite& database) {
  const std::int64_t version = pragma(database, "user_version"),
                     application = pragma(database, "application_id");
  if (database.failed()) return sentence_of(database);
  if (application != kApplication)
    return Error::invalid(database.path() +
                          ": is the database of another program, and is left as it is; name "
                          "another file in <audience><database>");
  if (version != kTableVersion)
    return Error::unsupported(cat({database.path(), ": has tables of version ", version,
                                   ", and this program has version ", kTableVersion,
                                   "; go on with the version of icecast-lb that wrote it, or name "
                                   "another file in <audience><database>"}));
  return std::nullopt;
}

}  // namespace

Error sentence_of(const Sqlite& database) {
  const int failure = database.failure();
  std::string_view help = "it is tried again";
  if (is_broken(failure))
    help =
        "the database is damaged: stop the server, move the file away with its -wal file, and put "
        "a copy in its place, or let the server make another one";
  else if (is_locked(failure))
    help = "another program holds it: end that one; it is tried again";
  else if (is_full(failure))
    help =
        "the disk is full, or the file may not be written: make room, or give it to the server's "
        "user; it is tried again";
  return Error::io(cat({database.path(), ": ", database.error().what, "; ", help}));
}

Result<std::unique_ptr<Sqlite>> open_audience_database(const std::string& path) {
  // The rows are about people, so only the server may read the file and SQLite's files beside it.
  const mode_t mask = ::umask(0077);
  auto opened = Sqlite::open(path);
  ::umask(mask);
  if (!opened)
    return Error::io(cat({path, ": ", opened.error().what,
                          "; its directory has to be there, and the server's user must be able to "
                          "write to it; it is tried again"}));
  Sqlite& database = **opened;
  const std::int64_t application = pragma(database, "application_id");
  const std::int64_t count = database.prepare("SELECT COUNT(*) FROM sqlite_master").first_number();
  if (database.failed()) return sentence_of(database);
  const bool is_new = count == 0 && application == 0;
  // The journal mode is stored in the file, so a foreign file is recognised before it is set.
  if (!is_new)
    if (auto foreign = judge(database)) return *std::move(foreign);
  if (!database.run("PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA cache_size=-16000;"
                    "PRAGMA temp_store=MEMORY;"))
    return sentence_of(database);
  if (is_new && !make_tables(database)) return sentence_of(database);
  if (!database.run(kLaterTables) || (!is_new && !make_sums_anew(database)) ||
      (!has_table(database, "slot_short") && !database.run(kShortSums)) ||
      (!has_table(database, "slot_unsummed") && !database.run(kDayTables)) ||
      (!has_table(database, "slot_restless") && !database.run(kRestTables)) ||
      (!has_table(database, "fortnight_due") && !database.run(kFortnightTables))) {
    const Error error = sentence_of(database);
    [[maybe_unused]] const auto back = database.run("ROLLBACK");
    return error;
  }
  return opened;
}

bool has_table(Sqlite& database, std::string_view name) {
  return database.prepare("SELECT 1 FROM sqlite_master WHERE name=?").first_number(name) != 0;
}

bool are_summed(Sqlite& database, std::string_view what) {
  if (!has_table(database, "unsummed")) return false;
  Statement asked = database.prepare(cat({"SELECT ", what, " FROM unsummed"}));
  return asked.step() && asked.number(0) == 0;
}

Statement sums_marked(Sqlite& database) {
  return database.prepare("UPDATE unsummed SET sums=0 WHERE sums=1");
}

Statement songs_marked(Sqlite& database) {
  return database.prepare("UPDATE unsummed SET songs=0 WHERE songs=1");
}

Result<std::unique_ptr<Sqlite>> open_audience_to_read(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0)
    return Error::not_found(cat({path, ": ", std::strerror(errno),
                                 "; a server with <audience> makes it, and one that has masters "
                                 "with <audience> sends its rows there"}));
  auto opened = Sqlite::open(path, Sqlite::Access::kRead);
  if (!opened) return Error::io(cat({path, ": ", opened.error().what}));
  if (auto foreign = judge(**opened)) return *std::move(foreign);
  return opened;
}

}  // namespace lb
