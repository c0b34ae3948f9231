#include "audience/song_sums.h"

#include <algorithm>

#include "base/cat.h"

namespace lb {
namespace {

// For a mount and a week, and for all mounts together (kAllMounts).
constexpr std::string_view kPutHeard =
    " ON CONFLICT(week, mount, song, country) DO UPDATE SET n = n + excluded.n";
// For equal gains the play counted first stays.
constexpr std::string_view kPutGain =
    " ON CONFLICT(week, mount, song) DO UPDATE SET "
    "most_play = IIF(excluded.most > most, excluded.most_play, most_play), "
    "most = MAX(most, excluded.most), "
    "least_play = IIF(excluded.least < least, excluded.least_play, least_play), "
    "least = MIN(least, excluded.least)";
constexpr std::string_view kPutSong =
    " ON CONFLICT(title) DO UPDATE SET week = MAX(week, excluded.week)";

std::int64_t since_of(Sqlite& database) {
  return database.prepare("SELECT at FROM song_since").first_number();
}

}  // namespace

SongSums::SongSums(Sqlite& database)
    : since_(since_of(database)),
      find_song_(database.prepare("SELECT id FROM song WHERE title=?")),
      put_song_(database.prepare(cat({"INSERT INTO song(title, week) VALUES(?,?)", kPutSong}))),
      put_heard_(database.prepare(cat({"INSERT INTO song_heard VALUES(?,?,?,?,?)", kPutHeard}))),
      put_gain_(database.prepare(cat({"INSERT INTO song_gain VALUES(?,?,?,?,?,?,?)", kPutGain}))) {}

std::int64_t SongSums::song_of(const SongPlay& play) {
  put_song_.run(play.title, play.began / kWeekMs);
  return find_song_.first_number(play.title);
}

void SongSums::heard(const SongPlay& play, std::string_view country, std::int64_t performances) {
  if (play.began < since_ || performances == 0) return;
  const std::int64_t song = song_of(play), week = play.began / kWeekMs;
  for (const std::int64_t mount : {play.mount, kAllMounts})
    put_heard_.run(week, mount, song, country, performances);
}

void SongSums::gained(const SongPlay& play, std::int64_t gain) {
  if (play.began < since_) return;
  const std::int64_t song = song_of(play), week = play.began / kWeekMs;
  put_gain_.run(week, play.mount, song, gain, play.id, gain, play.id);
}

namespace {

void sum_day(Sqlite& database, std::int64_t from, std::int64_t until) {
  const std::string in_it =
      cat({" WHERE p.began>=", from, " AND p.began<", until, " AND p.performances IS NOT NULL"});
  const std::int64_t week = from / kWeekMs;
  const auto sum = [&database](std::string_view what) {
    return database.failed() || database.run(std::string(what));
  };
  sum(cat({"INSERT INTO song(title, week) SELECT DISTINCT p.title, ", week, " FROM play p", in_it,
           kPutSong}));
  sum(cat({"INSERT INTO song_gain SELECT ", week,
           ", p.mount, s.id, l.ended-l.began, p.id, l.ended-l.began, p.id FROM play p JOIN "
           "play_listeners l ON l.play=p.id JOIN song s ON s.title=p.title",
           in_it, kPutGain}));
  for (const std::string_view mount : {"p.mount", "0"})
    sum(cat({"INSERT INTO song_heard SELECT ", week, ", ", mount,
             ", s.id, COALESCE(c.country, ''), SUM(COALESCE(c.n, p.performances)) FROM play p "
             "JOIN song s ON s.title=p.title LEFT JOIN play_country c ON c.play=p.id",
             in_it, " AND p.performances>0 GROUP BY ", mount, " + 0, s.id, 4", kPutHeard}));
}

}  // namespace

Result<bool> sum_songs_of_before(Sqlite& database) {
  database.clear();
  const std::int64_t until = since_of(database);
  if (until == 0) return false;
  return in_transaction(database, [&] {
    Statement oldest =
        database.prepare("SELECT began FROM play WHERE began<? ORDER BY began DESC LIMIT 1");
    const bool is_one = oldest.bind(until).step();
    // Sums the part of the oldest unsummed UTC day.
    const std::int64_t from = is_one ? oldest.number(0) / kDayMs * kDayMs : 0;
    oldest.reset();
    if (is_one) sum_day(database, from, until);
    database.prepare("UPDATE song_since SET at=?").run(from);
    return from > 0;
  });
}

SongWeeks whole_song_weeks(Sqlite& database, std::int64_t from_ms, std::int64_t to_ms) {
  if (!are_summed(database, "songs")) return {};
  // Older weeks are not used, because their sums contain titles that are deleted.
  Statement oldest = database.prepare("SELECT began FROM play ORDER BY began LIMIT 1");
  if (!oldest.step()) return {};
  const std::int64_t from = std::max({from_ms, oldest.number(0), since_of(database)});
  return {(from + kWeekMs - 1) / kWeekMs, to_ms / kWeekMs};
}

}  // namespace lb
