// Reports: queries of the database about the audience.
//
// Sums are exact to the quarter of an hour; by country and player, and begun sessions, to the hour.
// Open listenings are included up to the present, with bytes by the rate of their stream.
// Thread: that of the database.
// Bounds: a report is aborted after kSteps of SQLite's machine, some seconds.
// Errors: as sentence_of(); kTimeout: aborted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "audience/database.h"
#include "audience/row.h"
#include "audience/sums.h"

namespace lb {

// Unix milliseconds, used as whole quarters of an hour.
struct AudienceRange {
  std::int64_t from = 0, to = 0;
};

// The whole hours that have a part of the range: sums by country and player are kept by the hour.
constexpr AudienceRange whole_hours(AudienceRange range) noexcept {
  return {range.from / kHourMs * kHourMs, (range.to + kHourMs - 1) / kHourMs * kHourMs};
}

struct AudienceSum {
  std::int64_t ms = 0, bytes = 0, sessions = 0;
  // Sessions below kLongSessionMs; not by country and player.
  std::int64_t shorts = 0;
  std::int64_t long_sessions() const noexcept { return sessions - shorts; }
  bool is_none() const noexcept { return ms == 0 && bytes == 0 && sessions == 0; }
  AudienceSum& operator+=(const AudienceSum& other) noexcept { return add(other, 1); }
  AudienceSum& add(const AudienceSum& other, int times) noexcept {
    ms += times * other.ms;
    bytes += times * other.bytes;
    sessions += times * other.sessions;
    shorts += times * other.shorts;
    return *this;
  }
};

struct AudiencePeriod {
  std::int64_t period = 0, quarters = 0;  // its number, and its length
  AudienceSum sum;
};

struct AudienceSummary {
  AudienceSum sum;
  std::int64_t people = 0;      // the sum over the days (UTC)
  std::int64_t busiest_ms = 0;  // heard in the busiest quarter
  std::int64_t busiest_at = 0;  // … which is this one; 0: none
  std::int64_t now = 0;         // open sessions
};

struct SessionRow {
  std::int64_t id = 0, began = 0, ended = 0, heard = 0, bytes = 0, connections = 0;
  std::int64_t way = 0, kind = 0;  // kQuickLook too
  bool open = false;
  std::string mount, country, player;
};

struct PlayRow {
  std::int64_t id = 0, began = 0;
  std::optional<std::int64_t> ended, performances;  // nullopt: not known yet
  std::optional<std::int64_t> listeners, gain;      // at its start; at its end less those
  std::string mount, title;
  SongFacts facts;
};

// A title in a country; "": unknown.
struct SongRow {
  std::string title, country;
  std::int64_t performances = 0;
};

class AudienceReport {
 public:
  static constexpr std::uint64_t kSteps = 400'000'000;
  static constexpr std::size_t kFewMounts = 16;  // each is queried by an index

  AudienceReport(Sqlite& database, std::int64_t now_ms) : database_(database), now_(now_ms) {}

  using Mounts = std::map<std::int64_t, std::string>;  // by number
  Result<Mounts> mounts();
  // Whether the mount had a listener or a title before this moment.
  bool was_heard_before(std::int64_t mount, std::int64_t ms);
  // The kept accounts of mounts, by number.
  Mounts kept_accounts();
  // Since when they have them, Unix milliseconds; 0: always.
  using Since = std::map<std::int64_t, std::int64_t>;
  Since kept_since();
  // Writes where they differ from those kept, which were read before.
  Result<void> keep_accounts(const Mounts& kept, const Mounts& accounts);
  Result<void> keep_since(const Since& kept, const Since& since);
  // The accounts that had a mount before: by its number, and until when, Unix milliseconds.
  using Before = std::map<std::pair<std::int64_t, std::int64_t>, std::string>;
  Before kept_before();
  Result<void> keep_before(const Before& kept, const Before& before);
  // The mounts whose sums are read, with their signs: sums of all mounts together exist too, so
  // those of most mounts are that less the others.
  using Signs = std::vector<std::pair<std::int64_t, int>>;
  Result<AudienceSummary> summary(const Mounts& of, AudienceRange range);
  // By a period of time that a quarter lies in, in order; those without listeners too.
  using PeriodOf = std::function<std::int64_t(std::int64_t quarter)>;
  Result<std::vector<AudiencePeriod>> hours(const Mounts& of, AudienceRange range,
                                            const PeriodOf& period_of);
  // The same of each mount, without those that have none; until false.
  using TakePeriod =
      std::function<bool(std::int64_t mount, std::int64_t period, const AudienceSum& sum)>;
  Result<void> periods(const Mounts& of, AudienceRange range, const PeriodOf& period_of,
                       const TakePeriod& take);
  // Milliseconds heard in each quarter of the range: of all these mounts, or of each in turn.
  Result<std::vector<std::int64_t>> quarters(const Mounts& of, AudienceRange range);
  using TakeQuarters = std::function<void(std::int64_t mount, const std::vector<std::int64_t>& ms)>;
  Result<void> mount_quarters(const Mounts& of, AudienceRange range, const TakeQuarters& take);
  // Milliseconds heard in each hour of the range, by country ("": unknown).
  Result<std::map<std::string, std::vector<std::int64_t>>> country_hours(const Mounts& of,
                                                                         AudienceRange range);
  enum class By : std::uint8_t { kCountry, kPlayer };
  // Of whole_hours() of the range.
  Result<std::map<std::string, AudienceSum>> split(const Mounts& of, AudienceRange range, By by);
  // A place in rows that are ordered by their start: behind the row that is or was there.  {}:
  // before all.
  struct Place {
    std::int64_t began = 0, id = 0;
  };
  // Sessions that began in the range, oldest first, after `after`; at most `most`.  Open ones have
  // what was heard up to the present.
  // counted: those of the sums, without quick looks, bots and relays.
  Result<std::vector<SessionRow>> sessions(const Mounts& of, AudienceRange range, Place after,
                                           std::size_t most, bool counted);
  Result<std::vector<PlayRow>> titles(const Mounts& of, AudienceRange range, Place after,
                                      std::size_t most);
  // Titles with a known gain, greatest first, or greatest loss first; each title of a mount once.
  enum class Order : std::uint8_t { kGain, kLoss };
  Result<std::vector<PlayRow>> titles_by(const Mounts& of, AudienceRange range, Order order,
                                         std::size_t most);
  // Titles that began in the range and whose performances are known.
  static constexpr std::size_t kMaxSongs = 200'000;  // of all mounts, where most are asked for
  // country: only of this one.
  Result<std::vector<SongRow>> songs(const Mounts& of, AudienceRange range,
                                     const std::optional<std::string>& country = std::nullopt);
  // By title; of several mounts the latest facts.
  Result<std::unordered_map<std::string, SongFacts>> song_facts(const Mounts& of);

