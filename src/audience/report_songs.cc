// Reports of titles as songs: the sums of whole weeks, and single titles before and after them.
#include <algorithm>
#include <functional>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "audience/report.h"
#include "audience/song_sums.h"
#include "base/cat.h"

namespace lb {
namespace {

// The parts of a range outside of its whole weeks.
std::vector<AudienceRange> parts_beside(const SongWeeks& weeks, AudienceRange range) {
  if (weeks.none()) return {range};
  std::vector<AudienceRange> parts;
  for (const AudienceRange part : {AudienceRange{range.from, weeks.first * kWeekMs},
                                   AudienceRange{weeks.last * kWeekMs, range.to}})
    if (part.from < part.to) parts.push_back(part);
  return parts;
}

// Calls `take` for rows of a weekly table, for each mount with its sign, until it returns false.
// Each mount has its own query, because its rows of a week are adjacent.  country: only its rows.
void each_sum(Sqlite& database, std::string_view columns, std::string_view table,
              const SongWeeks& weeks, const AudienceReport::Signs& of,
              const std::optional<std::string>& country,
              const std::function<bool(const Statement&, int sign)>& take) {
  if (weeks.none()) return;
  constexpr std::string_view kWhere = " x WHERE x.week=? AND x.mount=?";
  Statement asked = database.prepare(
      cat({"SELECT ", columns, " FROM ", table, kWhere, country ? " AND country=?" : ""}));
  // A song has rows of many countries, so all mounts' row of one is found by its key.
  Statement found;
  if (country)
    found = database.prepare(cat({"SELECT ", columns, " FROM song s CROSS JOIN ", table, kWhere,
                                  " AND song=s.id AND country=?"}));
  for (std::int64_t week = weeks.first; week < weeks.last; ++week)
    for (const auto& [mount, sign] : of) {
      Statement& rows = country && mount == kAllMounts ? found : asked;
      rows.bind(week, mount);
      if (country) rows.bind(*country);
      while (rows.step())
        if (!take(rows, sign)) return rows.reset();
    }
}

// Numbers texts, so that a row needs no string of its own.
class SongTexts {
 public:
  std::uint32_t number(std::string_view text) {
    const auto [at, fresh] = numbers_.try_emplace(std::string(text), texts_.size());
    if (fresh) texts_.push_back(&at->first);
    return at->second;
  }
  const std::string& text(std::uint32_t number) const { return *texts_[number]; }
  std::size_t size() const noexcept { return texts_.size(); }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<const std::string*> texts_;
};

std::uint64_t both(std::uint64_t first, std::uint64_t second) { return first << 32 | second; }

// Titles of songs by their numbers in the database, which have no gaps; each is read once.
class SongTitles {
 public:
  SongTitles(Sqlite& database, SongTexts& texts)
      : texts_(texts), asked_(database.prepare("SELECT title FROM song WHERE id=?")) {}
  std::uint32_t number(std::int64_t song) {
    const auto at = static_cast<std::size_t>(song);
    if (at >= known_.size()) known_.resize(at + 1, kUnknown);
    if (known_[at] == kUnknown) {
      known_[at] = texts_.number(asked_.bind(song).step() ? asked_.text(0) : std::string_view());
      asked_.reset();
    }
    return known_[at];
  }

 private:
  static constexpr std::uint32_t kUnknown = ~0U;
  SongTexts& texts_;
  Statement asked_;
  std::vector<std::uint32_t> known_;
};

// Counts by title and country.  A title has few countries and its rows are adjacent, so searching a
// short list is cheaper than one large table.
class SongCounts {
 public:
  void add(std::uint32_t title, std::string_view country, std::int64_t count) {
    if (title >= titles_.size()) titles_.resize(title + 1);
    auto& of = titles_[title];
    auto at = std::find_if(of.begin(), of.end(),
                           [country](const auto& one) { return one.first == country; });
    if (at == of.end()) {
      at = of.emplace(of.end(), country, 0);
      ++size_;
    }
    at->second += count;
  }
  std::size_t size() const noexcept { return size_; }
  std::vector<SongRow> rows(const SongTexts& texts) const {
    std::vector<SongRow> rows;
    for (std::uint32_t title = 0; title < titles_.size(); ++title)
      for (const auto& [country, count] : titles_[title])
        if (count != 0) rows.push_back({texts.text(title), country, count});
    return rows;
  }

