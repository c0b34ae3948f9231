#include "audience/play_changes.h"

#include <algorithm>
#include <vector>

#include "audience/song_sums.h"

namespace lb {

PlayChanges::PlayChanges(Sqlite& database)
    : database_(database),
      counted_until_(database.prepare("SELECT ended FROM play WHERE mount=? AND performances IS "
                                      "NOT NULL ORDER BY began DESC LIMIT 1")) {}

void PlayChanges::add(std::int64_t mount, const std::string& country, Part part, int sign) {
  if (part.began >= part.ended) return;
  Changes& changes = changes_[mount][country];
  const auto put = [&changes, sign](std::int64_t at, std::int64_t Change::*what) {
    Change& change = changes[at];
    change.*what += sign;
    if (change.begins == 0 && change.ends == 0) changes.erase(at);
  };
  put(part.began, &Change::begins);
  if (part.ended != kGoesOn) put(part.ended, &Change::ends);
}

void PlayChanges::write() {
  bool changed = false;
  for (const auto& [mount, countries] : changes_) changed = write(mount, countries) || changed;
  if (changed) songs_marked(database_).run();
  forget();
}

bool PlayChanges::write(std::int64_t mount, const Countries& countries) {
  std::int64_t first = kGoesOn;
  for (const auto& [country, changes] : countries)
    if (!changes.empty()) first = std::min(first, changes.begin()->first);
  if (first == kGoesOn || first >= counted_until_.first_number(mount)) return false;
  struct Play : SongPlay {
    std::int64_t ended = 0;
  };
  std::vector<Play> plays;
  Statement asked = database_.prepare(
      "SELECT id, began, ended, title FROM play WHERE mount=? AND began>=COALESCE((SELECT "
      "MAX(began) FROM play WHERE mount=? AND began<=?), ?) AND performances IS NOT NULL ORDER BY "
      "began");
  asked.bind(mount, mount, first, first);
  while (asked.step())
    plays.push_back(
        {{asked.number(0), mount, asked.number(1), std::string(asked.text(3))}, asked.number(2)});
  Statement put = database_.prepare(
      "INSERT INTO play_country VALUES(?,?,?) ON CONFLICT(play, country) DO UPDATE SET n = n + "
      "excluded.n");
  Statement set = database_.prepare("UPDATE play SET performances=performances+? WHERE id=?");
  SongSums songs(database_);
  for (const auto& [country, changes] : countries) {
    // For each title: the parts that began before its end, minus those that ended before its start.
    auto begins = changes.begin(), ends = changes.begin();
    std::int64_t count = 0;
    for (const Play& play : plays) {
      for (; begins != changes.end() && begins->first < play.ended; ++begins)
        count += begins->second.begins;
      for (; ends != changes.end() && ends->first <= play.began; ++ends) count -= ends->second.ends;
      if (count == 0) continue;
      put.run(play.id, country, count);
      set.run(count, play.id);
      songs.heard(play, country, count);
    }
  }
  return true;
}

}  // namespace lb
