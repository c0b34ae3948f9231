#include "audience/song_fill.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "audience/report.h"
#include "base/strings.h"
#include "media/metadata.h"

namespace lb {
namespace {

// Texts that begin alike differ by what stands behind: "(Radio Edit)", "feat. …".
constexpr double kPartOfIt = 0.9;
// Of texts compared, some seconds; a log of 100,000 rows has less than half of it.
constexpr std::size_t kMaxCompared = 50'000'000;

// Words with one blank between them; what is no letter or digit of ASCII, and no other character,
// is none.
std::string words_of(std::string_view text) {
  std::string words;
  for (const char c : to_lower(text)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_word = byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_word)
      words += c;
    else if (c != '\'' && !words.empty() && words.back() != ' ')
      words += ' ';
  }
  if (words.ends_with(' ')) words.pop_back();
  return words;
}

std::vector<std::string_view> pairs_of(std::string_view words) {
  std::vector<std::string_view> pairs;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) pairs.push_back(words.substr(i, 2));
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

// Of a title of the stream, "Artist - Title", and a row: as like as the less like of the two.
double likeness_of(std::string_view title, const LoggedPlay& play) {
  const SongParts parts = song_parts(title);
  if (play.artist.empty() || parts.artist.empty())
    return std::max(likeness(title, play.title),
                    likeness(title, song_text(play.artist, play.title)));
  return std::min(likeness(parts.artist, play.artist), likeness(parts.title, play.title));
}

// left: bytes that may still be compared; 0: the answer is of no use.
std::string title_like(Statement& asked, std::int64_t mount, const LoggedPlay& play,
                       std::size_t& left) {
  std::string best;
  double best_likeness = kAlike;
  std::int64_t distance = kNear + 1;
  asked.bind(mount, play.at_ms - kNear, play.at_ms + kNear);
  while (left > 0 && asked.step()) {
    left -= std::min(left, asked.text(1).size() + play.artist.size() + play.title.size());
    const double now = likeness_of(asked.text(1), play);
    const std::int64_t away = std::abs(asked.number(0) - play.at_ms);
    if (now < best_likeness || (now == best_likeness && away >= distance)) continue;
    best_likeness = now;
    distance = away;
    best = asked.text(1);
  }
  return best;
}

}  // namespace

double likeness(std::string_view a, std::string_view b) {
  std::string one = words_of(a), other = words_of(b);
  if (one.empty() || other.empty()) return 0;
  if (one == other) return 1;
  if (one.size() > other.size()) std::swap(one, other);
  if (other.starts_with(one + " ")) return kPartOfIt;
  const auto pairs = pairs_of(one), others = pairs_of(other);
  std::vector<std::string_view> common;
  std::set_intersection(pairs.begin(), pairs.end(), others.begin(), others.end(),
                        std::back_inserter(common));
  // Both have a letter at least.
  return 2 * static_cast<double>(common.size()) /
         static_cast<double>(std::max<std::size_t>(1, pairs.size() + others.size()));
}

Result<std::vector<PlayFilled>> fill_songs(Sqlite& database, std::int64_t mount,
                                           const std::vector<LoggedPlay>& plays,
                                           std::int64_t now_ms, bool dry) {
  database.limit_steps(AudienceReport::kSteps);
  std::size_t left = kMaxCompared;
  const auto fill = [&] {
    std::vector<PlayFilled> filled;
    filled.reserve(plays.size());
    Statement near =
        database.prepare("SELECT began, title FROM play WHERE mount=? AND began>=? AND began<=?");
    Statement put = database.prepare(
        "INSERT INTO song_described(mount, title, at, isrc, album, label, label_code, composer) "
        "VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(mount, title) DO UPDATE SET at=MAX(at, excluded.at), "
        "isrc=IIF(isrc='', excluded.isrc, isrc), album=IIF(album='', excluded.album, album), "
        "label=IIF(label='', excluded.label, label), "
        "label_code=IIF(label_code='', excluded.label_code, label_code), "
        "composer=IIF(composer='', excluded.composer, composer) "
        "WHERE (isrc='' AND excluded.isrc<>'') OR (album='' AND excluded.album<>'') OR "
        "(label='' AND excluded.label<>'') OR (label_code='' AND excluded.label_code<>'') OR "
        "(composer='' AND excluded.composer<>'')");
    for (const LoggedPlay& play : plays) {
      const std::string title = title_like(near, mount, play, left);
      if (database.failed() || left == 0) break;
      const SongFacts facts = journal_facts(play.facts);
      if (title.empty() || facts == SongFacts()) {
        filled.push_back(title.empty() ? PlayFilled::kUnmatched : PlayFilled::kKnown);
        continue;
      }
      put.run(mount, title, now_ms, facts.isrc, facts.album, facts.label, facts.label_code,
              facts.composer);
      filled.push_back(database.changes() > 0 ? PlayFilled::kFilled : PlayFilled::kKnown);
    }
    return filled;
  };
  auto filled = in_transaction(database, fill, [&] { return !dry && left > 0; });
  database.limit_steps(0);
  if (left > 0) return filled;
  return Error::limit("the titles near the times of the rows are too many to compare");
}

}  // namespace lb
