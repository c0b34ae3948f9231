#include "audience/upkeep.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "audience/merge.h"
#include "audience/song_sums.h"

namespace lb {
namespace {

constexpr std::int64_t kSlice = 1000;
// The longest pause between two batches of late rows (kPersonKnownMs) from one journal.
constexpr std::int64_t kLateRest = 600'000;
// The longest <window>.
constexpr std::int64_t kLongestPauseMs = kHourMs;

std::vector<std::int64_t> sessions_of(Sqlite& database, const AudiencePerson& person) {
  std::vector<std::int64_t> found;
  const std::uint64_t today = person.today, before = person.before == 0 ? today : person.before;
  Statement asked = database.prepare(
      "SELECT session FROM recent WHERE who=? OR who=? UNION SELECT id FROM session WHERE "
      "began>=? AND began<=? AND (who=? OR who=?)");
  asked.bind(today, before, person.about_ms - kPersonMs, person.about_ms + kPersonMs, today,
             before);
  while (asked.step()) found.push_back(asked.number(0));
  return found;
}

// Earlier rows are deleted.
struct KeptFrom {
  std::int64_t sessions = 0, titles = 0;
  std::int64_t known = 0;   // people
  std::int64_t recent = 0;  // sessions that may go on or be counted
  std::int64_t week = 0;    // sums of songs, by the number of their week
};

KeptFrom kept_from(Sqlite& database, const AudienceKeeping& keeping, std::int64_t now_ms) {
  const auto old = [now_ms](std::chrono::hours kept) {
    return now_ms - std::chrono::milliseconds(kept).count();
  };
  KeptFrom from;
  from.sessions = old(keeping.sessions);
  from.titles = old(keeping.titles);
  Statement first = database.prepare("SELECT began FROM play ORDER BY began LIMIT 1");
  // No report reads sums of weeks before the oldest title.
  from.week = (first.step() ? first.number(0) : from.titles) / kWeekMs;
  // A node whose master was away may send rows of past days, so titles are counted before people
  // are forgotten.  The plus keeps SQLite from searching all titles instead of the uncounted ones.
  Statement uncounted =
      database.prepare("SELECT MIN(+began) FROM play WHERE performances IS NULL AND ended<?");
  uncounted.bind(now_ms);
  const bool is_due = uncounted.step() && !uncounted.is_null(0);
  // While late rows arrive, people and sessions of their days may still occur in more of them.
  from.known = now_ms - keeping.late_ms < kLateRest ? 0 : now_ms - kPersonKnownMs;
  from.recent = std::min(from.known, is_due ? uncounted.number(0) : now_ms);
  return from;
}

}  // namespace

Result<bool> prune_audience(Sqlite& database, const AudienceKeeping& keeping, std::int64_t now_ms) {
  if (!keeping.trusts_clock) return false;
  return in_transaction(database, [&] {
    const KeptFrom from = kept_from(database, keeping, now_ms);
    const struct {
      std::string_view sql;
      std::int64_t before;
    } slices[] = {
        {"DELETE FROM session WHERE id IN (SELECT id FROM session WHERE began<? AND open=0 LIMIT "
         "?)",
         from.sessions},
        // With a server that is gone, a session may have gone on in this one.
        {"DELETE FROM recent WHERE (mount, who, session) IN (SELECT mount, who, session FROM "
         "recent r WHERE ended<? AND open=0 AND NOT EXISTS(SELECT 1 FROM recent WHERE "
         "mount=r.mount AND who=r.who AND open>0) LIMIT ?)",
         from.recent},
        {"DELETE FROM pause WHERE (mount, began, session) IN (SELECT mount, began, session FROM "
         "pause WHERE ended<? LIMIT ?)",
         from.recent},
        {"DELETE FROM piece WHERE rowid IN (SELECT p.rowid FROM piece p LEFT JOIN session s ON "
         "s.id=p.session LEFT JOIN recent r ON r.mount=s.mount AND r.who=s.who AND r.session=s.id "
         "WHERE r.session IS NULL AND p.ended<? LIMIT ?)",
         from.known},
        {"DELETE FROM seen WHERE (day, mount, who) IN (SELECT day, mount, who FROM seen WHERE "
         "day<? LIMIT ?)",
         from.known / kDayMs},
        // No row of theirs is taken any more (kOldestRowMs).  The newest of each node stays: it
        // ends the listenings of those before it.
        {"DELETE FROM journal WHERE id IN (SELECT j.id FROM journal_seen n JOIN journal j ON "
         "j.id=n.journal WHERE n.at<? AND EXISTS(SELECT 1 FROM journal WHERE node=j.node AND "
         "id>j.id) AND NOT EXISTS(SELECT 1 FROM open WHERE journal=j.id) LIMIT ?)",
         now_ms - kForgottenMs},
        {"DELETE FROM journal_seen WHERE journal IN (SELECT journal FROM journal_seen n WHERE "
         "at<? AND NOT EXISTS(SELECT 1 FROM journal WHERE id=n.journal) LIMIT ?)",
         now_ms},
        {"DELETE FROM forgotten WHERE who IN (SELECT who FROM forgotten WHERE at<? LIMIT ?)",
         now_ms - kForgottenMs},
        {"DELETE FROM play_country WHERE play IN (SELECT id FROM play WHERE began<? ORDER BY began "
         "LIMIT ?)",
         from.titles},
        {"DELETE FROM play_listeners WHERE play IN (SELECT id FROM play WHERE began<? ORDER BY "
         "began "
         "LIMIT ?)",
         from.titles},
        {"DELETE FROM play WHERE id IN (SELECT id FROM play WHERE began<? ORDER BY began LIMIT ?)",
         from.titles},
        {"DELETE FROM song_described WHERE (mount, title) IN (SELECT mount, title FROM "
         "song_described WHERE "
         "at<? LIMIT ?)",
         from.titles},
        {"DELETE FROM song_gain WHERE (week, mount, song) IN (SELECT week, mount, song FROM "
         "song_gain WHERE week<? LIMIT ?)",
         from.week},
        {"DELETE FROM song_heard WHERE (week, mount, song, country) IN (SELECT week, mount, song, "
         "country FROM song_heard WHERE week<? LIMIT ?)",
         from.week},
        {"DELETE FROM song WHERE id IN (SELECT id FROM song WHERE week<? LIMIT ?)", from.week},
    };
    bool more = false;
    for (const auto& slice : slices) {
      Statement gone = database.prepare(slice.sql);
      gone.run(slice.before, kSlice);
      more = more || (!database.failed() && database.changes() == kSlice);
    }
    return more;
  });
}

Result<bool> count_performances(Sqlite& database, std::int64_t now_ms) {
  return in_transaction(database, [&] {
    struct Play : SongPlay {
      std::int64_t ended = 0;
    };
    std::vector<Play> plays;
    Statement due = database.prepare(
        "SELECT id, mount, began, title, ended FROM play WHERE performances IS NULL AND ended<? "
        "LIMIT ?");
    due.bind(now_ms - kTitleRest, 100);
    while (due.step())
      plays.push_back(
          {{due.number(0), due.number(1), due.number(2), std::string(due.text(3))}, due.number(4)});
    SongSums songs(database);
    // One read for each title: by country those that heard a part of it, and those there at its
    // start and at its end.  One of a server that is gone counts up to the server's last sign.
    // Listenings of the past (way 2) heard none.
    Statement heard = database.prepare(
        "SELECT country, SUM(began<?3), SUM(began<=?2), SUM(until>?3) FROM (SELECT s.country AS "
        "country, r.began AS began, CASE WHEN r.open=0 THEN r.ended ELSE COALESCE(u.at, "
        "r.began+1000000000000) END AS until FROM recent r JOIN session s ON s.id=r.session LEFT "
        "JOIN open_until u ON u.session=r.session WHERE r.mount=?1 AND s.kind=0 AND s.way<>2 AND "
        "(s.counted=1 OR r.open>0)) WHERE until>?2 AND began<=?3 GROUP BY country");
    // Those of them that paused meanwhile.
    Statement paused = database.prepare(
        "SELECT s.country, SUM(g.began<=?2 AND g.ended>=?3), SUM(g.began<=?2 AND g.ended>?2), "
        "SUM(g.began<=?3 AND g.ended>?3) FROM pause g CROSS JOIN session s ON s.id=g.session CROSS "
        "JOIN recent r ON r.mount=s.mount AND r.who=s.who AND r.session=s.id WHERE g.mount=?1 AND "
        "g.began>?2-?4 AND g.began<=?3 AND g.ended>=?2 AND s.kind=0 AND s.way<>2 AND (s.counted=1 "
        "OR r.open>0) GROUP BY s.country");
    Statement put = database.prepare("INSERT OR REPLACE INTO play_country VALUES(?,?,?)");
    Statement listeners = database.prepare("INSERT OR REPLACE INTO play_listeners VALUES(?,?,?)");
    Statement set = database.prepare("UPDATE play SET performances=? WHERE id=?");
    for (const Play& play : plays) {
      std::int64_t count = 0, first = 0, last = 0;
      std::map<std::string, std::int64_t, std::less<>> absent;
      paused.bind(play.mount, play.began, play.ended, kLongestPauseMs);
      while (paused.step()) {
        absent[std::string(paused.text(0))] = paused.number(1);
        first -= paused.number(2);
        last -= paused.number(3);
      }
      heard.bind(play.mount, play.began, play.ended);
      while (heard.step()) {
        first += heard.number(2);
        last += heard.number(3);
        const auto less = absent.find(heard.text(0));
        const std::int64_t had = heard.number(1) - (less == absent.end() ? 0 : less->second);
        if (had == 0) continue;  // they came at its end, or came back after it
        count += had;
        put.run(play.id, heard.text(0), had);
        songs.heard(play, heard.text(0), had);
      }
      set.run(count, play.id);
      listeners.run(play.id, first, last);
      songs.gained(play, last - first);
    }
    songs_marked(database).run();
    return plays.size() == 100;
  });
}

Result<std::optional<AudiencePerson>> person_of_session(Sqlite& database, std::int64_t session) {
  database.clear();
  std::optional<AudiencePerson> person;
  Statement asked = database.prepare("SELECT who, began FROM session WHERE id=?");
  if (asked.bind(session).step())
    person = AudiencePerson{static_cast<std::uint64_t>(asked.number(0)), 0, asked.number(1)};
  asked.reset();
  if (database.failed()) return sentence_of(database);
  return person;
}

Result<std::int64_t> count_sessions_of(Sqlite& database, const AudiencePerson& person) {
  database.clear();
  const auto count = static_cast<std::int64_t>(sessions_of(database, person).size());
  if (database.failed()) return sentence_of(database);
  return count;
}

Result<std::int64_t> delete_sessions_of(Sqlite& database, const AudiencePerson& person,
                                        std::int64_t now_ms) {
  std::int64_t count = 0;
  if (!database.run("PRAGMA secure_delete=ON")) return sentence_of(database);
  AudienceMerge merge(database, std::chrono::seconds(0));
  const auto done = in_transaction(database, [&] {
    for (const std::int64_t session : sessions_of(database, person))
      merge.end_open(session, now_ms);
    // Ending the sessions may have joined two of them.
    const std::vector<std::int64_t> found = sessions_of(database, person);
    for (const std::string_view sql :
         {"DELETE FROM session WHERE id=?", "DELETE FROM piece WHERE session=?",
          "DELETE FROM pause WHERE session=?", "DELETE FROM open WHERE session=?",
          "DELETE FROM recent WHERE session=?"}) {
      Statement gone = database.prepare(sql);
      for (const std::int64_t session : found) gone.run(session);
    }
    Statement seen = database.prepare("DELETE FROM seen WHERE who=?");
    Statement forgotten = database.prepare(
        "INSERT INTO forgotten VALUES(?,?) ON CONFLICT(who) DO UPDATE SET at=excluded.at");
    for (const std::uint64_t who : {person.today, person.before}) {
      if (who == 0) continue;
      seen.run(who);
      forgotten.run(who, now_ms);
    }
    sums_marked(database).run();
    count = static_cast<std::int64_t>(found.size());
    return false;
  });
  if (!done) return done.error();
  // SQLite's log keeps the old pages until it is truncated.
  if (!database.run("PRAGMA wal_checkpoint(TRUNCATE);PRAGMA secure_delete=OFF"))
    return sentence_of(database);
  return count;
}

}  // namespace lb