 private:
  struct OpenRow {
    std::int64_t mount = 0, who = 0, began = 0, session_began = 0, heard = 0;
    std::int64_t until = 0;  // now, or its server's last sign
    std::int64_t shift = 0;  // by how much the clock was set since it began
    std::int64_t rate = 0;   // bytes a second
    std::string country, player;
    bool counted = false;
    // The session goes on at another server, in one that is joined to it when the rows of its own
    // server come: that one's number and start; 0: no such.
    std::int64_t session = 0, next_session = 0, next_began = 0;
    std::int64_t next_heard = 0;
    bool began_in(AudienceRange range) const noexcept {
      return session_began >= range.from && session_began < range.to;
    }
    // Whether the sums lack the session, and it began in the range.
    bool is_new_in(AudienceRange range) const noexcept { return !counted && began_in(range); }
    bool next_in(AudienceRange range) const noexcept {
      return next_session != 0 && next_began >= range.from && next_began < range.to;
    }
    // Its bytes between two times; parts add up to the whole.
    std::int64_t bytes_between(std::int64_t from, std::int64_t to) const noexcept {
      const auto sent = [this](std::int64_t at) {
        return MountRates::bytes_in(std::clamp(at, began, until) - began, rate);
      };
      return std::max<std::int64_t>(sent(to) - sent(from), 0);
    }
    // Its time in the range, by whole units: each(number of the unit, milliseconds in it, bytes).
    template <class Each>
    void each_part(AudienceRange range, std::int64_t unit, Each each) const {
      const std::int64_t end = std::min(until, range.to);
      for (std::int64_t at = std::max(began, range.from); at < end;) {
        const std::int64_t number = at / unit, next = std::min(end, (number + 1) * unit);
        each(number, next - at, bytes_between(at, next));
        at = next;
      }
    }
    std::int64_t all_heard() const noexcept { return heard + until - began; }
    // Its contribution to the short sessions of the sums.
    std::int64_t shorts() const noexcept {
      return (all_heard() + next_heard < kLongSessionMs) - (counted && heard < kLongSessionMs);
    }
  };
  // Finds the sessions in which those of servers that are gone go on.
  void find_next(std::vector<OpenRow>& rows);
  // Open sessions of people that have listened for long enough.
  std::vector<OpenRow> open_now(const Mounts& of);
  // Adds their time in the range to the sum of each mount and quarter.
  void add_open(const Mounts& of, AudienceRange range,
                const std::function<AudienceSum&(std::int64_t mount, std::int64_t quarter)>& sum);
  static void add_quarters(const OpenRow& row, AudienceRange range,
                           std::vector<std::int64_t>& heard);
  // The people of these sessions, without those in the sums of their days.
  std::int64_t not_summed_yet(const std::vector<OpenRow>& rows, AudienceRange range);
  Signs summed(const Mounts& of);
  static constexpr std::string_view kPlayColumns =
      "x.id, x.mount, x.began, x.title, x.ended, x.performances, l.began, l.ended, s.isrc, "
      "s.album, "
      "s.label, s.label_code, s.composer FROM play x LEFT JOIN play_listeners l ON l.play=x.id "
      "LEFT JOIN song_described s ON s.mount=x.mount AND s.title=x.title";
  static SongFacts facts_from(const Statement& asked, int first);
  static PlayRow play_row(const Statement& asked, const std::string& mount);
  // Rows of single titles of these mounts that began in the range; stops at false.
  void each_play(std::string_view columns, std::string_view from, const Mounts& of,
                 AudienceRange range, const std::function<bool(const Statement&)>& take);
  template <class Row, class Read>
  std::vector<Row> read_in_order(std::string_view columns, const Mounts& of, AudienceRange range,
                                 Place after, std::size_t most, Read read);
  void begin();
  std::optional<Error> failure();
  Result<void> given() {
    if (auto error = failure()) return *std::move(error);
    return {};
  }
  template <class T>
  Result<T> given(T value) {
    if (auto error = failure()) return *std::move(error);
    return value;
  }

  Sqlite& database_;
  const std::int64_t now_;
};

}  // namespace lb
