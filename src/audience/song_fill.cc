#include "audience/song_fill.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>

#include "audience/report.h"
#include "base/strings.h"
#include "media/metadata.h"

namespace lb {
namespace {

// A text that begins with the other one often only adds "(Radio Edit)" or "feat. …".
constexpr double kPartOfIt = 0.9;
// Bytes compared; the limit takes seconds, and a log of 100,000 rows needs less than half of it.
constexpr std::size_t kMaxCompared = 50'000'000;
constexpr std::size_t kMaxKnown = 1000;  // titles of up to 4 kB each

// The words of a text with single blanks between; ASCII characters other than letters and digits
// separate words.
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

// A text prepared for comparison: its words, and all pairs of adjacent characters.
class Compared {
 public:
  explicit Compared(std::string_view text) : words_(words_of(text)) {
    for (std::size_t i = 0; i + 1 < words_.size(); ++i)
      pairs_.push_back(static_cast<std::uint16_t>(static_cast<unsigned char>(words_[i]) << 8 |
                                                  static_cast<unsigned char>(words_[i + 1])));
    std::sort(pairs_.begin(), pairs_.end());
  }

  double likeness(const Compared& other) const {
    if (words_.empty() || other.words_.empty()) return 0;
    if (words_ == other.words_) return 1;
    if (is_begun_by(other) || other.is_begun_by(*this)) return kPartOfIt;
    std::size_t common = 0;
    for (auto a = pairs_.begin(), b = other.pairs_.begin();
         a != pairs_.end() && b != other.pairs_.end();) {
      const auto one = *a, another = *b;
      common += one == another ? 1 : 0;
      a += one <= another ? 1 : 0;
      b += another <= one ? 1 : 0;
    }
    // max() avoids a division by zero for texts of a single character.
    return 2 * static_cast<double>(common) /
           static_cast<double>(std::max<std::size_t>(1, pairs_.size() + other.pairs_.size()));
  }

 private:
  bool is_begun_by(const Compared& other) const {
    const std::string& begin = other.words_;
    return words_.size() > begin.size() && words_[begin.size()] == ' ' && words_.starts_with(begin);
  }

  std::string words_;
  std::vector<std::uint16_t> pairs_;
};

struct ComparedTitle {
  explicit ComparedTitle(std::string_view text)
      : whole(text),
        artist(song_parts(text).artist),
        title(song_parts(text).title),
        has_artist(!song_parts(text).artist.empty()) {}

  Compared whole, artist, title;
  bool has_artist;
};

// The titles near the time of a row, kept because adjacent rows have nearly the same.
class TitlesNear {
 public:
  TitlesNear(Sqlite& database, std::int64_t mount)
      : asked_(database.prepare(
            "SELECT began, title FROM play WHERE mount=? AND began>=? AND began<=?")),
        mount_(mount) {}

  // True once too much was compared; the answer is then useless.
  bool gave_up() const noexcept { return left_ == 0; }

  // The title most similar to the row; "": none is similar.
  std::string like(const LoggedPlay& play) {
    const Compared artist(play.artist), title(play.title);
    const Compared both(song_text(play.artist, play.title));
    std::string best;
    double best_likeness = kAlike;
    std::int64_t distance = kNear + 1;
    for (const std::int64_t at_ms : {play.at_ms, play.again_ms}) {
      if (at_ms == 0) continue;
      asked_.bind(mount_, at_ms - kNear, at_ms + kNear);
      while (left_ > 0 && asked_.step()) {
        const std::string_view text = asked_.text(1);
        left_ -= std::min(left_, text.size() + play.artist.size() + play.title.size());
        const ComparedTitle& known = compared(text);
        // With artist and title apart, the less similar of the two counts.
        const double now =
            play.artist.empty() || !known.has_artist
                ? std::max(known.whole.likeness(title), known.whole.likeness(both))
                : std::min(known.artist.likeness(artist), known.title.likeness(title));
        const std::int64_t away = std::abs(asked_.number(0) - at_ms);
        if (now < best_likeness || (now == best_likeness && away >= distance)) continue;
        best_likeness = now;
        distance = away;
        best = text;
      }
      asked_.reset();
    }
    return best;
  }

 private:
  const ComparedTitle& compared(std::string_view text) {
    const auto known = known_.find(text);
    if (known != known_.end()) return known->second;
    if (known_.size() == kMaxKnown) known_.clear();
    return known_.emplace(text, ComparedTitle(text)).first->second;
  }

  Statement asked_;
  const std::int64_t mount_;
  std::size_t left_ = kMaxCompared;
  std::map<std::string, ComparedTitle, std::less<>> known_;
};

}  // namespace

double likeness(std::string_view a, std::string_view b) {
  return Compared(a).likeness(Compared(b));
}

Result<std::vector<PlayFilled>> fill_songs(Sqlite& database, std::int64_t mount,
                                           const std::vector<LoggedPlay>& plays,
                                           std::int64_t now_ms, bool dry) {
  database.clear();
  database.limit_steps(AudienceReport::kSteps);
  TitlesNear near(database, mount);
  const auto fill = [&] {
    std::vector<PlayFilled> filled;
    filled.reserve(plays.size());
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
      const std::string title = near.like(play);
      if (database.failed() || near.gave_up()) break;
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
  auto filled = in_transaction(database, fill, [&] { return !dry && !near.gave_up(); });
  database.limit_steps(0);
  if (!near.gave_up()) return filled;
  return Error::limit(
      "the titles near the times of the rows are too many to compare; send fewer rows at once");
}

}  // namespace lb