 private:
  std::vector<std::vector<std::pair<std::string, std::int64_t>>> titles_;
  std::size_t size_ = 0;
};

}  // namespace

void AudienceReport::each_play(std::string_view columns, std::string_view from, const Mounts& of,
                               AudienceRange range,
                               const std::function<bool(const Statement&)>& take) {
  const bool few = of.size() <= kFewMounts;
  Statement asked = database_.prepare(
      cat({"SELECT ", columns, " FROM play x ", from, " WHERE ", few ? "x.mount=? AND " : "",
           "x.began>=? AND x.began<? AND x.performances IS NOT NULL"}));
  const auto take_all = [&] {
    asked.bind(range.from, range.to);
    while (asked.step())
      if ((few || of.contains(asked.number(0))) && !take(asked)) return false;
    return true;
  };
  if (!few) {
    take_all();
    return;
  }
  for (const auto& [mount, name] : of) {
    asked.bind(mount);
    if (!take_all()) return;
  }
}

Result<std::vector<PlayRow>> AudienceReport::titles_by(const Mounts& of, AudienceRange range,
                                                       Order order, std::size_t most) {
  begin();
  const bool by_gain = order == Order::kGain;
  struct Best {
    std::int64_t value = 0, play = 0;  // greater is better
    bool comes_before(const Best& other) const noexcept {
      return value != other.value ? value > other.value : play < other.play;
    }
  };
  SongTexts texts;
  SongTitles titles(database_, texts);
  std::unordered_map<std::uint64_t, Best> best;  // by mount and title
  const auto put = [&](std::int64_t mount, std::uint32_t title, std::int64_t gain,
                       std::int64_t play) {
    const Best one{by_gain ? gain : -gain, play};
    const auto [at, fresh] = best.try_emplace(both(static_cast<std::uint64_t>(mount), title), one);
    if (!fresh && one.comes_before(at->second)) at->second = one;
    return true;
  };
  const SongWeeks weeks = whole_song_weeks(database_, range.from, range.to);
  Signs signs;  // not the sums of all mounts: each mount has rows of its own
  for (const auto& [mount, name] : of) signs.emplace_back(mount, 1);
  each_sum(database_, by_gain ? "mount, song, most, most_play" : "mount, song, least, least_play",
           "song_gain", weeks, signs, std::nullopt, [&](const Statement& asked, int) {
             return put(asked.number(0), titles.number(asked.number(1)), asked.number(2),
                        asked.number(3));
           });
  for (const AudienceRange part : parts_beside(weeks, range))
    each_play("x.mount, x.title, l.ended-l.began, x.id",
              "CROSS JOIN play_listeners l ON l.play=x.id", of, part, [&](const Statement& asked) {
                return put(asked.number(0), texts.number(asked.text(1)), asked.number(2),
                           asked.number(3));
              });
  std::vector<Best> found;
  found.reserve(best.size());
  for (const auto& [key, one] : best) found.push_back(one);
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min(most, found.size()));
  std::partial_sort(found.begin(), end, found.end(),
                    [](const Best& a, const Best& b) { return a.comes_before(b); });
  std::vector<PlayRow> rows;
  Statement asked = database_.prepare(cat({"SELECT ", kPlayColumns, " WHERE x.id=?"}));
  for (auto at = found.begin(); at != end; ++at) {
    if (asked.bind(at->play).step())
      if (const auto mount = of.find(asked.number(1)); mount != of.end())
        rows.push_back(play_row(asked, mount->second));
    asked.reset();
  }
  // A title reported late has a higher number, so the time comes first.
  std::sort(rows.begin(), rows.end(), [by_gain](const PlayRow& a, const PlayRow& b) {
    if (a.gain != b.gain) return by_gain ? a.gain > b.gain : a.gain < b.gain;
    return std::pair(a.began, a.id) < std::pair(b.began, b.id);
  });
  return given(std::move(rows));
}

Result<std::vector<SongRow>> AudienceReport::songs(const Mounts& of, AudienceRange range,
                                                   const std::optional<std::string>& country) {
  begin();
  SongTexts texts;
  SongTitles titles(database_, texts);
  SongCounts counts;
  const SongWeeks weeks = whole_song_weeks(database_, range.from, range.to);
  each_sum(database_, "mount, song, country, n", "song_heard", weeks, summed(of), country,
           [&](const Statement& asked, int sign) {
             counts.add(titles.number(asked.number(1)), asked.text(2), sign * asked.number(3));
             return counts.size() <= kMaxSongs;
           });
  for (const AudienceRange part : parts_beside(weeks, range))
    each_play("x.mount, x.title, COALESCE(c.country, ''), COALESCE(c.n, x.performances)",
              "LEFT JOIN play_country c ON c.play=x.id", of, part, [&](const Statement& asked) {
                if (asked.number(3) != 0 && (!country || asked.text(2) == *country))
                  counts.add(texts.number(asked.text(1)), asked.text(2), asked.number(3));
                return counts.size() <= kMaxSongs;
              });
  if (counts.size() > kMaxSongs) {
    static_cast<void>(failure());
    return Error::limit(cat({"there are more than ", kMaxSongs,
                             " titles by country; ask for less time, or for one mount"}));
  }
  std::vector<SongRow> rows = counts.rows(texts);
  std::sort(rows.begin(), rows.end(), [](const SongRow& a, const SongRow& b) {
    return std::tie(a.title, a.country) < std::tie(b.title, b.country);
  });
  return given(std::move(rows));
}

Result<std::unordered_map<std::string, SongFacts>> AudienceReport::song_facts(const Mounts& of) {
  begin();
  struct Known {
    std::int64_t at = 0;
    SongFacts facts;
  };
  std::unordered_map<std::string, Known> newest;
  Statement asked = database_.prepare(
      "SELECT title, at, isrc, album, label, label_code, composer FROM song_described WHERE "
      "mount=?");
  for (const auto& [mount, name] : of) {
    asked.bind(mount);
    while (asked.step() && newest.size() < kMaxSongs) {
      Known& known = newest[std::string(asked.text(0))];
      if (asked.number(1) >= known.at) known = {asked.number(1), facts_from(asked, 2)};
    }
    asked.reset();
  }
  std::unordered_map<std::string, SongFacts> facts;
  for (auto& [title, each] : newest) facts.emplace(title, std::move(each.facts));
  return given(std::move(facts));
}

}  // namespace lb
