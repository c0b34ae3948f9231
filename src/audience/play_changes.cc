#include "audience/play_changes.h"

#include <algorithm>

namespace lb {

PlayChanges::PlayChanges(Sqlite& database)
    : database_(database),
      counted_until_(database.prepare("SELECT ended FROM play WHERE mount=? AND performances IS "
                                      "NOT NULL ORDER BY began DESC LIMIT 1")) {}

void PlayChanges::add(std::int64_t mount, const std::string& country, Part part, int sign) {
  if (part.is_none()) return;
  Changes& changes = changes_[mount][country].changes;
  const auto put = [&changes, sign](std::int64_t at, std::int64_t Change::*what) {
    Change& change = changes[at];
    change.*what += sign;
    if (change.begins == 0 && change.ends == 0) changes.erase(at);
  };
  put(part.began, &Change::begins);
  if (part.ended != kGoesOn) put(part.ended, &Change::ends);
}

void PlayChanges::add_pause(std::int64_t mount, const std::string& country, Part pause, int sign) {
  Pauses& pauses = changes_[mount][country].pauses;
  const auto at = pauses.try_emplace({pause.began, pause.ended}).first;
  if ((at->second += sign) == 0) pauses.erase(at);
}

void PlayChanges::write() {
  bool changed = false;
  for (const auto& [mount, countries] : changes_) changed = write(mount, countries) || changed;
  if (changed) songs_marked(database_).run();
  forget();
}

// For each title: the parts that began before its end, minus those that ended before its start, and
// minus the pauses around it.
std::vector<std::int64_t> PlayChanges::performances(const std::vector<Play>& plays,
                                                    const OfCountry& of) {
  std::vector<std::int64_t> counts;
  counts.reserve(plays.size());
  auto begins = of.changes.begin(), ends = begins;
  std::int64_t count = 0;
  for (const Play& play : plays) {
    for (; begins != of.changes.end() && begins->first < play.ended; ++begins)
      count += begins->second.begins;
    for (; ends != of.changes.end() && ends->first <= play.began; ++ends)
      count -= ends->second.ends;
    counts.push_back(count);
  }
  for (const auto& [pause, times] : of.pauses) {
    const auto [began, ended] = pause;
    auto play = std::partition_point(
        plays.begin(), plays.end(), [began = began](const Play& one) { return one.began < began; });
    for (; play != plays.end() && play->began <= ended; ++play)
      if (play->ended <= ended) counts[static_cast<std::size_t>(play - plays.begin())] -= times;
  }
  return counts;
}

bool PlayChanges::write(std::int64_t mount, const Countries& countries) {
  std::int64_t first = kGoesOn;
  for (const auto& [country, of] : countries) {
    if (!of.changes.empty()) first = std::min(first, of.changes.begin()->first);
    if (!of.pauses.empty()) first = std::min(first, of.pauses.begin()->first.first);
  }
  if (first == kGoesOn || first >= counted_until_.first_number(mount)) return false;
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
  for (const auto& [country, of] : countries) {
    const std::vector<std::int64_t> counts = performances(plays, of);
    for (std::size_t i = 0; i < plays.size(); ++i) {
      if (counts[i] == 0) continue;
      put.run(plays[i].id, country, counts[i]);
      set.run(counts[i], plays[i].id);
      songs.heard(plays[i], country, counts[i]);
    }
  }
  return true;
}

}  // namespace lb
